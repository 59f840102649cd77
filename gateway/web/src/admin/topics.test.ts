import { describe, expect, it } from 'vitest'

import { blank, cityClock, fromSurge, fromTopic, stateOf, written, type Topic } from './topics'

const NOW = Date.parse('2026-11-27T17:30:00Z')
const TOPIC: Topic = {
  id: 't1', title: '停水', triggers: ['停水', '没有 水'], answer: '正在抢修。', spoken: '', areas: ['海淀区'], starts_at: '2026-11-27T17:30:00+00:00',
  ends_at: '2026-11-28T02:00:00+08:00', in_greeting: false, greeting: '', url: '', status: 'published', active: true, hits: 3, version: 2,
} // prettier-ignore

describe('moments', () => {
  it('are on the clock of the city wherever the browser stands', () => {
    expect(cityClock(NOW)).toBe('2026-11-28T01:30')
    expect(cityClock('2026-11-28T02:00:00+08:00')).toBe('2026-11-28T02:00')
    expect(cityClock('')).toBe('')
  })
})

describe('a topic in the form', () => {
  it('comes back as it was', () => {
    const sent = written(fromTopic(TOPIC))
    expect(sent).toMatchObject({ title: '停水', triggers: TOPIC.triggers, areas: TOPIC.areas })
    expect(Date.parse(String(sent['starts_at']))).toBe(Date.parse(TOPIC.starts_at))
    expect(Date.parse(String(sent['ends_at']))).toBe(Date.parse(TOPIC.ends_at))
    expect(Object.keys(sent)).not.toContain('version')
  })

  it('begins now and lasts a day', () => {
    expect(blank(NOW)).toMatchObject({ starts_at: '2026-11-28T01:30', ends_at: '2026-11-29T01:30' })
  })

  it('takes over the words of what rose, each once', () => {
    const surge = { question: '怎么停水了', examples: ['怎么停水了', '家里没水'], last_hour: 9, usual_an_hour: 1, ratio: 9, entry_id: null, topic_id: null }
    expect(fromSurge(surge, NOW)).toMatchObject({ title: '怎么停水了', triggers: '怎么停水了\n家里没水', answer: '' })
  })
})

describe('the state of a topic', () => {
  it('tells what is published but not matched now', () => {
    expect(stateOf(TOPIC)).toBe('生效中')
    expect(stateOf({ ...TOPIC, active: false })).toBe('已发布，不在有效时段')
    expect(stateOf({ ...TOPIC, status: 'ended', active: false })).toBe('已结束')
  })
})

import { describe, expect, it } from 'vitest'

import { answersTold, duration, eventMoments, isFiledAgain, missing, prefill } from './order-fields'

describe('prefill', () => {
  it('takes plain values and values with a confidence', () => {
    const { form, confidence } = prefill({
      channel: 'web',
      status: 'waiting',
      outcome: null,
      asking: null,
      orders: [],
      order: { title: '路灯不亮', district: { value: '海淀区', confidence: 0.62 }, confidential: { value: true, confidence: null }, contact_name: { value: '', confidence: 0 } },
    })
    expect(form.title).toBe('路灯不亮')
    expect(form.district).toBe('海淀区')
    expect(form.confidential).toBe(true)
    expect(form.street).toBe('')
    expect(confidence).toEqual({ district: 0.62 })
  })

  it('is an empty form when nothing is known', () => {
    expect(missing(prefill(undefined).form)).toEqual(['诉求类型', '标题', '反映内容'])
  })
})

it('knows what was filed already, until something new is told or written', () => {
  const known = { title: '路灯不亮', confidential: false }
  const filed = { told: JSON.stringify(known) }
  expect(isFiledAgain(filed, known, {})).toBe(true)
  expect(isFiledAgain(filed, known, { title: '井盖丢了' })).toBe(false)
  expect(isFiledAgain(filed, { ...known, title: '井盖丢了' }, {})).toBe(false)
})

it('finds what the wording of a time means by the calendar', () => {
  const order = { event_time: { value: '昨天晚上', confidence: 0.8 }, event_moments: { value: '1月4日18时至23时', confidence: 0.8 } }
  const snapshot = { channel: 'web', status: 'waiting', outcome: null, asking: null, orders: [], order } as const
  expect(eventMoments({ ...snapshot, orders: [] })).toBe('1月4日18时至23时')
  expect(eventMoments({ ...snapshot, orders: [], order: {} })).toBe('')
  expect(eventMoments(undefined)).toBe('')
})

it('tells what the questions of a category brought, the value first where one was read', () => {
  const answers = [
    { question: '请问一共欠多少钱？', words: '一万来块', text: '约10000元' },
    { question: '请问有没有签合同？', words: '没有', text: '没有' },
    { question: '请问是从哪里传出来的？', words: '楼上', text: '' },
  ]
  const snapshot = { channel: 'web', status: 'waiting', outcome: null, asking: null, orders: [], order: {}, matters: [{ answers }, {}] } as const
  const told = answersTold({ ...snapshot, orders: [], matters: [{ answers }, {}] })
  expect(told.map((one) => one.told)).toEqual(['约10000元（一万来块）', '没有', '楼上'])
  expect(answersTold(undefined)).toEqual([])
})

it('says a deadline as people do', () => {
  expect([2, 24, 48, 168, 100].map(duration)).toEqual(['2 小时', '24 小时', '2 天', '7 天', '100 小时'])
})

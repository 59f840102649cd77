import { beforeEach, describe, expect, it, vi } from 'vitest'

import { Outbox } from '../shared/outbox'
import { CitizenConversation } from './conversation'

/** A server end in memory: keeps what was sent and lets the test answer. */
class Line {
  readyState = 0
  sent: Record<string, unknown>[] = []
  onopen: (() => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }

  close(): void {
    this.readyState = 3
    this.onclose?.({ code: 1000 })
  }

  open(): void {
    this.readyState = 1
    this.onopen?.()
  }

  drop(): void {
    this.readyState = 3
    this.onclose?.({ code: 1006 })
  }

  answer(message: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}

function begin(store: Storage = sessionStorage) {
  const lines: Line[] = []
  const conversation = new CitizenConversation(store, 'ws://test/ws/chat', {
    create: () => {
      const line = new Line()
      lines.push(line)
      return line as unknown as WebSocket
    },
    firstDelayMilliseconds: 1,
  })
  conversation.connect()
  return { conversation, lines }
}

const welcome = (extra: Record<string, unknown> = {}) => ({
  type: 'welcome',
  conversation_id: 'C1',
  transcript: [],
  status: 'open',
  asking: null,
  outcome: null,
  ...extra,
})

const reply = (to: unknown, seq: number, text: string) => ({
  type: 'reply',
  in_reply_to: to,
  seq,
  conversation_id: 'C1',
  replies: [{ text, citations: [] }],
  asking: null,
  outcome: null,
  orders: [],
})

describe('CitizenConversation', () => {
  beforeEach(() => sessionStorage.clear())

  it('sends what was typed before the line was up', () => {
    const { conversation, lines } = begin()
    conversation.say('居住证怎么办')
    lines[0]!.open()
    expect(lines[0]!.sent).toEqual([{ type: 'hello', conversation_id: null, after_seq: 0 }])
    lines[0]!.answer(welcome())
    expect(lines[0]!.sent[1]).toMatchObject({ type: 'message', text: '居住证怎么办' })
  })

  it('sends an unanswered message again after a reconnect, with the same identifier, and shows the reply once', () => {
    const { conversation, lines } = begin()
    lines[0]!.open()
    lines[0]!.answer(welcome())
    conversation.say('路灯不亮')
    const id = lines[0]!.sent[1]!.client_message_id
    lines[0]!.drop()
    conversation.retryNow()
    // The first connection's timer may not have fired: retryNow opens the second line at once.
    const second = lines[1]!
    second.open()
    expect(second.sent[0]).toEqual({ type: 'hello', conversation_id: 'C1', after_seq: 0 })
    second.answer(
      welcome({
        transcript: [
          { seq: 1, role: 'citizen', kind: 'text', text: '路灯不亮', at: '', citations: [], client_message_id: id },
          { seq: 2, role: 'bot', kind: 'text', text: '请问在哪里？', at: '', citations: [] },
        ],
      }),
    )
    expect(second.sent[1]).toMatchObject({ type: 'message', client_message_id: id })
    second.answer(reply(id, 2, '请问在哪里？'))
    expect(conversation.view.lines.map((line) => line.text)).toEqual(['路灯不亮', '请问在哪里？'])
    expect(conversation.view.lines[0]!.delivered).toBe(true)
    expect(conversation.view.thinking).toBe(false)
  })

  it('sends a long text as several messages, one after the other, with nothing lost', () => {
    const { conversation, lines } = begin()
    const line = lines[0]!
    line.open()
    line.answer(welcome({ message_limit: 100 }))
    const story = '楼下夜里施工到12:30，吵得睡不着。'.repeat(15)
    conversation.say(story, 'spoken-1')
    let seq = 0
    for (let sent = 1; sent < line.sent.length; sent += 1) line.answer(reply(line.sent[sent]!.client_message_id, (seq += 2), '好的'))
    const sent = line.sent.slice(1)
    expect(sent.length).toBe(3)
    expect(sent.map((message) => message.text).join('')).toBe(story)
    expect(sent.map((message) => message.corrects)).toEqual(['spoken-1', undefined, undefined])
    expect(conversation.view.lines.filter((one) => one.role === 'citizen').every((one) => one.delivered)).toBe(true)
  })

  it('divides what was written before the service had told a smaller limit', () => {
    const { conversation, lines } = begin()
    const story = '小区的路灯坏了三天。'.repeat(25)
    conversation.say(story)
    conversation.say('请快一点')
    expect(conversation.view.lines.length).toBe(2)
    lines[0]!.open()
    lines[0]!.answer(welcome({ message_limit: 100 }))
    expect(conversation.view.lines.map((line) => line.text).join('')).toBe(`${story}请快一点`)
    for (let sent = 1; sent < lines[0]!.sent.length; sent += 1) {
      lines[0]!.answer(reply(lines[0]!.sent[sent]!.client_message_id, sent * 2, '好的'))
    }
    const texts = lines[0]!.sent.slice(1).map((message) => String(message.text))
    expect(texts.length).toBe(4)
    expect(texts.join('')).toBe(`${story}请快一点`)
    expect(conversation.view.lines.every((line) => line.delivered)).toBe(true)
  })

  it('tells of parts that the end of the service left unsent', () => {
    const { conversation, lines } = begin()
    lines[0]!.open()
    lines[0]!.answer(welcome({ message_limit: 100 }))
    conversation.say('楼下夜里施工，吵得睡不着。'.repeat(15))
    lines[0]!.answer({ ...reply(lines[0]!.sent[1]!.client_message_id, 2, '再见'), outcome: 'ended' })
    expect(conversation.view.failure).toContain('还有2条没有发出')
    expect(conversation.view.lines.filter((line) => !line.delivered).length).toBe(2)
  })

  it('keeps unanswered messages over a reload of the page', () => {
    const first = begin()
    first.lines[0]!.open()
    first.lines[0]!.answer(welcome())
    first.conversation.say('我要投诉')
    const id = first.lines[0]!.sent[1]!.client_message_id
    first.conversation.close()

    const second = begin()
    expect(second.conversation.view.lines.map((line) => line.text)).toEqual(['我要投诉'])
    second.lines[0]!.open()
    second.lines[0]!.answer(welcome())
    expect(second.lines[0]!.sent[1]).toMatchObject({ client_message_id: id })
  })

  it('shows what a seat types and who is speaking', () => {
    const { conversation, lines } = begin()
    lines[0]!.open()
    lines[0]!.answer(welcome())
    lines[0]!.answer({ type: 'status', status: 'with_seat' })
    lines[0]!.answer({
      type: 'turn',
      turn: { seq: 5, role: 'seat', kind: 'text', text: '您好，我是人工坐席', at: '', citations: [] },
    })
    expect(conversation.view.status).toBe('with_seat')
    expect(conversation.view.lines.at(-1)).toMatchObject({ role: 'seat', text: '您好，我是人工坐席' })
  })

  it('keeps its status when only an outcome is told', () => {
    const { conversation, lines } = begin()
    lines[0]!.open()
    lines[0]!.answer(welcome({ status: 'waiting' }))
    lines[0]!.answer({ type: 'status', status: null, outcome: 'seat' })
    expect(conversation.view).toMatchObject({ status: 'waiting', outcome: 'seat' })
  })

  it('lets the citizen write while a seat serves, whatever the outcome', () => {
    const { conversation, lines } = begin()
    lines[0]!.open()
    lines[0]!.answer(welcome({ status: 'with_seat', outcome: 'seat' }))
    conversation.say('路灯坏了')
    expect(lines[0]!.sent.at(-1)).toMatchObject({ type: 'message', text: '路灯坏了' })
  })

  it('tells an error and does not send the refused message for ever', () => {
    const { conversation, lines } = begin()
    lines[0]!.open()
    lines[0]!.answer(welcome())
    conversation.say('太长')
    const id = lines[0]!.sent[1]!.client_message_id
    lines[0]!.answer({ type: 'error', code: 'too_long', message: '内容太长', client_message_id: id })
    expect(conversation.view.failure).toBe('内容太长')
    expect(sessionStorage.getItem('hotline-outbox')).toBe('[]')
  })

  it('sends a message again when the service was only busy', () => {
    vi.useFakeTimers()
    const { conversation, lines } = begin()
    lines[0]!.open()
    lines[0]!.answer(welcome())
    conversation.say('路灯不亮')
    const id = lines[0]!.sent[1]!.client_message_id
    lines[0]!.answer({ type: 'error', code: 'too_many_requests', message: '太频繁', client_message_id: id })
    expect(conversation.view.lines.map((line) => line.text)).toEqual(['路灯不亮'])
    vi.advanceTimersByTime(5_000)
    expect(lines[0]!.sent.at(-1)).toMatchObject({ type: 'message', client_message_id: id })
    vi.useRealTimers()
  })

  it('sends one after the other, in the order in which they were written', () => {
    const { conversation, lines } = begin()
    for (const text of ['一', '二', '三']) conversation.say(text)
    const line = lines[0]!
    line.open()
    line.answer(welcome())
    const said = () => line.sent.filter(({ type }) => type === 'message').map(({ text }) => text)
    expect(said()).toEqual(['一'])
    line.answer(reply(line.sent.at(-1)!.client_message_id, 2, '好'))
    expect(said()).toEqual(['一', '二'])
    line.answer({ type: 'error', code: 'too_long', message: '太长', client_message_id: line.sent.at(-1)!.client_message_id })
    expect(said()).toEqual(['一', '二', '三'])
  })

  it('puts what waits behind what was said before, also after a reload', () => {
    new Outbox(sessionStorage).add('在吗')
    const { conversation, lines } = begin()
    lines[0]!.open()
    const turn = (seq: number, role: string, text: string) => ({ seq, role, kind: 'text', text, at: '', citations: [] })
    lines[0]!.answer(welcome({ transcript: [turn(1, 'bot', '您好'), turn(2, 'citizen', '路灯不亮'), turn(3, 'bot', '在哪里？')] }))
    expect(conversation.view.lines.map(({ text }) => text)).toEqual(['您好', '路灯不亮', '在哪里？', '在吗'])
  })

  it('shows what was understood of a spoken message, and takes its correction', () => {
    const { conversation, lines } = begin()
    const line = lines[0]!
    line.open()
    line.answer(welcome({ voice: { offered: true, seconds: 30 } }))
    const spoken = conversation.speak()!
    expect(conversation.view.listening).toBe('speaking')
    expect(conversation.speak()).toBeNull()
    conversation.spoke()
    expect(conversation.view.listening).toBe('recognising')
    expect(line.sent.slice(-2).map(({ type }) => type)).toEqual(['voice_begin', 'voice_end'])
    line.answer({ type: 'heard', client_message_id: spoken.id, text: '学院陆街道' })
    expect(conversation.view.lines).toMatchObject([{ text: '学院陆街道', spoken: true, delivered: false }])
    line.answer(reply(spoken.id, 3, '请问在哪里？'))
    expect(conversation.view.lines[0]).toMatchObject({ delivered: true })
    conversation.say('学院路街道', spoken.id)
    expect(line.sent.at(-1)).toMatchObject({ type: 'message', text: '学院路街道', corrects: spoken.id })
  })

  it('says a spoken message again over a new line, unless it had arrived', () => {
    const { conversation, lines } = begin()
    lines[0]!.open()
    lines[0]!.answer(welcome())
    const spoken = conversation.speak()!
    conversation.spoke()
    lines[0]!.drop()
    conversation.retryNow()
    lines[1]!.open()
    lines[1]!.answer(welcome())
    expect(lines[1]!.sent.slice(1)).toMatchObject([{ type: 'voice_begin' }, { type: 'voice_end', client_message_id: spoken.id }])
    lines[1]!.drop()
    conversation.retryNow()
    lines[2]!.open()
    const turn = { seq: 1, role: 'citizen', kind: 'speech', text: '路灯不亮', at: '', citations: [], client_message_id: spoken.id }
    lines[2]!.answer(welcome({ transcript: [turn] }))
    expect(lines[2]!.sent).toHaveLength(1)
    expect(conversation.view).toMatchObject({ listening: 'off', lines: [{ text: '路灯不亮', spoken: true }] })
  })

  it('tells what to do when nothing was understood', () => {
    const { conversation, lines } = begin()
    lines[0]!.open()
    lines[0]!.answer(welcome())
    const spoken = conversation.speak()!
    conversation.spoke()
    lines[0]!.answer({ type: 'error', code: 'too_many_requests', message: '请稍后再说', client_message_id: spoken.id })
    expect(conversation.view).toMatchObject({ listening: 'off', failure: '请稍后再说', lines: [] })
    expect(conversation.speak()).not.toBeNull()
  })

  it('forgets everything when a new conversation is begun', () => {
    const { conversation, lines } = begin()
    lines[0]!.open()
    lines[0]!.answer(welcome())
    conversation.say('你好')
    conversation.startAgain()
    expect(conversation.view.lines).toEqual([])
    expect(sessionStorage.getItem('hotline-conversation')).toBeNull()
    expect(lines[0]!.sent.at(-1)).toEqual({ type: 'hello', conversation_id: null, after_seq: 0 })
  })
})

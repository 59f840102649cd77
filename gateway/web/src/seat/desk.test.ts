import { beforeEach, describe, expect, it, vi } from 'vitest'

import { newlyOverdue } from './alarm'
import { COMMANDS, commandOf, found } from './commands'
import { Desk } from './desk'
import { mentioned } from './mentions'
import { load } from './typed'

class Line {
  readyState = 1
  sent: Record<string, unknown>[] = []
  onopen?: () => void
  onmessage?: (event: { data: string }) => void
  onclose?: () => void
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }
  close(): void {}
  tell(message: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
  of(type: string): Record<string, unknown>[] {
    return this.sent.filter((message) => message.type === type)
  }
}

function desk(): [Desk, Line] {
  const line = new Line()
  const made = new Desk('ws://x', () => undefined, { create: () => line as unknown as WebSocket })
  made.connect()
  line.onopen?.()
  line.tell({ type: 'hello', seat: { id: 's1', display_name: '安', role: 'seat' }, queue: [], mine: [], offer: null, presence: null })
  return [made, line]
}

const card = (id: string, more: object = {}) => ({ conversation_id: id, channel: 'web', status: 'with_seat', waiting_since: null, reason: '', summary: '', priority: 0, seat_id: 's1', ...more })
const turn = (seq: number, role = 'citizen') => ({ seq, role, kind: 'text', text: `第${seq}句`, at: '2026-01-05T00:00:00Z', citations: [] })
const snapshot = { channel: 'web', status: 'with_seat', outcome: null, asking: null, orders: [], order: {} }

beforeEach(() => {
  sessionStorage.clear()
  vi.useFakeTimers()
})

describe('the desk', () => {
  it('counts what is unread in the conversations that are not open', () => {
    const [made, line] = desk()
    line.tell({ type: 'queue', queue: [], mine: [card('a'), card('b')], offer: null })
    expect(line.of('watch').map((message) => message.conversation_id)).toEqual(['a', 'b'])
    made.watch('a')
    line.tell({ type: 'conversation', conversation_id: 'b', transcript: [turn(1)], snapshot, draft: '', form: {} })
    line.tell({ type: 'conversation', conversation_id: 'a', transcript: [turn(1)], snapshot, draft: '', form: {} })
    expect(made.view.open?.id).toBe('a')
    line.tell({ type: 'turn', conversation_id: 'b', turn: turn(2) })
    line.tell({ type: 'turn', conversation_id: 'b', turn: turn(3, 'seat') })
    line.tell({ type: 'turn', conversation_id: 'a', turn: turn(2) })
    expect(made.view.unread).toEqual({ b: 1 })
    made.watch('b')
    expect(made.view.open).toBeNull() // what is typed now reaches nobody
    line.tell({ type: 'conversation', conversation_id: 'b', transcript: [turn(1), turn(2)], snapshot, draft: '', form: {} })
    expect(made.view.unread).toEqual({})
  })

  it('keeps draft and form over a reload and tells the server once after the last key', () => {
    const [made, line] = desk()
    made.draft('a', '请')
    made.draft('a', '请问')
    made.fill('a', { title: '路灯' })
    made.fill('a', { district: '海淀区' })
    vi.advanceTimersByTime(500)
    expect(line.of('draft')).toEqual([{ type: 'draft', conversation_id: 'a', text: '请问' }])
    expect(line.of('form')).toEqual([{ type: 'form', conversation_id: 'a', fields: { title: '路灯', district: '海淀区' } }])
    const [again, next] = desk() // the page was loaded anew
    expect(again.view.drafts.a).toBe('请问')
    next.tell({ type: 'conversation', conversation_id: 'a', transcript: [], snapshot, draft: '服务器上的旧稿', form: {} })
    expect(again.view.drafts.a).toBe('请问')
    next.tell({ type: 'conversation', conversation_id: 'b', transcript: [], snapshot, draft: '前一位坐席写的', form: { title: '井盖' } })
    expect(again.view.drafts.b).toBe('前一位坐席写的')
    expect(again.view.forms.b).toEqual({ title: '井盖' })
    made.close()
    expect(load(sessionStorage)).toEqual({ drafts: {}, forms: {}, notes: {}, codes: {}, filed: {}, unsent: [] })
  })

  it('sends what was under way when the page was loaded anew, once the line is back', () => {
    const [made, line] = desk()
    line.readyState = 3 // the line is down
    made.say('a', '已经为您联系')
    made.note('a', '夜班留意')
    made.choseCode('a', 'complaint')
    made.hasFiled('a', { order_no: '0007', tracking_code: 'AB12', unit: '海淀区', deadline_hours: 24 })
    expect(line.of('say')).toEqual([])
    const [again, next] = desk()
    const [sent] = next.of('say')
    expect(sent).toMatchObject({ conversation_id: 'a', text: '已经为您联系' })
    expect([again.view.notes.a, again.view.codes.a, again.view.filed.a!.tracking_code]).toEqual(['夜班留意', 'complaint', 'AB12'])
    next.tell({ type: 'turn', conversation_id: 'a', turn: { ...turn(4, 'seat'), client_message_id: sent!.client_message_id } })
    expect(load(sessionStorage).unsent).toEqual([])
    expect(desk()[1].of('say')).toEqual([]) // it was taken: not a second time
  })

  it('puts a reply that is refused for good back into the field, and goes on with one that may pass later', () => {
    const [made, line] = desk()
    made.say('a', '请稍等')
    made.draft('a', '还有')
    const about = { conversation_id: 'a', client_message_id: line.of('say')[0]!.client_message_id }
    line.tell({ type: 'error', code: 'internal', message: '请稍后再试', ...about })
    expect(made.view.unsent).toHaveLength(1)
    line.tell({ type: 'error', code: 'not_yours', message: '已不在您手上', ...about })
    expect(made.view.unsent).toEqual([])
    expect(made.view.drafts.a).toBe('请稍等\n还有')
    expect(made.view.notice).toBe('已不在您手上')
  })

  it('ends only what is its own, with the wrap-up that was chosen', () => {
    const [made, line] = desk()
    line.tell({ type: 'queue', queue: [card('b')], mine: [card('a')], offer: null })
    for (const id of ['a', 'b']) {
      made.watch(id)
      line.tell({ type: 'conversation', conversation_id: id, transcript: [], snapshot, draft: '', form: {} })
      made.end('answered')
    }
    expect(line.of('finish').map(({ conversation_id: id, code }) => [id, code])).toEqual([['a', 'consulted']])
    made.watch('a')
    line.tell({ type: 'conversation', conversation_id: 'a', transcript: [], snapshot, draft: '', form: {} })
    made.choseCode('a', 'complaint')
    made.end('callback')
    expect(line.of('finish').at(-1)).toMatchObject({ disposition: 'callback', code: 'complaint' })
  })

  it('shows an offer until it is answered', () => {
    const [made, line] = desk()
    line.tell({ type: 'queue', queue: [card('a')], mine: [], offer: { ...card('a'), seconds_left: 15 } })
    expect(made.view.offer?.until).toBe(Date.now() + 15_000)
    made.accept()
    expect(line.of('accept')).toEqual([{ type: 'accept', conversation_id: 'a' }])
    made.decline()
    expect(line.of('decline')).toHaveLength(1)
    expect(made.view.offer).toBeNull()
  })

  it('lists what was put aside last, unless the citizen has written', () => {
    const [made, line] = desk()
    line.tell({ type: 'queue', queue: [], mine: [card('a', { snoozed_until: '2030-01-01T00:00:00Z' }), card('b')], offer: null })
    expect(made.inOrder().map((one) => one.conversation_id)).toEqual(['b', 'a'])
    line.tell({ type: 'turn', conversation_id: 'a', turn: turn(1) })
    expect(made.inOrder().map((one) => one.conversation_id)).toEqual(['a', 'b'])
  })
})

describe('the keyboard', () => {
  const key = (pressed: string, more: object = {}) => ({ key: pressed, ctrlKey: false, metaKey: false, altKey: false, ...more })

  it('runs single keys outside text fields only', () => {
    expect(commandOf(key('a'), false)).toBe('accept')
    expect(commandOf(key('?'), false)).toBe('help')
    expect(commandOf(key('2'), false)).toBe(2)
    expect(commandOf(key('a'), true)).toBeNull()
    expect(commandOf(key('a', { ctrlKey: true }), false)).toBeNull()
    expect(commandOf(key('k', { ctrlKey: true }), true)).toBe('palette')
    expect(commandOf(key('Enter', { ctrlKey: true }), true)).toBe('file')
    expect(commandOf(key('?', { shiftKey: true }), false)).toBe('help')
    expect(commandOf(key('E', { shiftKey: true }), false)).toBe('answered')
    expect(commandOf(key('e'), false)).toBeNull() // what cannot be taken back is no single key
    expect(commandOf(key('M'), false)).toBe('mute') // with Caps Lock
  })

  it('has each key once and finds commands by their names', () => {
    expect(new Set(COMMANDS.map(({ keys }) => keys)).size).toBe(COMMANDS.length)
    for (const id of ['give-back', 'answered', 'callback', 'talk', 'mute', 'hold']) expect(COMMANDS.map((command) => command.id)).toContain(id)
    expect(found('备注').map(({ id }) => id)).toEqual(['notes'])
  })
})

it('names colleagues by the longest name', () => {
  const colleagues = [
    { id: '1', display_name: '王芳' },
    { id: '2', display_name: '王芳芳' },
  ]
  expect(mentioned('@王芳芳 请看，也请@王芳看', colleagues)).toEqual(['2', '1'])
  expect(mentioned('王芳', colleagues)).toEqual([])
})

it('alarms once for each long wait', () => {
  const cards = [card('a', { overdue: true }), card('b')]
  expect(newlyOverdue(new Set(), cards as never)).toEqual(['a'])
  expect(newlyOverdue(new Set(['a']), cards as never)).toEqual([])
})

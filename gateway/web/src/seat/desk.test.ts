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
    expect(load(sessionStorage)).toEqual({ drafts: {}, forms: {} })
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
  })

  it('has each key once and finds commands by their names', () => {
    expect(new Set(COMMANDS.map(({ keys }) => keys)).size).toBe(COMMANDS.length)
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

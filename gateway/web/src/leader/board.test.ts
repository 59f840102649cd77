import { describe, expect, it } from 'vitest'

import { Board, lasting, mayTake, percent, type Picture } from './board'

class Line {
  readyState = 1
  sent: Record<string, unknown>[] = []
  onopen?: () => void
  onmessage?: (event: { data: string }) => void
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }
  close(): void {}
  tell(message: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}

function board(): [Board, Line] {
  const line = new Line()
  const made = new Board('ws://x', () => undefined, { create: () => line as unknown as WebSocket })
  made.connect()
  line.onopen?.()
  return [made, line]
}

const turn = (seq: number) => ({ seq, role: 'citizen', kind: 'text', text: `${seq}`, at: '2026-01-05T00:00:00Z', citations: [] })
const card = { conversation_id: 'c1', channel: 'phone', status: 'with_seat' as const, waiting_since: null, reason: '', summary: '', priority: 0, seat_id: 's1', seat_name: '安' }

describe('the wall', () => {
  it('keeps the last picture and follows one conversation', () => {
    const [made, line] = board()
    line.tell({ type: 'board', board: { conversations: [card] } as unknown as Picture })
    expect(made.view.picture?.conversations[0]?.seat_name).toBe('安')
    made.read('c1')
    line.tell({ type: 'conversation', conversation_id: 'c2', transcript: [turn(1)], snapshot: {} })
    expect(made.view.open).toBeNull()
    line.tell({ type: 'conversation', conversation_id: 'c1', transcript: [turn(1)], snapshot: {} })
    line.tell({ type: 'turn', conversation_id: 'c1', turn: turn(2) })
    line.tell({ type: 'turn', conversation_id: 'c1', turn: turn(2) })
    expect(made.view.open?.turns.map(({ seq }) => seq)).toEqual([1, 2])
    line.onopen?.() // the line was down: it is followed on
    expect(line.sent.filter(({ type }) => type === 'watch')).toHaveLength(2)
    made.stopReading()
    expect(line.sent.at(-1)).toEqual({ type: 'unwatch' })
  })

  it('says who has the conversation on the screen when it gives it to somebody else', () => {
    const [made, line] = board()
    made.reassign(card, 's2')
    made.reassign({ ...card, seat_id: null }, 's2')
    expect(line.sent.map(({ to_seat_id, held_by }) => [to_seat_id, held_by])).toEqual([['s2', 's1'], ['s2', '']])
    line.tell({ type: 'error', message: '这位坐席不在线。' })
    expect(made.view.notice).toBe('这位坐席不在线。')
  })
})

it('offers the seats that are at their desks', () => {
  const seat = { name: '', reason: '', since: '', skills: '', calls: 0, chats: 0 }
  const seats = [
    { ...seat, seat_id: 's1', state: 'available' },
    { ...seat, seat_id: 's2', state: 'break' },
    { ...seat, seat_id: 's3', state: 'offline' },
  ]
  expect(mayTake(card, seats).map(({ seat_id }) => seat_id)).toEqual(['s2'])
})

it('shows shares and times in words', () => {
  expect([percent(null), percent(0), percent(0.8333)]).toEqual(['—', '0.0%', '83.3%'])
  expect([lasting(-1), lasting(59.9), lasting(61), lasting(3_700)]).toEqual(['0 秒', '59 秒', '1 分 1 秒', '1 小时 1 分'])
})

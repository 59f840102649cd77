/** The wall, fed by `/ws/leader`: the last picture, the conversation that is read along, and the leader's own voice. */

import { reactive } from 'vue'

import { newAlarms, sound } from '../seat/alarm'
import { Call } from '../seat/call'
import { ReconnectingSocket, type SocketOptions, type SocketState } from '../shared/socket'
import type { Card, SeatAccount, Snapshot, Turn } from '../shared/types'

export interface Counts {
  all: number
  bot: number
  waiting: number
  with_seats: number
}

/** Shares are from 0 to 1, null where there was nothing to share. */
export interface Figures {
  contacts: number
  asked: number
  answered: number
  answered_in_time: number
  abandoned: number
  service_level: number | null
  abandonment: number | null
  told: number
  contained: number
  containment: number | null
}

export interface SeatRow {
  seat_id: string
  name: string
  state: string
  reason: string
  since: string
  skills: string
  calls: number
  chats: number
}

export interface Alarm {
  kind: string
  text: string
  conversation_id?: string
}

export interface WallCard extends Card {
  seat_name: string
}

export interface Picture {
  now: { calls: Counts; chats: Counts; on_phone: number }
  day: Figures
  lately: Figures
  service_seconds: number
  queues: { skill: string; waiting: number; longest_seconds: number }[]
  seats: SeatRow[]
  alarms: Alarm[]
  conversations: WallCard[]
  breaches: { total: number; items: { order_no: string; unit: string; hours_late: number; status_text: string }[] }
  machine: { lag_seconds: number | null; hears: boolean | null; phones: number }
}

export interface Read {
  id: string
  turns: Turn[]
  snapshot: Snapshot
}

export interface BoardView {
  seat: SeatAccount | null
  connection: SocketState
  picture: Picture | null
  open: Read | null
  notice: string
}

export class Board {
  readonly view: BoardView = reactive({ seat: null, connection: 'connecting', picture: null, open: null, notice: '' })
  readonly call = new Call(
    (message) => this.socket.send(message),
    (message) => (this.view.notice = message),
  )
  private alarmed = new Set<string>()
  private wanted = ''
  private readonly socket: ReconnectingSocket

  constructor(url: string, onRefused: () => void, options: Partial<SocketOptions> = {}) {
    this.socket = new ReconnectingSocket({
      url,
      onMessage: (message) => this.receive(message),
      onState: (state) => (this.view.connection = state),
      onOpen: () => {
        if (this.wanted) this.socket.send({ type: 'watch', conversation_id: this.wanted })
      },
      onRefused,
      heartbeatMilliseconds: 5_000,
      longestDelayMilliseconds: 5_000,
      ...options,
    })
  }

  connect(): void {
    this.socket.connect()
  }

  close(): void {
    this.call.close()
    this.socket.close()
  }

  read(conversationId: string): void {
    this.wanted = conversationId
    this.view.open = null
    this.socket.send({ type: 'watch', conversation_id: conversationId })
  }

  /** The call goes on; the leader leaves it. */
  stopReading(): void {
    if (this.wanted && this.call.view.talking === this.wanted) this.call.leave(this.wanted)
    this.wanted = ''
    this.view.open = null
    this.socket.send({ type: 'unwatch' })
  }

  /** `toSeatId` empty: back to the queue. `heldBy`: as it stands on this screen, so that nobody is overtaken unseen. */
  reassign(card: WallCard, toSeatId: string): void {
    this.view.notice = ''
    this.socket.send({ type: 'reassign', conversation_id: card.conversation_id, to_seat_id: toSeatId, held_by: card.seat_id ?? '' })
  }

  private receive(message: Record<string, unknown>): void {
    if (this.call.receive(message)) return
    switch (message.type) {
      case 'hello':
        this.view.seat = message.seat as SeatAccount
        break
      case 'board':
        this.show(message.board as Picture)
        break
      case 'conversation':
        if (message.conversation_id === this.wanted)
          this.view.open = { id: this.wanted, turns: message.transcript as Turn[], snapshot: message.snapshot as Snapshot }
        break
      case 'turn': {
        const { open } = this.view
        const turn = message.turn as Turn
        if (open && open.id === message.conversation_id && turn.seq > (open.turns.at(-1)?.seq ?? 0)) open.turns.push(turn)
        break
      }
      case 'reassigned':
      case 'error':
        this.view.notice = String(message.message ?? '操作没有成功，请再试一次。')
        break
    }
  }

  private show(picture: Picture): void {
    this.view.picture = picture
    if (newAlarms(this.alarmed, picture.conversations).length) sound('danger')
    this.alarmed = new Set(picture.conversations.filter((card) => card.alarm).map((card) => card.conversation_id))
  }
}

/** The seats that a conversation may be given to: at their desks, and not the one that has it. */
export function mayTake(card: Card, seats: readonly SeatRow[]): SeatRow[] {
  return seats.filter((seat) => seat.state !== 'offline' && seat.seat_id !== card.seat_id)
}

export function percent(share: number | null): string {
  return share === null ? '—' : `${(share * 100).toFixed(1)}%`
}

export function lasting(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < 60) return `${whole} 秒`
  if (whole < 3_600) return `${Math.floor(whole / 60)} 分 ${whole % 60} 秒`
  return `${Math.floor(whole / 3_600)} 小时 ${Math.floor((whole % 3_600) / 60)} 分`
}

export const STATES: Record<string, string> = { available: '空闲', wrap_up: '话后整理', break: '休息', offline: '离线' }

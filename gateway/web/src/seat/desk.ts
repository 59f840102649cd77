/** The state of one seat's desk, fed by `/ws/seat`: the queue, my conversations, and the one that is open. */

import { reactive } from 'vue'

import { newMessageId } from '../shared/outbox'
import { ReconnectingSocket, type SocketOptions, type SocketState } from '../shared/socket'
import type { Card, SeatAccount, Snapshot, Turn } from '../shared/types'
import { newAlarms, sound } from './alarm'
import { Call } from './call'

export interface OpenConversation {
  id: string
  turns: Turn[]
  snapshot: Snapshot
  unsent: string[]
}

/** A call to a citizen: `status` placed, ringing, answered or ended, `text` the same in words. */
export interface OutgoingCall {
  callback_id: string
  call_id: string
  status: string
  text: string
  conversation_id: string | null
}

export interface DeskView {
  seat: SeatAccount | null
  queue: Card[]
  mine: Card[]
  open: OpenConversation | null
  connection: SocketState
  notice: string
  /** Calls that a colleague asked this seat to join. */
  invited: string[]
  /** Calls that this seat has had placed, by the call-back that they are about. */
  outgoing: Record<string, OutgoingCall>
  /** The conversation of the last of them that was answered. */
  answered: string
  /** What this seat has typed but not sent, by conversation: it survives a change of conversation. */
  drafts: Record<string, string>
}

export class Desk {
  readonly view: DeskView = reactive({
    seat: null,
    queue: [],
    mine: [],
    open: null,
    connection: 'connecting',
    notice: '',
    invited: [],
    outgoing: {},
    answered: '',
    drafts: {},
  })
  readonly call = new Call(
    (message) => this.socket.send(message),
    (message) => (this.view.notice = message),
  )
  private alarmed = new Set<string>()

  private readonly socket: ReconnectingSocket
  private unsent: { conversation_id: string; text: string; client_message_id: string }[] = []

  constructor(url: string, onRefused: () => void, options: Partial<SocketOptions> = {}) {
    this.socket = new ReconnectingSocket({
      url,
      onMessage: (message) => this.receive(message),
      onState: (state) => (this.view.connection = state),
      onOpen: () => this.resume(),
      onRefused,
      heartbeatMilliseconds: 5_000,
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

  watch(conversationId: string): void {
    this.socket.send({ type: 'watch', conversation_id: conversationId })
  }

  claim(conversationId: string): void {
    this.socket.send({ type: 'claim', conversation_id: conversationId })
  }

  giveBack(conversationId: string): void {
    this.socket.send({ type: 'give_back', conversation_id: conversationId })
  }

  finish(conversationId: string, disposition: string, note = ''): void {
    this.socket.send({ type: 'finish', conversation_id: conversationId, disposition, note })
  }

  /** A message that cannot leave now is kept and sent, once, after the next reconnect. */
  say(conversationId: string, text: string): void {
    const message = { conversation_id: conversationId, text, client_message_id: newMessageId() }
    this.unsent.push(message)
    this.socket.send({ type: 'say', ...message })
    this.view.drafts[conversationId] = ''
    this.showUnsent()
  }

  private resume(): void {
    if (this.view.open) this.watch(this.view.open.id)
    for (const message of this.unsent) this.socket.send({ type: 'say', ...message })
  }

  private receive(message: Record<string, unknown>): void {
    if (this.call.receive(message)) return
    switch (message.type) {
      case 'hello':
        this.view.seat = message.seat as SeatAccount
        this.lists(message)
        break
      case 'queue':
        this.lists(message)
        break
      case 'conversation':
        this.conversation(message)
        break
      case 'turn':
        this.turn(message.conversation_id as string, message.turn as Turn)
        break
      case 'claimed':
        this.view.notice = ''
        this.watch(message.conversation_id as string)
        break
      case 'invited':
        this.view.invited.push(message.conversation_id as string)
        this.view.notice = String(message.message)
        this.watch(message.conversation_id as string)
        break
      case 'prefilled': {
        const open = this.view.open
        if (open && open.id === message.conversation_id) open.snapshot = message.snapshot as Snapshot
        break
      }
      case 'outgoing':
        this.outgoing(message as unknown as OutgoingCall)
        break
      case 'passed_on':
        this.view.notice = String(message.message)
        this.watch(message.conversation_id as string)
        break
      case 'refused':
      case 'error':
        this.view.notice = String(message.message ?? '操作没有成功，请再试一次。')
        break
    }
  }

  /** Whoever answers hears us at once, and the seat's voice comes in by itself: she has asked for this call. */
  private outgoing(call: OutgoingCall): void {
    this.view.outgoing[call.callback_id] = call
    if (call.status !== 'answered' || !call.conversation_id || this.view.answered === call.conversation_id) return
    this.view.answered = call.conversation_id
    this.watch(call.conversation_id)
    void this.call.talk(call.conversation_id, 'connect')
  }

  private lists(message: Record<string, unknown>): void {
    this.view.queue = (message.queue as Card[] | undefined) ?? []
    this.view.mine = (message.mine as Card[] | undefined) ?? []
    const cards = [...this.view.queue, ...this.view.mine]
    if (newAlarms(this.alarmed, cards).length) sound()
    this.alarmed = new Set(cards.filter((card) => card.alarm).map((card) => card.conversation_id))
  }

  private conversation(message: Record<string, unknown>): void {
    this.view.open = {
      id: message.conversation_id as string,
      turns: (message.transcript as Turn[] | undefined) ?? [],
      snapshot: message.snapshot as Snapshot,
      unsent: [],
    }
    for (const turn of this.view.open.turns) this.settled(turn)
    this.showUnsent()
  }

  private turn(conversationId: string, turn: Turn): void {
    this.settled(turn)
    const open = this.view.open
    if (open?.id === conversationId && turn.seq > (open.turns.at(-1)?.seq ?? 0)) open.turns.push(turn)
    this.showUnsent()
  }

  private settled(turn: Turn): void {
    const id = turn.client_message_id ?? turn.meta?.client_message_id
    if (id) this.unsent = this.unsent.filter((message) => message.client_message_id !== id)
  }

  private showUnsent(): void {
    const open = this.view.open
    if (open) open.unsent = this.unsent.filter((message) => message.conversation_id === open.id).map(({ text }) => text)
  }
}

/** The citizen's side of one conversation: what is shown, what is on its way, and how both survive a lost line. */

import { reactive } from 'vue'

import { Outbox } from '../shared/outbox'
import { ReconnectingSocket, type SocketOptions, type SocketState } from '../shared/socket'
import type { ChatReply, Citation, Role, Status, Turn } from '../shared/types'

export interface Line {
  key: string
  role: Role
  text: string
  citations: Citation[]
  delivered: boolean
}

export interface ConversationView {
  lines: Line[]
  connection: SocketState
  status: Status
  asking: string | null
  outcome: string | null
  orders: string[]
  thinking: boolean
  failure: string
}

/** Refusals that pass: the message stays in the outbox and is sent again a little later. */
const PASSING = new Set(['too_many_requests', 'starting'])
const RETRY_MILLISECONDS = 5_000
export const CONVERSATION_KEY = 'hotline-conversation'

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

export class CitizenConversation {
  readonly view: ConversationView = reactive({
    lines: [],
    connection: 'connecting',
    status: 'open',
    asking: null,
    outcome: null,
    orders: [],
    thinking: false,
    failure: '',
  })

  private readonly outbox: Outbox
  private readonly socket: ReconnectingSocket
  private conversationId: string | null
  private lastSeq = 0
  private welcomed = false
  private localKeys = 0

  constructor(
    private readonly store: Store,
    url: string,
    socketOptions: Partial<SocketOptions> = {},
  ) {
    this.outbox = new Outbox(store)
    this.conversationId = store.getItem(CONVERSATION_KEY)
    this.socket = new ReconnectingSocket({
      url,
      onMessage: (message) => this.receive(message),
      onState: (state) => {
        this.view.connection = state
        if (state !== 'open') this.welcomed = false
      },
      onOpen: () =>
        this.socket.send({ type: 'hello', conversation_id: this.conversationId, after_seq: this.lastSeq }),
      heartbeatMilliseconds: 15_000,
      ...socketOptions,
    })
    for (const item of this.outbox.pending) this.show('citizen', item.text, [], item.client_message_id, false)
  }

  /** Whether nothing more can be said: an outcome ends the conversation unless a person has, or will get, the word. */
  get over(): boolean {
    return this.view.outcome !== null && this.view.status !== 'waiting' && this.view.status !== 'with_seat'
  }

  connect(): void {
    this.socket.connect()
  }

  retryNow(): void {
    this.socket.retryNow()
  }

  say(text: string): void {
    const trimmed = text.trim()
    if (!trimmed || this.over) return
    const item = this.outbox.add(trimmed)
    this.show('citizen', trimmed, [], item.client_message_id, false)
    this.view.failure = ''
    if (this.welcomed) this.transmit(item.client_message_id, trimmed)
  }

  /** Forget this conversation (a shared computer) and begin another one. */
  startAgain(): void {
    this.store.removeItem(CONVERSATION_KEY)
    this.outbox.clear()
    this.conversationId = null
    this.lastSeq = 0
    Object.assign(this.view, {
      lines: [],
      status: 'open',
      asking: null,
      outcome: null,
      orders: [],
      thinking: false,
      failure: '',
    })
    this.welcomed = false
    if (!this.socket.send({ type: 'hello', conversation_id: null, after_seq: 0 })) this.socket.retryNow()
  }

  close(): void {
    this.socket.close()
  }

  private transmit(clientMessageId: string, text: string): void {
    const sent = this.socket.send({ type: 'message', text, client_message_id: clientMessageId })
    if (sent && this.view.status !== 'with_seat') this.view.thinking = true
  }

  private receive(message: Record<string, unknown>): void {
    switch (message.type) {
      case 'welcome':
        this.welcome(message)
        break
      case 'reply':
        this.reply(message as unknown as ChatReply)
        break
      case 'turn':
        this.turn(message.turn as Turn)
        break
      case 'status':
        if (message.status) this.view.status = message.status as Status
        if ('outcome' in message) this.view.outcome = (message.outcome as string | null) ?? this.view.outcome
        break
      case 'error':
        this.fail(message)
        break
    }
  }

  private welcome(message: Record<string, unknown>): void {
    this.conversationId = message.conversation_id as string
    this.store.setItem(CONVERSATION_KEY, this.conversationId)
    for (const turn of (message.transcript as Turn[] | undefined) ?? []) this.turn(turn)
    this.view.status = (message.status as Status | undefined) ?? 'open'
    this.view.asking = (message.asking as string | null | undefined) ?? null
    this.view.outcome = (message.outcome as string | null | undefined) ?? null
    this.welcomed = true
    if (!this.over) {
      for (const item of this.outbox.pending) this.transmit(item.client_message_id, item.text)
    }
  }

  private reply(message: ChatReply): void {
    this.outbox.answered(message.in_reply_to)
    this.deliver(message.in_reply_to)
    this.view.thinking = this.outbox.pending.length > 0
    if (message.seq > this.lastSeq) {
      this.lastSeq = message.seq
      for (const reply of message.replies) this.show('bot', reply.text, reply.citations)
    }
    this.view.asking = message.asking
    this.view.outcome = message.outcome
    this.view.orders = message.orders
    if (message.status) this.view.status = message.status
  }

  private turn(turn: Turn): void {
    if (turn.seq <= this.lastSeq) return
    this.lastSeq = turn.seq
    if (turn.kind === 'silence' || turn.kind === 'event') return
    if (turn.role === 'citizen') {
      const id = turn.client_message_id ?? (turn.meta?.client_message_id as string | undefined)
      if (id && this.view.lines.some((line) => line.key === id)) {
        this.deliver(id)
        return
      }
    }
    this.show(turn.role, turn.text, turn.citations ?? [], keyOf(turn))
  }

  private fail(message: Record<string, unknown>): void {
    const id = message.client_message_id as string | undefined
    if (id && PASSING.has(String(message.code))) {
      const waiting = this.outbox.pending.find((item) => item.client_message_id === id)
      this.view.failure = '现在有点忙，您的话已经留下，稍后自动发送。'
      setTimeout(() => {
        if (waiting && this.welcomed && this.outbox.pending.includes(waiting)) {
          this.view.failure = ''
          this.transmit(id, waiting.text)
        }
      }, RETRY_MILLISECONDS)
      return
    }
    if (id) {
      this.outbox.answered(id)
      this.view.lines = this.view.lines.filter((line) => line.key !== id)
    }
    this.view.thinking = false
    this.view.failure = String(message.message ?? '出了点问题，请再试一次。')
    if (message.code === 'unknown_conversation') this.startAgain()
  }

  private deliver(key: string): void {
    for (const line of this.view.lines) if (line.key === key) line.delivered = true
  }

  private show(role: Role, text: string, citations: Citation[], key?: string, delivered = true): void {
    this.localKeys += 1
    this.view.lines.push({ key: key ?? `local-${this.localKeys}`, role, text, citations, delivered })
  }
}

function keyOf(turn: Turn): string {
  return turn.client_message_id ?? (turn.meta?.client_message_id as string | undefined) ?? `seq-${turn.seq}`
}

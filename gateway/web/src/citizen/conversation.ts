/** The citizen's side of one conversation: what is shown, what is on its way, and how both survive a lost line. */

import { reactive } from 'vue'

import { Outbox } from '../shared/outbox'
import { ReconnectingSocket, type SocketOptions, type SocketState } from '../shared/socket'
import type { ChatReply, Citation, Role, Status, Turn } from '../shared/types'
import { inParts } from './parts'
import type { Point } from './place'
import { SpokenMessage } from './spoken'

export interface Line {
  key: string
  role: Role
  text: string
  citations: Citation[]
  delivered: boolean
  /** It was spoken, and this is what was understood. */
  spoken: boolean
  /** Its number in the conversation, where it can be read aloud. */
  seq?: number
  /** Where the picture that was sent can be seen, as long as this page is open. */
  picture?: string
}

/** What becomes of a spoken message: it is being said, or its words are being looked for. */
export type Listening = 'off' | 'speaking' | 'recognising'

export interface ConversationView {
  lines: Line[]
  connection: SocketState
  status: Status
  asking: string | null
  outcome: string | null
  orders: string[]
  thinking: boolean
  failure: string
  listening: Listening
  /** Whether the service hears at all, and how long one message may be. */
  voice: { offered: boolean; seconds: number }
  readsAloud: boolean
  /** Unicode characters of one message; a longer text goes as several. */
  messageLimit: number
}

/** Refusals that pass: the message stays in the outbox and is sent again a little later. */
const PASSING = new Set(['too_many_requests', 'starting'])
const RETRY_MILLISECONDS = 5_000
export const CONVERSATION_KEY = 'hotline-conversation'

export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

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
    listening: 'off',
    voice: { offered: false, seconds: 60 },
    readsAloud: false,
    messageLimit: 2_000, // until the service tells its own
  })

  private spoken: SpokenMessage | null = null
  private readonly outbox: Outbox
  private readonly socket: ReconnectingSocket
  private conversationId: string | null
  private lastSeq = 0
  private welcomed = false
  private localKeys = 0
  private underWay: string | null = null // sent over this line, and not answered yet

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
        if (state !== 'open') {
          this.welcomed = false
          this.underWay = null
        }
      },
      onOpen: () =>
        this.socket.send({ type: 'hello', conversation_id: this.conversationId, after_seq: this.lastSeq }),
      heartbeatMilliseconds: 15_000,
      ...socketOptions,
    })
    for (const { text, client_message_id: key } of this.outbox.pending) {
      this.show({ role: 'citizen', text, key, delivered: false })
    }
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

  /** A long text goes as several messages. `corrects`: the key of the spoken line that was misheard. */
  say(text: string, corrects?: string): void {
    inParts(text, this.view.messageLimit).forEach((part, index) =>
      this.send(part, 'message', corrects && index === 0 ? { corrects } : {}),
    )
  }

  /** The conversation, once the service has begun it. */
  get id(): string | null {
    return this.conversationId
  }

  /** A picture that the service has; `shown`: its address in this browser. */
  sendPicture(pictureId: string, name: string, shown: string): void {
    this.send(`[图片] ${name}`, 'picture', { picture_id: pictureId }, shown)
  }

  sendPlace(words: string, point: Point | null): void {
    this.send(words, 'place', { ...point }, undefined, `[位置] ${words || '手机定位'}`)
  }

  /** Begin a spoken message; null where none can be said now. */
  speak(): SpokenMessage | null {
    if (this.over || !this.welcomed || this.spoken) return null
    this.view.failure = ''
    this.view.listening = 'speaking'
    this.spoken = new SpokenMessage(this.socket)
    return this.spoken
  }

  /** It was said to its end: what was understood comes back. */
  spoke(): void {
    if (!this.spoken || this.view.listening !== 'speaking') return
    this.spoken.end()
    this.view.listening = 'recognising'
  }

  dropSpoken(): void {
    this.spoken?.cancel()
    this.forgetSpoken()
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
    this.forgetSpoken()
    this.welcomed = false
    if (!this.socket.send({ type: 'hello', conversation_id: null, after_seq: 0 })) this.socket.retryNow()
  }

  close(): void {
    this.socket.close()
  }

  private send(text: string, type: string, more: Record<string, unknown>, picture?: string, shown = text): void {
    if (this.over && type !== 'picture') return // a picture still finds its order
    const { client_message_id: key } = this.outbox.add(text, type, more)
    this.show({ role: 'citizen', text: shown, key, delivered: false, picture })
    this.view.failure = ''
    this.transmit()
  }

  /** One at a time, so that they arrive in the order in which they were written: the next one after the answer. */
  private transmit(): void {
    const item = this.outbox.pending[0]
    if (!item || !this.welcomed || this.underWay === item.client_message_id) return
    if (this.over && item.type !== 'picture') return
    const { client_message_id, text, type, more } = item
    if (!this.socket.send({ type, text, client_message_id, ...more })) return
    this.underWay = client_message_id
    if (this.view.status !== 'with_seat') this.view.thinking = true
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
      case 'heard':
        this.heard(message.client_message_id as string, message.text as string)
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
    this.view.lines.sort((one, other) => Number(other.delivered) - Number(one.delivered)) // what waits comes last
    this.view.status = (message.status as Status | undefined) ?? 'open'
    this.view.asking = (message.asking as string | null | undefined) ?? null
    this.view.outcome = (message.outcome as string | null | undefined) ?? null
    Object.assign(this.view.voice, message.voice)
    this.view.readsAloud = message.reads_aloud === true
    if (typeof message.message_limit === 'number') this.view.messageLimit = message.message_limit
    this.divideLong()
    this.welcomed = true
    this.transmit()
    this.spoken?.again()
  }

  /** What was written before the service had told its limit. */
  private divideLong(): void {
    for (const { client_message_id: id, text, type } of this.outbox.pending) {
      const parts = inParts(text, this.view.messageLimit)
      const at = this.view.lines.findIndex((line) => line.key === id)
      if (type !== 'message' || parts.length < 2 || at < 0 || this.view.lines[at]!.delivered) continue
      const further = this.outbox.divide(id, parts as [string, ...string[]])
      this.view.lines[at]!.text = parts[0]!
      this.view.lines.splice(at + 1, 0, ...further.map((item) => ({ ...waitingLine(item.text), key: item.client_message_id })))
    }
  }

  /** What was understood of a spoken message, before its answer. */
  private heard(id: string, text: string): void {
    this.view.listening = 'off'
    const shown = this.view.lines.find((line) => line.key === id)
    if (shown) shown.text = text
    else this.show({ role: 'citizen', text, key: id, delivered: false, spoken: true })
    if (this.view.status !== 'with_seat') this.view.thinking = true
  }

  private forgetSpoken(): void {
    this.spoken = null
    this.view.listening = 'off'
  }

  private reply(message: ChatReply): void {
    this.outbox.answered(message.in_reply_to)
    if (message.in_reply_to === this.spoken?.id) this.forgetSpoken()
    this.deliver(message.in_reply_to)
    this.view.thinking = this.outbox.pending.length > 0
    if (message.seq > this.lastSeq) {
      this.lastSeq = message.seq
      for (const { text, citations, seq } of message.replies) this.show({ role: 'bot', text, citations, seq })
    }
    this.view.asking = message.asking
    this.view.outcome = message.outcome
    this.view.orders = message.orders
    if (message.status) this.view.status = message.status
    const unsent = this.outbox.pending.filter((item) => item.type === 'message').length
    if (this.over && unsent) this.view.failure = `服务已结束，还有${unsent}条没有发出，仍在上面。需要时请复制，再重新咨询。`
    this.transmit()
  }

  private turn(turn: Turn): void {
    if (turn.seq <= this.lastSeq) return
    this.lastSeq = turn.seq
    if (turn.kind === 'silence' || turn.kind === 'event') return
    if (turn.role === 'citizen') {
      const id = turn.client_message_id ?? (turn.meta?.client_message_id as string | undefined)
      if (id && id === this.spoken?.id && this.spoken.ended) this.forgetSpoken() // it had arrived
      const waiting = this.view.lines.find((line) => line.key === id)
      if (waiting?.delivered) return
      if (waiting) {
        this.view.lines = this.view.lines.filter((line) => line !== waiting) // to its place in the transcript
        this.show({ ...waiting, delivered: true })
        return
      }
    }
    const { role, text, citations, seq } = turn
    this.show({ role, text, citations: citations ?? [], key: keyOf(turn), spoken: turn.kind === 'speech', seq })
  }

  private fail(message: Record<string, unknown>): void {
    const id = message.client_message_id as string | undefined
    if (id && id !== this.spoken?.id && PASSING.has(String(message.code))) {
      this.view.failure = '现在有点忙，您的话已经留下，稍后自动发送。'
      setTimeout(() => {
        this.view.failure = ''
        this.underWay = null
        this.transmit()
      }, RETRY_MILLISECONDS)
      return
    }
    if (id && id === this.spoken?.id) this.forgetSpoken()
    if (id) {
      this.outbox.answered(id)
      this.view.lines = this.view.lines.filter((line) => line.key !== id)
    }
    this.view.thinking = false
    this.view.failure = String(message.message ?? '出了点问题，请再试一次。')
    if (message.code === 'unknown_conversation') this.startAgain()
    else this.transmit()
  }

  private deliver(key: string): void {
    for (const line of this.view.lines) if (line.key === key) line.delivered = true
  }

  private show(line: Partial<Line> & Pick<Line, 'role' | 'text'>): void {
    this.localKeys += 1
    this.view.lines.push({ key: `local-${this.localKeys}`, citations: [], delivered: true, spoken: false, ...line })
  }
}

function waitingLine(text: string): Omit<Line, 'key'> {
  return { role: 'citizen', text, citations: [], delivered: false, spoken: false }
}

function keyOf(turn: Turn): string {
  return turn.client_message_id ?? (turn.meta?.client_message_id as string | undefined) ?? `seq-${turn.seq}`
}

/** The state of one seat's desk, fed by `/ws/seat`: the queue, my conversations, and the one that is open. */

import { reactive } from 'vue'

import { newMessageId } from '../shared/outbox'
import { ReconnectingSocket, type SocketOptions } from '../shared/socket'
import type { Card, SeatAccount, Snapshot, Turn } from '../shared/types'
import { newAlarms, newlyOverdue, sound } from './alarm'
import { Call } from './call'
import type { DeskView, OutgoingCall, Presence } from './desk-view'
import { notify } from './notify'
import { clear, Later, load, save, type FieldValue, type FiledOrder, type UnsentMessage } from './typed'

export type { FiledOrder } from './typed'
export type { DeskView, Offer, OpenConversation, OutgoingCall, Presence, SideTab } from './desk-view'

const OPEN_KEY = 'hotline-desk-open'
/** Refusals after which the same message may well be taken. */
const PASSING = new Set(['internal', 'starting', 'too_many_requests'])

export class Desk {
  readonly view: DeskView = reactive({
    seat: null,
    offer: null,
    presence: null,
    breakReasons: [],
    wrapUpCodes: {},
    unread: {},
    side: 'order',
    macros: [],
    mentioned: '',
    queue: [],
    mine: [],
    open: null,
    connection: 'connecting',
    notice: '',
    invited: [],
    outgoing: {},
    answered: '',
    ...load(sessionStorage),
  })
  readonly call = new Call(
    (message) => this.socket.send(message),
    (message) => (this.view.notice = message),
  )
  private alarmed = new Set<string>()
  private overdue = new Set<string>()
  private watched = new Set<string>()
  /** The conversation that is to be shown when it comes. */
  private wanted = sessionStorage.getItem(OPEN_KEY) ?? ''
  private readonly later = new Later(400)
  /** The last turn that this seat has seen, by conversation. */
  private seen: Record<string, number> = {}

  private readonly socket: ReconnectingSocket
  constructor(url: string, onRefused: () => void, options: Partial<SocketOptions> = {}) {
    this.socket = new ReconnectingSocket({
      url,
      onMessage: (message) => this.receive(message),
      onState: (state) => (this.view.connection = state),
      onOpen: () => this.resume(),
      onRefused,
      heartbeatMilliseconds: 5_000,
      longestDelayMilliseconds: 5_000, // back before the conversations are given to others
      ...options,
    })
  }

  connect(): void {
    this.socket.connect()
  }

  /** At the end of a login: what was typed stays on the server alone. */
  close(): void {
    this.later.close()
    this.call.close()
    this.socket.close()
    clear(sessionStorage)
    sessionStorage.removeItem(OPEN_KEY)
  }

  /** Open it: it is shown when it has come. Until then none is: what is typed now must not reach the one before. */
  watch(conversationId: string): void {
    this.wanted = conversationId
    if (this.view.open?.id !== conversationId) this.view.open = null
    sessionStorage.setItem(OPEN_KEY, conversationId)
    this.socket.send({ type: 'watch', conversation_id: conversationId })
  }

  claim(conversationId: string): void {
    this.socket.send({ type: 'claim', conversation_id: conversationId })
  }

  /** My conversations as they are listed: what was put aside stands last. */
  inOrder(): Card[] {
    const aside = (card: Card): boolean => Boolean(card.snoozed_until) && !this.view.unread[card.conversation_id]
    return [...this.view.mine.filter((card) => !aside(card)), ...this.view.mine.filter(aside)]
  }

  /** It is somebody else's now: what is typed next must not reach it. */
  private closed(): void {
    this.wanted = ''
    this.view.open = null
    sessionStorage.removeItem(OPEN_KEY)
  }

  /** The next of them, or the one before. */
  step(by: number): void {
    const cards = this.inOrder()
    if (!cards.length) return
    const at = cards.findIndex((card) => card.conversation_id === this.view.open?.id)
    const next = cards[(at + by + cards.length) % cards.length] ?? cards[0]
    if (next) this.watch(next.conversation_id)
  }

  /** Take it. Whatever was open is closed at once: the next key belongs to the new conversation. */
  accept(): void {
    if (!this.view.offer) return
    this.view.open = null
    this.socket.send({ type: 'accept', conversation_id: this.view.offer.conversation_id })
  }

  decline(): void {
    if (!this.view.offer) return
    this.socket.send({ type: 'decline', conversation_id: this.view.offer.conversation_id })
    this.view.offer = null
  }

  choose(state: 'available' | 'wrap_up' | 'break', reason = ''): void {
    this.socket.send({ type: 'presence', state, reason })
  }

  tag(conversationId: string, tags: string[]): void {
    this.socket.send({ type: 'tags', conversation_id: conversationId, tags })
  }

  /** 0 minutes: it is at hand again. */
  snooze(conversationId: string, minutes: number): void {
    this.socket.send({ type: 'snooze', conversation_id: conversationId, minutes })
  }

  /** What the tab keeps over a reload. */
  private keep(): void {
    save(sessionStorage, this.view)
  }

  draft(conversationId: string, text: string): void {
    this.view.drafts[conversationId] = text
    this.keep()
    this.later.run(`draft ${conversationId}`, () => this.socket.send({ type: 'draft', conversation_id: conversationId, text }))
  }

  /** A field of the order that the seat has written: from now on it is hers. */
  fill(conversationId: string, values: Record<string, FieldValue>): void {
    const fields = (this.view.forms[conversationId] = { ...this.view.forms[conversationId], ...values })
    this.keep()
    this.later.run(`form ${conversationId}`, () => this.socket.send({ type: 'form', conversation_id: conversationId, fields }))
  }

  /** The order was filed, so the next one of this conversation begins anew. */
  emptyForm(conversationId: string): void {
    this.later.cancel(`form ${conversationId}`)
    this.view.forms[conversationId] = {}
    this.keep()
    this.socket.send({ type: 'form', conversation_id: conversationId, fields: {} })
  }

  /** A note for colleagues that is being written. */
  note(conversationId: string, text: string): void {
    this.view.notes[conversationId] = text
    this.keep()
  }

  /** What the conversation was, chosen before its end. */
  choseCode(conversationId: string, code: string): void {
    this.view.codes[conversationId] = code
    this.keep()
  }

  /** An order was filed here: number and tracking code stay at hand, and the next one of this conversation begins anew. */
  hasFiled(conversationId: string, order: FiledOrder): void {
    this.view.filed[conversationId] = order
    const open = this.view.open
    if (open?.id === conversationId && !open.snapshot.orders.includes(order.order_no)) open.snapshot.orders.push(order.order_no)
    this.emptyForm(conversationId)
  }

  giveBack(conversationId: string): void {
    this.socket.send({ type: 'give_back', conversation_id: conversationId })
  }

  /** The conversation that is open, where it is this seat's. */
  held(): string | undefined {
    return this.view.mine.find((card) => card.conversation_id === this.view.open?.id)?.conversation_id
  }

  /** It is over: with the wrap-up that was chosen, or the one that such an end usually has. */
  end(disposition: 'answered' | 'callback'): void {
    const id = this.held()
    if (id) this.finish(id, disposition, this.view.codes[id] || (disposition === 'answered' ? 'consulted' : 'other'))
  }

  finish(conversationId: string, disposition: string, code = '', note = ''): void {
    this.later.cancel(`draft ${conversationId}`)
    this.socket.send({ type: 'finish', conversation_id: conversationId, disposition, code, note })
  }

  /** A message that cannot leave now is kept and sent, once, after the next reconnect. */
  say(conversationId: string, text: string): void {
    const message = { conversation_id: conversationId, text, client_message_id: newMessageId() }
    this.view.unsent.push(message)
    this.socket.send({ type: 'say', ...message })
    this.later.cancel(`draft ${conversationId}`)
    this.view.drafts[conversationId] = ''
    this.keep()
    this.showUnsent()
  }

  private resume(): void {
    this.watched.clear()
    if (this.wanted) this.watch(this.wanted)
    for (const message of this.view.unsent) this.socket.send({ type: 'say', ...message })
  }

  private receive(message: Record<string, unknown>): void {
    if (this.call.receive(message)) return
    switch (message.type) {
      case 'hello':
        this.view.seat = message.seat as SeatAccount
        this.view.breakReasons = (message.break_reasons as string[] | undefined) ?? []
        this.view.wrapUpCodes = (message.wrap_up_codes as Record<string, string> | undefined) ?? {}
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
      case 'mentioned':
        this.view.notice = String(message.message)
        this.view.mentioned = message.conversation_id as string
        notify('同事在备注里提到了您', 'mentioned')
        break
      case 'passed_on':
        this.view.notice = String(message.message)
        this.watch(message.conversation_id as string)
        break
      case 'taken_away':
        this.view.notice = String(message.message)
        if (this.wanted === message.conversation_id) this.closed()
        break
      case 'refused':
      case 'error':
        this.view.notice = String(message.message ?? '操作没有成功，请再试一次。')
        this.refused(message)
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
    this.view.presence = (message.presence as Presence | undefined) ?? null
    this.offered(message.offer as (Card & { seconds_left: number }) | null | undefined)
    const cards = [...this.view.queue, ...this.view.mine]
    if (newAlarms(this.alarmed, cards).length) sound('danger')
    else if (newlyOverdue(this.overdue, this.view.queue).length) sound('offer')
    this.alarmed = new Set(cards.filter((card) => card.alarm).map((card) => card.conversation_id))
    this.overdue = new Set(this.view.queue.filter((card) => card.overdue).map((card) => card.conversation_id))
    this.watchMine()
  }

  private offered(card: (Card & { seconds_left: number }) | null | undefined): void {
    const before = this.view.offer?.conversation_id
    this.view.offer = card ? { ...card, until: Date.now() + card.seconds_left * 1_000 } : null
    if (card && card.conversation_id !== before) {
      sound('offer')
      notify('有市民等您接待', 'offer')
    }
  }

  /** Every conversation in hand is followed, so that unread words are seen and switching needs no wait. */
  private watchMine(): void {
    const mine = new Set(this.view.mine.map((card) => card.conversation_id))
    for (const id of mine) if (!this.watched.has(id)) this.socket.send({ type: 'watch', conversation_id: id })
    this.watched = mine
    for (const id of Object.keys(this.view.unread)) if (!mine.has(id)) delete this.view.unread[id]
  }

  private conversation(message: Record<string, unknown>): void {
    const id = message.conversation_id as string
    const turns = (message.transcript as Turn[] | undefined) ?? []
    for (const turn of turns) this.settled(turn)
    if (typeof message.draft === 'string' && this.view.drafts[id] === undefined) this.view.drafts[id] = message.draft
    if (message.form && this.view.forms[id] === undefined) this.view.forms[id] = message.form as Record<string, FieldValue>
    if (id !== this.wanted) {
      this.seen[id] ??= turns.at(-1)?.seq ?? 0
      return
    }
    this.view.open = { id, turns, snapshot: message.snapshot as Snapshot, unsent: [] }
    this.looked(id)
    this.showUnsent()
  }

  private turn(conversationId: string, turn: Turn): void {
    this.settled(turn)
    const open = this.view.open
    if (open?.id === conversationId && turn.seq > (open.turns.at(-1)?.seq ?? 0)) open.turns.push(turn)
    if (turn.role === 'citizen' && turn.seq > (this.seen[conversationId] ?? 0)) {
      if (open?.id !== conversationId || document.hidden) {
        this.view.unread[conversationId] = (this.view.unread[conversationId] ?? 0) + 1
        sound('message')
        notify('市民有新消息', conversationId)
      }
    }
    this.seen[conversationId] = Math.max(turn.seq, this.seen[conversationId] ?? 0)
    this.showUnsent()
  }

  /** The seat sees this conversation: nothing in it is unread. */
  looked(conversationId: string): void {
    delete this.view.unread[conversationId]
    this.seen[conversationId] = this.view.open?.turns.at(-1)?.seq ?? 0
  }

  private settled(turn: Turn): void {
    this.taken(turn.client_message_id ?? turn.meta?.client_message_id)
  }

  /** A reply that will never be taken is no longer under way: it stands in the field again. */
  private refused(error: Record<string, unknown>): void {
    if (PASSING.has(String(error.code))) return
    const words = this.taken(error.client_message_id)
    if (!words) return
    const typed = this.view.drafts[words.conversation_id] ?? ''
    this.draft(words.conversation_id, typed ? `${words.text}\n${typed}` : words.text)
    this.showUnsent()
  }

  /** No longer under way. */
  private taken(id: unknown): UnsentMessage | undefined {
    const found = this.view.unsent.find((message) => message.client_message_id === id)
    if (found) {
      this.view.unsent = this.view.unsent.filter((message) => message !== found)
      this.keep()
    }
    return found
  }

  private showUnsent(): void {
    const open = this.view.open
    if (open) open.unsent = this.view.unsent.filter((message) => message.conversation_id === open.id).map(({ text }) => text)
  }
}

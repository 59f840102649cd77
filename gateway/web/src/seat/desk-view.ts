/** What a page of the desk shows: the shapes that `desk.ts` fills. */

import type { SocketState } from '../shared/socket'
import type { Card, SeatAccount, Snapshot, Turn } from '../shared/types'
import type { Macro } from './macros'
import type { FieldValue, FiledOrder, UnsentMessage } from './typed'

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

/** A card that the desk offers to this seat; `until` is by this browser's clock, in milliseconds. */
export interface Offer extends Card {
  until: number
}

export interface Presence {
  state: 'available' | 'wrap_up' | 'break' | 'offline'
  reason: string
  since: string
  until: string | null
}

export type SideTab = 'order' | 'knowledge' | 'replies' | 'notes' | 'history'

export interface DeskView {
  seat: SeatAccount | null
  offer: Offer | null
  presence: Presence | null
  breakReasons: string[]
  wrapUpCodes: Record<string, string>
  /** What the citizen has said since this seat last looked, by conversation. */
  unread: Record<string, number>
  /** The fields of the order that this seat has touched, by conversation. */
  forms: Record<string, Record<string, FieldValue>>
  side: SideTab
  macros: Macro[]
  /** What the conversation was, chosen before its end, by conversation. */
  codes: Record<string, string>
  /** The order that was last filed here, by conversation. */
  filed: Record<string, FiledOrder>
  /** A conversation in whose notes a colleague named this seat. */
  mentioned: string
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
  /** The same of notes for colleagues. */
  notes: Record<string, string>
  /** Replies that the core has not taken yet. */
  unsent: UnsentMessage[]
}

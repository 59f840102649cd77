/** The calls that this seat sees: who is in them, and the seat's own voice. Fed by `/ws/seat`, part of the desk. */

import { reactive } from 'vue'

import type { SeatAccount } from '../shared/types'
import { CallLine, type AudioAddress, type LineState } from './call-line'

export interface CallLeg {
  leg_id: string
  role: 'seat' | 'third' | 'listener' | 'whisperer'
  via: string
  name: string
  seat_id: string | null
  state: string
  muted: boolean
  held: boolean
}

export interface CallPeople {
  on_phone: boolean
  caller: { muted: boolean; held: boolean }
  legs: CallLeg[]
}

export interface CallView {
  people: Record<string, CallPeople>
  colleagues: SeatAccount[]
  /** The conversation in which this browser talks, and how its line stands. */
  talking: string
  line: LineState
}

export type Send = (message: Record<string, unknown>) => void
type Line = Pick<CallLine, 'prepare' | 'open' | 'close'>

export class Call {
  readonly view: CallView = reactive({ people: {}, colleagues: [], talking: '', line: 'off' })
  private readonly line: Line

  constructor(
    private readonly send: Send,
    private readonly notice: (message: string) => void,
    makeLine: (onState: (state: LineState, message: string) => void) => Line = (onState) => new CallLine(onState),
  ) {
    this.line = makeLine((state, message) => this.lineChanged(state, message))
  }

  /** `connect` to talk; for leaders `listen`, `whisper`, `join`. */
  async talk(conversationId: string, action: 'connect' | 'listen' | 'whisper' | 'join'): Promise<void> {
    if (this.view.talking === conversationId && this.view.line === 'on') {
      this.act(conversationId, action)
      return
    }
    this.view.talking = conversationId
    if (await this.line.prepare()) this.act(conversationId, action, { via: 'browser' })
  }

  /** The seat's own telephone is called. */
  ring(conversationId: string, sipUri: string): void {
    this.line.close()
    this.act(conversationId, 'connect', { via: 'sip', sip_uri: sipUri })
  }

  leave(conversationId: string): void {
    this.act(conversationId, 'disconnect')
    this.line.close()
  }

  /** The leg of this seat in a call: on its way or there. */
  own(conversationId: string, seatId: string | undefined): CallLeg | undefined {
    return this.view.people[conversationId]?.legs.find((leg) => leg.seat_id === seatId)
  }

  /** By one key each: the own voice comes in or goes, is muted or not, the caller waits or does not. */
  toggle(what: 'talk' | 'mute' | 'hold', conversationId: string, seatId: string | undefined): void {
    const people = this.view.people[conversationId]
    if (!people?.on_phone) return
    const own = this.own(conversationId, seatId)
    if (what === 'talk') {
      if (own) this.leave(conversationId)
      else void this.talk(conversationId, 'connect')
    } else if (!own) this.notice('您还不在通话里。')
    else if (what === 'mute') this.act(conversationId, own.muted ? 'unmute' : 'mute')
    else this.act(conversationId, people.caller.held ? 'unhold' : 'hold')
  }

  act(conversationId: string, action: string, fields: Record<string, unknown> = {}): void {
    this.send({ type: 'audio', conversation_id: conversationId, action, ...fields })
  }

  /** True where the message was about a call. */
  receive(message: Record<string, unknown>): boolean {
    switch (message.type) {
      case 'legs':
        this.view.people[message.conversation_id as string] = message as unknown as CallPeople
        return true
      case 'audio':
        if (message.address) this.line.open(message.address as AudioAddress)
        else if (message.state === 'failed') {
          this.notice(String(message.message ?? '没有接通。'))
          if (message.via === 'browser') this.line.close()
        }
        return true
      case 'colleagues':
        this.view.colleagues = message.seats as SeatAccount[]
        return true
      default:
        return false
    }
  }

  close(): void {
    this.line.close()
  }

  private lineChanged(state: LineState, message: string): void {
    this.view.line = state
    if (state === 'off') this.view.talking = ''
    if (message) this.notice(message)
  }
}

/**
 * A spoken message on its way: its frames leave while it is spoken, and are kept until it was answered, so that one
 * over which the line dropped is told again whole, under the same identifier.
 */

import { newMessageId } from '../shared/outbox'

export interface VoiceLine {
  send(message: Record<string, unknown>): boolean
  sendBytes(bytes: ArrayBuffer): boolean
}

const FRAMES_AT_ONCE = 5 // 100 ms a message

export class SpokenMessage {
  readonly id = newMessageId()
  ended = false
  private parts: ArrayBuffer[] = []
  private waiting: ArrayBuffer[] = []

  constructor(private readonly line: VoiceLine) {
    this.mark('voice_begin')
  }

  push(frame: ArrayBuffer): void {
    if (this.ended) return
    this.waiting.push(frame)
    if (this.waiting.length >= FRAMES_AT_ONCE) this.flush()
  }

  end(): void {
    if (this.ended) return
    this.flush()
    this.ended = true
    this.mark('voice_end')
  }

  cancel(): void {
    this.ended = true
    this.mark('voice_cancel')
  }

  /** The line is new: it has heard nothing of this message. */
  again(): void {
    this.mark('voice_begin')
    for (const part of this.parts) this.line.sendBytes(part)
    if (this.ended) this.mark('voice_end')
  }

  private flush(): void {
    if (!this.waiting.length) return
    const part = joined(this.waiting)
    this.waiting = []
    this.parts.push(part)
    this.line.sendBytes(part)
  }

  private mark(type: string): void {
    this.line.send({ type, client_message_id: this.id })
  }
}

function joined(frames: ArrayBuffer[]): ArrayBuffer {
  const whole = new Uint8Array(frames.reduce((sum, frame) => sum + frame.byteLength, 0))
  let at = 0
  for (const frame of frames) {
    whole.set(new Uint8Array(frame), at)
    at += frame.byteLength
  }
  return whole.buffer
}

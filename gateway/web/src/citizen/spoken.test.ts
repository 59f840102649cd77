import { describe, expect, it } from 'vitest'

import { SpokenMessage } from './spoken'

const frame = (value: number): ArrayBuffer => new Int16Array(320).fill(value).buffer

/** What a server hears: marks by their type, sound by its length in bytes. */
function heard() {
  const told: (string | number)[] = []
  const line = {
    up: true,
    send(message: Record<string, unknown>): boolean {
      if (this.up) told.push(String(message.type))
      return this.up
    },
    sendBytes(bytes: ArrayBuffer): boolean {
      if (this.up) told.push(bytes.byteLength)
      return this.up
    },
  }
  return { line, told }
}

describe('SpokenMessage', () => {
  it('leaves while it is spoken, and loses no frame at its end', () => {
    const { line, told } = heard()
    const message = new SpokenMessage(line)
    for (let count = 0; count < 12; count++) message.push(frame(count))
    expect(told).toEqual(['voice_begin', 3_200, 3_200])
    message.end()
    expect(told.slice(3)).toEqual([1_280, 'voice_end'])
    message.push(frame(1))
    message.end()
    expect(told).toHaveLength(5)
  })

  it('is told again whole when the line is new', () => {
    const { line, told } = heard()
    const message = new SpokenMessage(line)
    line.up = false
    for (let count = 0; count < 5; count++) message.push(frame(count))
    message.end()
    expect(told).toEqual(['voice_begin'])
    line.up = true
    message.again()
    expect(told.slice(1)).toEqual(['voice_begin', 3_200, 'voice_end'])
  })
})

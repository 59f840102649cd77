import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { REFUSED_CODE, ReconnectingSocket, type SocketState } from './socket'

class FakeSocket {
  static made: FakeSocket[] = []
  readyState = 0
  sent: string[] = []
  onopen: (() => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null

  constructor() {
    FakeSocket.made.push(this)
  }

  send(text: string): void {
    this.sent.push(text)
  }

  close(): void {
    this.drop(1000)
  }

  open(): void {
    this.readyState = 1
    this.onopen?.()
  }

  drop(code = 1006): void {
    this.readyState = 3
    this.onclose?.({ code })
  }
}

function make(extra: Partial<ConstructorParameters<typeof ReconnectingSocket>[0]> = {}) {
  const states: SocketState[] = []
  const socket = new ReconnectingSocket({
    url: 'ws://test/ws',
    onMessage: () => undefined,
    onState: (state) => states.push(state),
    onOpen: () => undefined,
    create: () => new FakeSocket() as unknown as WebSocket,
    random: () => 1,
    ...extra,
  })
  return { socket, states }
}

describe('ReconnectingSocket', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    FakeSocket.made = []
  })
  afterEach(() => vi.useRealTimers())

  it('comes back with growing delays, and starts small again after a success', () => {
    const { socket, states } = make({ firstDelayMilliseconds: 100, longestDelayMilliseconds: 400 })
    socket.connect()
    FakeSocket.made[0]!.drop()
    vi.advanceTimersByTime(99)
    expect(FakeSocket.made).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(FakeSocket.made).toHaveLength(2)
    FakeSocket.made[1]!.drop()
    vi.advanceTimersByTime(199)
    expect(FakeSocket.made).toHaveLength(2)
    vi.advanceTimersByTime(1)
    FakeSocket.made[2]!.open()
    FakeSocket.made[2]!.drop()
    vi.advanceTimersByTime(100)
    expect(FakeSocket.made).toHaveLength(4)
    expect(states.at(-1)).toBe('connecting')
  })

  it('does not come back after the server refused it', () => {
    const onRefused = vi.fn()
    const { socket } = make({ onRefused })
    socket.connect()
    FakeSocket.made[0]!.open()
    FakeSocket.made[0]!.drop(REFUSED_CODE)
    vi.advanceTimersByTime(60_000)
    expect(FakeSocket.made).toHaveLength(1)
    expect(onRefused).toHaveBeenCalledOnce()
  })

  it('says whether a message left', () => {
    const { socket } = make()
    socket.connect()
    expect(socket.send({ type: 'x' })).toBe(false)
    FakeSocket.made[0]!.open()
    expect(socket.send({ type: 'x' })).toBe(true)
    expect(FakeSocket.made[0]!.sent).toEqual(['{"type":"x"}'])
  })

  it('sends a heartbeat while it is open and none afterwards', () => {
    const { socket } = make({ heartbeatMilliseconds: 1_000 })
    socket.connect()
    FakeSocket.made[0]!.open()
    vi.advanceTimersByTime(3_000)
    expect(FakeSocket.made[0]!.sent).toHaveLength(3)
    socket.close()
    vi.advanceTimersByTime(3_000)
    expect(FakeSocket.made[0]!.sent).toHaveLength(3)
  })
})

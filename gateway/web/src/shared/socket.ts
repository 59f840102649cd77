/**
 * A websocket that comes back: exponential back-off with jitter, a heartbeat, and one callback for each state.
 * It sends nothing by itself after a reconnect; what must not be lost is kept by the caller (see `outbox.ts`).
 */

export type SocketState = 'connecting' | 'open' | 'waiting' | 'closed'

export interface SocketOptions {
  url: string
  onMessage: (message: Record<string, unknown>) => void
  onState: (state: SocketState) => void
  /** Called on every (re)connect, before anything else may be sent. */
  onOpen: () => void
  /** Called when the server refuses us for good (close code 4401). */
  onRefused?: () => void
  heartbeatMilliseconds?: number
  firstDelayMilliseconds?: number
  longestDelayMilliseconds?: number
  create?: (url: string) => WebSocket
  random?: () => number
}

export const REFUSED_CODE = 4401

export class ReconnectingSocket {
  private socket: WebSocket | null = null
  private attempts = 0
  private timer: ReturnType<typeof setTimeout> | null = null
  private heartbeat: ReturnType<typeof setInterval> | null = null
  private ended = false

  constructor(private readonly options: SocketOptions) {}

  connect(): void {
    if (this.ended) return
    this.options.onState('connecting')
    const create = this.options.create ?? ((url: string) => new WebSocket(url))
    const socket = create(this.options.url)
    this.socket = socket
    socket.onopen = () => {
      this.attempts = 0
      this.options.onState('open')
      this.options.onOpen()
      this.heartbeat = setInterval(() => this.send({ type: 'ping' }), this.options.heartbeatMilliseconds ?? 5_000)
    }
    socket.onmessage = (event: MessageEvent) => {
      let message: unknown
      try {
        message = JSON.parse(String(event.data))
      } catch {
        console.error('the server sent something that is not JSON')
        return
      }
      if (typeof message === 'object' && message !== null) this.options.onMessage(message as Record<string, unknown>)
    }
    socket.onclose = (event: CloseEvent) => {
      if (this.heartbeat) clearInterval(this.heartbeat)
      this.heartbeat = null
      if (this.socket !== socket) return
      this.socket = null
      if (event.code === REFUSED_CODE) {
        this.ended = true
        this.options.onState('closed')
        this.options.onRefused?.()
      } else if (!this.ended) {
        this.retryLater()
      }
    }
  }

  /** Returns whether the message left; false means that the line is down. */
  send(message: Record<string, unknown>): boolean {
    if (this.socket?.readyState !== 1) return false
    this.socket.send(JSON.stringify(message))
    return true
  }

  /** The same for bytes. */
  sendBytes(bytes: ArrayBuffer): boolean {
    if (this.socket?.readyState !== 1) return false
    this.socket.send(bytes)
    return true
  }

  /** Try again at once, for example when the browser says that it is online again. */
  retryNow(): void {
    if (this.socket || this.ended) return
    if (this.timer) clearTimeout(this.timer)
    this.connect()
  }

  close(): void {
    this.ended = true
    if (this.timer) clearTimeout(this.timer)
    this.socket?.close()
    this.options.onState('closed')
  }

  private retryLater(): void {
    const first = this.options.firstDelayMilliseconds ?? 500
    const longest = this.options.longestDelayMilliseconds ?? 15_000
    const delay = Math.min(longest, first * 2 ** this.attempts)
    const jitter = 0.5 + (this.options.random ?? Math.random)() / 2
    this.attempts += 1
    this.options.onState('waiting')
    this.timer = setTimeout(() => this.connect(), delay * jitter)
  }
}

export function socketUrl(path: string): string {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return `${scheme}//${location.host}${path}`
}

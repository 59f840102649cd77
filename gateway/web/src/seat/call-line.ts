/** The seat's voice in a call: microphone and loudspeaker joined to the phone by one websocket of PCM frames. */

import { RATE_HZ } from '../shared/pcm'
import workletUrl from './pcm-worklet.ts?worker&url'

/** Where the phone waits for this browser; the ticket is good once and for seconds. */
export interface AudioAddress {
  url: string
  port: number
  tls: boolean
  ticket: string
}

export type LineState = 'off' | 'connecting' | 'on'

export function lineUrl(address: AudioAddress, hostname: string): string {
  const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  const base = address.url || `${address.tls ? 'wss' : 'ws'}://${host}:${address.port}`
  return `${base}/seat-audio?${new URLSearchParams({ ticket: address.ticket, rate: String(RATE_HZ) }).toString()}`
}

export class CallLine {
  private socket: WebSocket | null = null
  private context: AudioContext | null = null
  private microphone: MediaStream | null = null
  private attempt = 0

  /** `onState` is called with every change; the message says what went wrong, in the seat's words. */
  constructor(private readonly onState: (state: LineState, message: string) => void) {}

  /** Ask for the microphone: before the ticket, whose seconds run while a person reads a dialogue. */
  async prepare(): Promise<boolean> {
    this.close()
    const attempt = ++this.attempt
    this.onState('connecting', '')
    try {
      const microphone = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
      })
      if (attempt !== this.attempt) {
        stop(microphone)
        return false
      }
      this.microphone = microphone
      this.context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: 'interactive' })
      await this.context.audioWorklet.addModule(workletUrl)
      return attempt === this.attempt
    } catch {
      this.end('没有麦克风可用：请允许本页使用麦克风，或改用话机。')
      return false
    }
  }

  open(address: AudioAddress): void {
    const { context, microphone } = this
    if (!context || !microphone) return
    const socket = new WebSocket(lineUrl(address, location.hostname))
    socket.binaryType = 'arraybuffer'
    this.socket = socket
    const node = new AudioWorkletNode(context, 'call-audio', { numberOfInputs: 1, numberOfOutputs: 1 })
    node.port.onmessage = (event: MessageEvent<ArrayBuffer>) => {
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < 64_000) socket.send(event.data)
    }
    socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
      if (event.data instanceof ArrayBuffer) node.port.postMessage(event.data, [event.data])
    }
    socket.onopen = () => {
      context.createMediaStreamSource(microphone).connect(node).connect(context.destination)
      void context.resume()
      this.onState('on', '')
    }
    socket.onclose = (event) => {
      if (this.socket === socket) this.end(event.wasClean ? '' : '通话的语音断开了。')
    }
  }

  close(): void {
    if (this.socket || this.context || this.microphone) this.end('')
  }

  private end(message: string): void {
    this.attempt++
    const { socket, context, microphone } = this
    this.socket = this.context = this.microphone = null
    socket?.close()
    void context?.close()
    if (microphone) stop(microphone)
    this.onState('off', message)
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

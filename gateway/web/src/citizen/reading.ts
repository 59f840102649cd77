/** Reads what we said aloud, in our own voice: part after part, the next one fetched while this one is heard. */

import { reactive } from 'vue'

import { ApiError } from '../shared/api'

export interface Reading {
  /** The line that is being read, by its number in the conversation. */
  seq: number | null
  trouble: string
}

/** One part of a line; null where there are no more. Throws ApiError. */
export type Fetch = (seq: number, part: number) => Promise<Blob | null>

/** Plays a part to its end, or until `stop` is called. */
export interface Player {
  play(part: Blob): Promise<void>
  stop(): void
}

export class Reader {
  readonly view: Reading = reactive({ seq: null, trouble: '' })
  private waiting: number[] = []
  private round = 0 // whoever stops makes the running one the last

  constructor(
    private readonly fetch: Fetch,
    private readonly player: Player,
  ) {}

  /** After what is being read. */
  add(seq: number): void {
    this.waiting.push(seq)
    if (this.view.seq === null) void this.run()
  }

  /** At once, in place of everything else; the same one again stops. */
  toggle(seq: number): void {
    const again = this.view.seq === seq
    this.stop()
    if (!again) this.add(seq)
  }

  stop(): void {
    this.round += 1
    this.waiting = []
    this.view.seq = null
    this.player.stop()
  }

  private async run(): Promise<void> {
    const round = ++this.round
    this.view.trouble = ''
    try {
      for (let seq = this.waiting.shift(); seq !== undefined; seq = this.waiting.shift()) {
        this.view.seq = seq
        await this.read(seq, round)
        if (round !== this.round) return
      }
    } catch (error) {
      if (round !== this.round) return
      this.waiting = []
      this.view.trouble = error instanceof ApiError ? error.message : '这台设备现在放不出声音。'
    }
    this.view.seq = null
  }

  private async read(seq: number, round: number): Promise<void> {
    let next = this.fetch(seq, 0)
    for (let number = 1; ; number++) {
      const part = await next
      if (!part || round !== this.round) return
      next = this.fetch(seq, number)
      next.catch(() => undefined) // it is looked at when this part was heard
      await this.player.play(part)
      if (round !== this.round) return
    }
  }
}

/** Parts as the service gives them. */
export function partsOf(conversationId: () => string | null): Fetch {
  const counts = new Map<number, number>()
  return async (seq, part) => {
    if (part >= (counts.get(seq) ?? Infinity)) return null
    const path = `/api/v1/chat/${encodeURIComponent(conversationId() ?? '')}/speech/${seq}?part=${part}`
    let response: Response
    try {
      response = await fetch(path, { credentials: 'same-origin' })
    } catch {
      throw new ApiError('网络不通，暂时不能朗读。', 0, 'network')
    }
    if (!response.ok) throw new ApiError('现在不能朗读，请稍后再试。', response.status, 'speech')
    counts.set(seq, Number(response.headers.get('X-Speech-Parts') ?? 1))
    return response.blob()
  }
}

export class AudioPlayer implements Player {
  private readonly audio = new Audio()
  private done: (() => void) | null = null

  play(part: Blob): Promise<void> {
    const address = URL.createObjectURL(part)
    return new Promise<void>((resolve, reject) => {
      this.done = resolve
      this.audio.onended = () => resolve()
      this.audio.onerror = () => reject(new Error('the sound cannot be played'))
      this.audio.src = address
      this.audio.play().catch((error: unknown) => (this.done ? reject(error as Error) : resolve()))
    }).finally(() => {
      this.done = null
      URL.revokeObjectURL(address)
    })
  }

  stop(): void {
    const done = this.done
    this.done = null
    this.audio.pause()
    done?.()
  }
}

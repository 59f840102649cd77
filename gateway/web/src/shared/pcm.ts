/** Audio of a call as numbers: PCM16 little endian on the wire, floats in the browser. Pure. */

export const RATE_HZ = 16_000
export const FRAME_SAMPLES = 320 // 20 ms

export function toPcm(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767))
}

export function fromPcm(pcm: Int16Array): Float32Array {
  return Float32Array.from(pcm, (value) => value / 32_768)
}

/** Cuts a stream of blocks of any size into frames of 20 ms. */
export class Framer {
  private readonly frame = new Float32Array(FRAME_SAMPLES)
  private filled = 0

  push(block: Float32Array): Int16Array[] {
    const frames: Int16Array[] = []
    for (const sample of block) {
      this.frame[this.filled++] = sample
      if (this.filled === FRAME_SAMPLES) {
        frames.push(toPcm(this.frame))
        this.filled = 0
      }
    }
    return frames
  }
}

/** What has come and was not played yet: starts when there is a little in hand, forgets the oldest when too much is. */
export class Playout {
  private blocks: Float32Array[] = []
  private offset = 0
  private flowing = false
  waiting = 0

  constructor(
    private readonly startSamples = 3 * FRAME_SAMPLES,
    private readonly capSamples = 15 * FRAME_SAMPLES,
  ) {}

  push(block: Float32Array): void {
    this.blocks.push(block)
    this.waiting += block.length
    while (this.waiting > this.capSamples) this.drop(Math.min(FRAME_SAMPLES, this.waiting))
    if (this.waiting >= this.startSamples) this.flowing = true
  }

  /** Fills `out`; silence where nothing has come. */
  pull(out: Float32Array): void {
    let at = 0
    while (this.flowing && at < out.length) {
      const block = this.blocks[0]
      if (!block) {
        this.flowing = false
        break
      }
      const piece = block.subarray(this.offset, this.offset + out.length - at)
      out.set(piece, at)
      at += piece.length
      this.take(piece.length, block)
    }
    out.fill(0, at)
  }

  private drop(samples: number): void {
    for (let left = samples; left > 0; ) {
      const block = this.blocks[0]
      if (!block) return
      const piece = Math.min(left, block.length - this.offset)
      this.take(piece, block)
      left -= piece
    }
  }

  private take(samples: number, block: Float32Array): void {
    this.offset += samples
    this.waiting -= samples
    if (this.offset >= block.length) {
      this.blocks.shift()
      this.offset = 0
    }
  }
}

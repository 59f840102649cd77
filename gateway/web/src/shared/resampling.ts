/** From the microphone's own rate to the recogniser's: a windowed sinc, computed as the blocks come. Pure. */

import { RATE_HZ } from './pcm'

const CROSSINGS = 10 // of the sinc, on each side: what folds back is below -50 dB
const STEPS = 64 // of the kernel's table between two samples
const PASSED = 0.9 // of the lower rate's half: the rest is the filter's slope

export class Resampler {
  private readonly step: number // samples of the input to one of the output
  private readonly half: number
  private readonly kernel: Float32Array
  private held: Float32Array
  private at: number // of the next output, in samples of `held`

  constructor(fromHz: number, toHz: number = RATE_HZ) {
    this.step = fromHz / toHz
    const cutoff = PASSED * Math.min(1, 1 / this.step)
    this.half = Math.ceil(CROSSINGS / cutoff)
    this.kernel = kernelOf(cutoff, this.half)
    this.held = new Float32Array(this.half)
    this.at = this.half
  }

  push(block: Float32Array): Float32Array {
    const input = new Float32Array(this.held.length + block.length)
    input.set(this.held)
    input.set(block, this.held.length)
    const out: number[] = []
    for (; this.at + this.half < input.length; this.at += this.step) out.push(this.sample(input, this.at))
    const kept = Math.max(0, Math.floor(this.at) - this.half)
    this.held = input.slice(kept)
    this.at -= kept
    return Float32Array.from(out)
  }

  private sample(input: Float32Array, at: number): number {
    let sum = 0
    const first = Math.max(0, Math.ceil(at - this.half))
    for (let index = first; index <= at + this.half; index++) {
      sum += (input[index] ?? 0) * (this.kernel[Math.round((index - at + this.half) * STEPS)] ?? 0)
    }
    return sum
  }
}

/** `cutoff`: of the input's half rate; a Hann window over the whole. */
function kernelOf(cutoff: number, half: number): Float32Array {
  return Float32Array.from({ length: 2 * half * STEPS + 1 }, (_, index) => {
    const time = index / STEPS - half
    const angle = Math.PI * cutoff * time
    const sinc = time === 0 ? cutoff : (cutoff * Math.sin(angle)) / angle
    return sinc * (0.5 + 0.5 * Math.cos((Math.PI * time) / half))
  })
}

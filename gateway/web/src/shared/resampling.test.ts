import { describe, expect, it } from 'vitest'

import { RATE_HZ } from './pcm'
import { Resampler } from './resampling'

/** One second of a tone through the resampler, in blocks as the browser gives them: what is heard of it (RMS). */
function heard(fromHz: number, toneHz: number): { samples: number; level: number } {
  const resampler = new Resampler(fromHz)
  const out: number[] = []
  for (let start = 0; start < fromHz; start += 128) {
    const block = Float32Array.from({ length: 128 }, (_, at) => Math.sin((2 * Math.PI * toneHz * (start + at)) / fromHz))
    out.push(...resampler.push(block))
  }
  const middle = out.slice(2_000, -2_000)
  return { samples: out.length, level: Math.sqrt(middle.reduce((sum, value) => sum + value * value, 0) / middle.length) }
}

describe('Resampler', () => {
  it.each([48_000, 44_100, 16_000, 8_000])('keeps speech and its length, from %i Hz', (fromHz) => {
    const tone = heard(fromHz, 1_000)
    expect(Math.abs(tone.samples - RATE_HZ)).toBeLessThan(200) // whole blocks are given
    expect(tone.level).toBeCloseTo(Math.SQRT1_2, 2)
  })

  it.each([48_000, 44_100])('lets nothing fold back into speech, from %i Hz', (fromHz) => {
    expect(heard(fromHz, 11_000).level).toBeLessThan(0.005)
  })
})

import { describe, expect, it } from 'vitest'

import { FRAME_SAMPLES, Framer, fromPcm, Playout, toPcm } from './pcm'

const ramp = (length: number, from = 1) => Float32Array.from({ length }, (_, index) => (from + index) / 32_768)

describe('pcm', () => {
  it('goes there and back, and clips what is too loud', () => {
    expect([...toPcm(Float32Array.from([0, 0.5, -0.5, 2, -2]))]).toEqual([0, 16_384, -16_383, 32_767, -32_767])
    expect([...fromPcm(Int16Array.from([-32_768, 0, 16_384]))]).toEqual([-1, 0, 0.5])
  })

  it('cuts blocks of 128 samples into frames of 20 ms', () => {
    const framer = new Framer()
    const frames = Array.from({ length: 10 }, () => framer.push(new Float32Array(128))).flat()
    expect(frames.map((frame) => frame.length)).toEqual([FRAME_SAMPLES, FRAME_SAMPLES, FRAME_SAMPLES, FRAME_SAMPLES])
  })
})

describe('playout', () => {
  it('waits for a little, plays in order, and is silent when it runs dry', () => {
    const playout = new Playout(640, 3_200)
    const out = new Float32Array(128).fill(9)
    playout.push(ramp(320))
    playout.pull(out)
    expect(out.every((value) => value === 0)).toBe(true)
    playout.push(ramp(320, 321))
    const heard: number[] = []
    for (let block = 0; block < 6; block++) {
      playout.pull(out)
      heard.push(...out)
    }
    expect(heard.slice(0, 640)).toEqual([...ramp(640)])
    expect(heard.slice(640).every((value) => value === 0)).toBe(true)
  })

  it('never falls behind by more than its cap', () => {
    const playout = new Playout(640, 3_200)
    for (let frame = 0; frame < 100; frame++) playout.push(ramp(320, frame * 320))
    expect(playout.waiting).toBeLessThanOrEqual(3_200)
    const out = new Float32Array(1)
    playout.pull(out)
    expect(Math.round(out[0]! * 32_768)).toBe(90 * 320)
  })
})

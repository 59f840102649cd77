import { expect, it } from 'vitest'

import { playable, STATES, type Recording } from './recordings'

const recording = (state: Recording['state']): Recording => ({ part: 1, at: '2026-01-05T00:00:00Z', state, url: '/x' })

it('plays what there is, and says where it is not all', () => {
  expect(playable(recording('whole'))).toBe(true)
  expect(STATES.whole).toBe('')
  expect(playable(recording('cut_off'))).toBe(true)
  expect(STATES.cut_off).toContain('没有录完整')
  for (const state of ['deleted', 'damaged'] as const) {
    expect(playable(recording(state))).toBe(false)
    expect(STATES[state]).not.toBe('')
  }
})

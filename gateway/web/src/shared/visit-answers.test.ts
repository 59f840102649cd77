import { describe, expect, it } from 'vitest'

import { steps } from './task-history'
import { empty, missing } from './visit-answers'

describe('what a citizen says of an answered order', () => {
  it('is one answer at least, and a reason where they are not satisfied', () => {
    expect(missing(empty())).toContain('至少')
    expect(missing({ ...empty(), note: '好' })).toContain('至少')
    expect(missing({ ...empty(), solved: false })).toBe('')
    expect(missing({ ...empty(), satisfied: false })).toContain('原因')
    expect(missing({ ...empty(), satisfied: false, reason: '办理结果' })).toBe('')
  })
})

describe('what happened to a task', () => {
  it('is told by who did it, by the clock of the city', () => {
    const told = steps([{ event: 'taken', text: '领取', who: '王坐席', at: '2026-01-05T02:00:00+00:00' }])
    expect(told).toEqual([expect.stringMatching(/^2026\/1\/5 10:00 王坐席 领取$/)])
    expect(steps(undefined)).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'

import { left, percent, size } from './orders'

const NOW = Date.parse('2026-11-02T02:00:00Z')

describe('left', () => {
  it('tells what is late, what is near and what has time', () => {
    expect(left('2026-11-02T01:30:00Z', NOW)).toEqual({ text: '已超期30分钟', level: 'late' })
    expect(left('2026-11-02T04:59:00Z', NOW)).toEqual({ text: '还剩2小时', level: 'soon' })
    expect(left('2026-11-09T02:00:00Z', NOW)).toEqual({ text: '还剩7天', level: 'calm' })
    expect(left(null, NOW)).toEqual({ text: '—', level: 'calm' })
  })
})

describe('figures', () => {
  it('shows a rate that nobody gave as none', () => {
    expect(percent(null)).toBe('—')
    expect(percent(0.876)).toBe('87.6%')
    expect(size(500)).toBe('1 KB')
    expect(size(3 * 1024 * 1024)).toBe('3.0 MB')
  })
})

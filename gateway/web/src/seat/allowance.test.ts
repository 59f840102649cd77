import { describe, expect, it } from 'vitest'

import { allowanceText } from './allowance'

describe('what WeChat still lets us send', () => {
  const until = '2026-01-07T02:05:00+00:00'

  it('is told with its number and its end, in the city’s time', () => {
    expect(allowanceText({ left: 4, until })).toMatch(/还可发送4条（1\/7 10:05前有效）/)
    expect(allowanceText({ left: 4, until })).not.toContain('链接')
  })

  it('tells of the link at the last one, and that nothing is lost after it', () => {
    expect(allowanceText({ left: 1, until })).toContain('网页链接')
    expect(allowanceText({ left: 0, until })).toContain('会保存')
    expect(allowanceText({ left: 3, until: null })).toContain('会保存')
  })
})

import { describe, expect, it } from 'vitest'

import { browser } from './account'

describe('whose browser it was', () => {
  it('is told by its name, and Edge is not Chrome', () => {
    expect(browser('Mozilla/5.0 … Chrome/130.0 Safari/537.36 Edg/130.0')).toBe('Edge')
    expect(browser('Mozilla/5.0 … Chrome/130.0 Safari/537.36')).toBe('Chrome')
    expect(browser('Mozilla/5.0 … Version/17 Safari/605')).toBe('Safari')
    expect(browser('curl/8')).toBe('curl/8')
    expect(browser('')).toBe('未知')
  })
})

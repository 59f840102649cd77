import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { differs, HIDDEN_MS, newUrgent, titled, VISIBLE_MS, watch } from './news'

describe('what is new', () => {
  it('names the urgent orders that were not there before', () => {
    expect(newUrgent(new Set(['a']), { waiting: 2, urgent: ['a', 'b'] })).toEqual(['b'])
    expect(newUrgent(new Set(['a', 'b']), { waiting: 2, urgent: ['a'] })).toEqual([])
  })

  it('reads the list again only where something changed', () => {
    expect(differs(null, { waiting: 0, urgent: [] })).toBe(true)
    expect(differs({ waiting: 1, urgent: ['a'] }, { waiting: 1, urgent: ['a'] })).toBe(false)
    expect(differs({ waiting: 1, urgent: ['a'] }, { waiting: 1, urgent: ['b'] })).toBe(true)
  })

  it('puts the number into the title', () => {
    expect(titled('承办单位 · 12345', 3)).toBe('（3件待签收）承办单位 · 12345')
    expect(titled('承办单位 · 12345', 0)).toBe('承办单位 · 12345')
  })
})

class Page {
  hidden = false
  private readonly heard = new Set<() => void>()

  addEventListener(_: string, listener: unknown): void {
    this.heard.add(listener as () => void)
  }

  removeEventListener(_: string, listener: unknown): void {
    this.heard.delete(listener as () => void)
  }

  turn(hidden: boolean): void {
    this.hidden = hidden
    for (const listener of this.heard) listener()
  }
}

describe('watch', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('looks at once, every half minute, and more seldom behind other windows', async () => {
    const page = new Page()
    const look = vi.fn(() => Promise.resolve())
    const end = watch(look, page as unknown as Document)
    await vi.advanceTimersByTimeAsync(0)
    expect(look).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(2 * VISIBLE_MS)
    expect(look).toHaveBeenCalledTimes(3)
    page.turn(true)
    await vi.advanceTimersByTimeAsync(VISIBLE_MS + 2 * HIDDEN_MS)
    expect(look).toHaveBeenCalledTimes(6)
    page.turn(false)
    await vi.advanceTimersByTimeAsync(0)
    expect(look).toHaveBeenCalledTimes(7)
    end()
    await vi.advanceTimersByTimeAsync(10 * VISIBLE_MS)
    page.turn(false)
    expect(look).toHaveBeenCalledTimes(7)
  })

  it('does not look twice at the same time', async () => {
    const page = new Page()
    let finish = (): void => undefined
    const look = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)))
    const end = watch(look, page as unknown as Document)
    page.turn(false)
    await vi.advanceTimersByTimeAsync(5 * VISIBLE_MS)
    expect(look).toHaveBeenCalledTimes(1)
    finish()
    await vi.advanceTimersByTimeAsync(VISIBLE_MS)
    expect(look).toHaveBeenCalledTimes(2)
    end()
  })
})

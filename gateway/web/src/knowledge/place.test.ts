import { describe, expect, it } from 'vitest'

import { addressOf, placeOf, type Place } from './place'

describe('the address', () => {
  it('gives back each place', () => {
    const places: Place[] = [
      { kind: 'entry', id: 'a/b 你?#%' },
      { kind: 'list', q: '', topic: '', page: 1 },
      { kind: 'list', q: '居住证 & 社保', topic: '户籍', page: 3 },
    ]
    for (const place of places) {
      const url = new URL(addressOf(place), 'http://localhost')
      expect(placeOf(url.pathname, url.search)).toEqual(place)
    }
  })

  it('that makes no sense opens the list or stays an unknown entry', () => {
    expect(placeOf('/knowledge/', '?page=-2&q=%20')).toEqual({ kind: 'list', q: '', topic: '', page: 1 })
    expect(placeOf('/knowledge', '?page=x')).toEqual({ kind: 'list', q: '', topic: '', page: 1 })
    expect(placeOf('/knowledge/%E4%', '')).toEqual({ kind: 'entry', id: '%E4%' })
  })
})

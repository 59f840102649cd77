import { beforeEach, describe, expect, it, vi } from 'vitest'

import { OUTBOX_KEY } from '../shared/outbox'
import { CONVERSATION_KEY } from './conversation'
import { takeLinked } from './linked'

const ID = 'c_01ARZ3NDEKTSV4RRFFQ69G5FAV'

describe('a link from WeChat', () => {
  beforeEach(() => sessionStorage.clear())

  function open(hash: string) {
    const replaceState = vi.fn()
    takeLinked({ hash, pathname: '/', search: '?a=1' }, { replaceState }, sessionStorage)
    return replaceState
  }

  it('makes the conversation this tab’s own and leaves the address', () => {
    sessionStorage.setItem(OUTBOX_KEY, '[]')
    expect(open(`#c=${ID}`)).toHaveBeenCalledWith(null, '', '/?a=1')
    expect(sessionStorage.getItem(CONVERSATION_KEY)).toBe(ID)
    expect(sessionStorage.getItem(OUTBOX_KEY)).toBeNull()
  })

  it('keeps what was written for the same conversation', () => {
    open(`#c=${ID}`)
    sessionStorage.setItem(OUTBOX_KEY, '[1]')
    open(`#c=${ID}`)
    expect(sessionStorage.getItem(OUTBOX_KEY)).toBe('[1]')
  })

  it('takes nothing else', () => {
    for (const hash of ['', '#top', '#c=', '#c=../x', `#c=${ID}0`, `#c=${ID.toLowerCase()}`]) {
      expect(open(hash)).not.toHaveBeenCalled()
    }
    expect(sessionStorage.getItem(CONVERSATION_KEY)).toBeNull()
  })
})

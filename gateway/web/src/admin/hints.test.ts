import { describe, expect, it } from 'vitest'

import { otherOf, type Hint } from './hints'

const HINT: Hint = { kind: 'contradiction', entry_id: 'one', question: '甲？', other_id: 'two', other_question: '乙？', message: '' }

describe('a hint', () => {
  it('leads to the entry at its other end, from either side', () => {
    expect(otherOf(HINT, 'one')).toEqual({ id: 'two', question: '乙？' })
    expect(otherOf(HINT, 'two')).toEqual({ id: 'one', question: '甲？' })
  })

  it('about a document leads nowhere', () => {
    expect(otherOf({ ...HINT, kind: 'source_superseded', other_id: '某条例', other_question: '' }, 'one')).toBeNull()
  })
})

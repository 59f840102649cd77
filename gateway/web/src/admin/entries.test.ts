import { describe, expect, it } from 'vitest'

import { otherProblems, problemsOf, reasonsText, wordings } from './entries'

const PROBLEMS = [
  { field: 'answer', message: '还没有答案' },
  { field: 'sources.0.url', message: '网址不对' },
  { field: '', message: '日期前后矛盾' },
]

describe('wordings', () => {
  it('takes one a line, without blank lines and repetitions', () => {
    expect(wordings(' 怎么办证 \n\n在哪办证\n怎么办证')).toEqual(['怎么办证', '在哪办证'])
  })
})

describe('problems', () => {
  it('stand beside their field, those of a part beside the whole', () => {
    expect(problemsOf(PROBLEMS, 'answer')).toEqual(['还没有答案'])
    expect(problemsOf(PROBLEMS, 'sources')).toEqual(['网址不对'])
    expect(problemsOf(PROBLEMS, 'ask')).toEqual([])
  })

  it('without a field on the form are shown all the same', () => {
    expect(otherProblems(PROBLEMS, ['answer'])).toEqual(['网址不对', '日期前后矛盾'])
  })
})

describe('the reasons of a cluster', () => {
  it('come most frequent first, unknown ones as they are', () => {
    expect(reasonsText({ nothing_near: 1, handed_over: 4, other: 2 })).toBe('答后转人工 4 次，other 2 次，没有相近内容 1 次')
    expect(reasonsText({})).toBe('')
  })
})

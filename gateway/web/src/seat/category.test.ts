import { describe, expect, it } from 'vitest'

import { because, changeNote, pathOf, sureness } from './category'

const leaf = { code: '010101', level1: '城乡建设', level2: '市政设施', level3: '路灯照明' }

describe('a leaf of the catalogue', () => {
  it('tells how sure it is, unless it was found by its name', () => {
    expect(sureness({ ...leaf, confidence: 0.618 })).toBe('把握62%')
    expect(sureness({ ...leaf, confidence: 0.001 })).toBe('把握不到1%')
    expect(sureness({ ...leaf, confidence: null })).toBe('')
  })

  it('gives the reason without the path and the percentage that stand beside it', () => {
    const reason = `${pathOf(leaf)}：来电内容中的“路灯”与目录示例“路灯不亮”相近，把握较大（62%）。`
    expect(because({ ...leaf, reason })).toBe('来电内容中的“路灯”与目录示例“路灯不亮”相近，把握较大。')
    expect(because({ ...leaf, reason: '目录已更新。' })).toBe('目录已更新。')
    expect(because(leaf)).toBe('')
  })

  it('tells the history what became what', () => {
    expect(changeNote('甲', '乙')).toBe('由“甲”改为“乙”')
    expect(changeNote('', '乙')).toBe('定为“乙”')
    expect(changeNote('乙', '乙')).toBe('核对无误：乙')
  })
})

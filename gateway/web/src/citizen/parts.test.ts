import { describe, expect, it } from 'vitest'

import { counted, inParts } from './parts'

const bare = (text: string) => text.replace(/\s/g, '')

describe('a long text in several messages', () => {
  it('keeps a short one whole, and what is no text is nothing', () => {
    expect(inParts('  路灯坏了。 ', 10)).toEqual(['路灯坏了。'])
    expect(inParts(' \n ', 10)).toEqual([])
    expect(inParts('', 10)).toEqual([])
  })

  it('loses nothing of a story of ten thousand characters, in order, each part within the limit', () => {
    const story = Array.from({ length: 500 }, (_, day) => `第${day + 1}天晚上楼下施工到12:30，噪音有${60 + (day % 9)}.5分贝。`).join('')
    const parts = inParts(story, 4_000)
    expect(counted(story)).toBeGreaterThan(10_000)
    expect(parts.length).toBe(Math.ceil(counted(story) / 4_000))
    expect(parts.join('')).toBe(story)
    for (const part of parts) {
      expect(counted(part)).toBeLessThanOrEqual(4_000)
      expect(part.endsWith('。')).toBe(true)
    }
  })

  it('ends a part behind the closing quotation mark and at a line', () => {
    expect(inParts('他对我说：“你不用再来了。”我就回家了。', 14)).toEqual(['他对我说：“你不用再来了。”', '我就回家了。'])
    expect(inParts('第一件事是路灯\n第二件事是井盖', 10)).toEqual(['第一件事是路灯', '第二件事是井盖'])
  })

  it('divides at a pause where no sentence ends', () => {
    expect(inParts('楼下一直在施工，吵得睡不着觉', 10)).toEqual(['楼下一直在施工，', '吵得睡不着觉'])
  })

  it('never divides a number, a time, a link or a word in letters', () => {
    const kept = ['13900017788', '1,234.50', '12:30', '010-8888 6666', '一三九零零零一七七八八', '二十三万五千', '京A12345', 'https://a.cn/b?c=1']
    for (const whole of kept) {
      for (let before = 1; before < 30; before += 1) {
        const text = `${'啊'.repeat(before)}${whole}${'哦'.repeat(30)}`
        const parts = inParts(text, 26)
        expect(parts.some((part) => part.includes(whole)), `${whole} behind ${before}`).toBe(true)
        expect(parts.join('')).toBe(text)
      }
    }
  })

  it('never divides a character outside the basic plane, nor a joined sign', () => {
    for (const whole of ['𠮷', '👨‍👩‍👧', '👍🏽', '🇨🇳', 'é']) {
      for (let before = 1; before < 14; before += 1) {
        const parts = inParts(`${'啊'.repeat(before)}${whole}${'哦'.repeat(14)}`, 8)
        expect(parts.some((part) => part.includes(whole))).toBe(true)
      }
    }
    const many = inParts('𠮷'.repeat(25), 10) // twenty code units are ten characters
    expect(many).toEqual(['𠮷'.repeat(10), '𠮷'.repeat(10), '𠮷'.repeat(5)])
  })

  it('divides an endless row too, and stays quick with a whole book', () => {
    const digits = '1'.repeat(95)
    expect(inParts(digits, 10).join('')).toBe(digits)
    const book = '他说了很多，我都记下来了。\n'.repeat(100_000)
    expect(bare(inParts(book, 4_000).join(''))).toBe(bare(book))
  })
})

import { describe, expect, it } from 'vitest'

import { day, pageCount, sourceText, validity, webAddress } from './entries'

const SOURCE = { title: '养犬管理规定', issuing_body: '市人大常委会', document_no: '第37号', clause: '第十七条', version_date: '', url: '' }

describe('dates', () => {
  it('are days of the city, wherever the reader is', () => {
    expect(day('2025-12-31T16:00:00+00:00')).toBe('2026年1月1日')
    expect(day(null)).toBe('')
    expect(day('unknown')).toBe('')
  })

  it('tell from when to when a rule holds', () => {
    const from = '2026-01-01T00:00:00+08:00'
    const to = '2026-06-30T23:59:00+08:00'
    expect(validity({ effective_from: from, effective_to: to })).toBe('2026年1月1日起，至2026年6月30日')
    expect(validity({ effective_from: null, effective_to: to })).toBe('至2026年6月30日')
    expect(validity({ effective_from: null, effective_to: null })).toBe('')
  })
})

describe('sources', () => {
  it('name title, number, clause and issuer', () => {
    expect(sourceText(SOURCE)).toBe('《养犬管理规定》（第37号）第十七条，市人大常委会')
    expect(sourceText({ ...SOURCE, title: '《养犬管理规定》', document_no: '', clause: '', issuing_body: '' })).toBe('《养犬管理规定》')
  })

  it('link to the web only', () => {
    expect(webAddress('https://www.example.cn/a?b=1')).toBe('https://www.example.cn/a?b=1')
    for (const bad of ['javascript:alert(1)', ' JavaScript:alert(1)', 'data:text/html,x', '/local', '', null]) expect(webAddress(bad)).toBe('')
  })
})

describe('pages', () => {
  it('are at least one', () => {
    const listing = { items: [], total: 0, page: 1, page_size: 20 }
    expect(pageCount(listing)).toBe(1)
    expect(pageCount({ ...listing, total: 41 })).toBe(3)
  })
})

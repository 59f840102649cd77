import { afterEach, describe, expect, it, vi } from 'vitest'

import { allAddress, baseOf, entryAddress, find } from './answers'

afterEach(() => vi.unstubAllGlobals())

describe('addresses', () => {
  it('begin where the script came from', () => {
    expect(baseOf('https://hotline.cn:8443/widget/knowledge.js?v=2')).toBe('https://hotline.cn:8443')
  })

  it('hold any id and any words', () => {
    expect(entryAddress('https://hotline.cn', 'a/b?')).toBe('https://hotline.cn/knowledge/a%2Fb%3F')
    expect(new URL(allAddress('https://hotline.cn', '证 & 卡')).searchParams.get('q')).toBe('证 & 卡')
  })
})

describe('find', () => {
  it('sends no cookie and says in words what went wrong', async () => {
    const fetched = vi.fn(async (_url: string, _init: RequestInit) => new Response('{}', { status: 429 }))
    vi.stubGlobal('fetch', fetched)
    await expect(find('https://hotline.cn', '居住证')).rejects.toThrow('太频繁')
    expect(fetched.mock.calls[0]?.[1]).toEqual({ credentials: 'omit' })
    fetched.mockRejectedValueOnce(new TypeError('failed'))
    await expect(find('https://hotline.cn', '居住证')).rejects.toThrow('网络不通')
  })
})

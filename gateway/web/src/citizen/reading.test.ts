import { describe, expect, it, vi } from 'vitest'

import { ApiError } from '../shared/api'
import { partsOf, Reader } from './reading'

/** A voice that says the names of its parts and waits until the test lets it go on. */
function voice(parts: Record<number, string[]>) {
  const heard: string[] = []
  const words = new Map<Blob, string>()
  let end: (() => void) | null = null
  const reader = new Reader(
    async (seq, part) => {
      if (!parts[seq]) throw new ApiError('现在不能朗读', 503, 'speech')
      const text = parts[seq][part]
      if (text === undefined) return null
      const blob = new Blob([text])
      words.set(blob, text)
      return blob
    },
    {
      async play(part) {
        heard.push(words.get(part) ?? '')
        await new Promise<void>((resolve) => (end = resolve))
      },
      stop: () => end?.(),
    },
  )
  const goOn = async (count: number): Promise<void> => {
    await vi.waitFor(() => expect(heard).toHaveLength(count))
    await vi.waitFor(() => expect(end).not.toBeNull())
    end?.()
    end = null
  }
  return { reader, heard, goOn }
}

describe('Reader', () => {
  it('reads line after line to the end', async () => {
    const { reader, heard, goOn } = voice({ 2: ['您好', '请说'], 4: ['再见'] })
    reader.add(2)
    reader.add(4)
    expect(reader.view.seq).toBe(2)
    for (const count of [1, 2, 3]) await goOn(count)
    await vi.waitFor(() => expect(reader.view.seq).toBeNull())
    expect(heard).toEqual(['您好', '请说', '再见'])
  })

  it('stops, and begins with another one', async () => {
    const { reader, heard, goOn } = voice({ 2: ['一', '二'], 4: ['三'] })
    reader.toggle(2)
    await vi.waitFor(() => expect(heard).toEqual(['一']))
    reader.toggle(4)
    await vi.waitFor(() => expect(heard).toEqual(['一', '三']))
    expect(reader.view.seq).toBe(4)
    await goOn(2)
    await vi.waitFor(() => expect(reader.view.seq).toBeNull())
    reader.toggle(2)
    reader.toggle(2)
    expect(reader.view.seq).toBeNull()
  })

  it('says why nothing can be heard, and can begin again', async () => {
    const { reader } = voice({})
    reader.add(9)
    await vi.waitFor(() => expect(reader.view).toEqual({ seq: null, trouble: '现在不能朗读' }))
  })
})

describe('partsOf', () => {
  it('asks for no part that is not there', async () => {
    const fetched = vi.fn(async (_path: string) => new Response('x', { headers: { 'X-Speech-Parts': '1' } }))
    vi.stubGlobal('fetch', fetched)
    const parts = partsOf(() => 'c_1')
    expect(await parts(3, 0)).not.toBeNull()
    expect(await parts(3, 1)).toBeNull()
    expect(fetched.mock.calls).toEqual([['/api/v1/chat/c_1/speech/3?part=0', { credentials: 'same-origin' }]])
    vi.unstubAllGlobals()
  })
})

import { beforeEach, expect, it, vi } from 'vitest'

import { Hints, type Hint } from './hints'

const promise: Hint = { kind: 'promise', begins: 0, ends: 4, text: '像是承诺' }

beforeEach(() => {
  vi.useFakeTimers()
})

it('asks once after the last key and drops the answer about older words', async () => {
  const answers: ((items: Hint[]) => void)[] = []
  const ask = vi.fn(() => new Promise<{ items: Hint[] }>((done) => answers.push((items) => done({ items }))))
  const hints = new Hints(ask)
  hints.typed('一定')
  hints.typed('一定给您解决')
  await vi.advanceTimersByTimeAsync(200)
  expect(ask.mock.calls).toEqual([['一定给您解决']])
  hints.typed('我会登记')
  await vi.advanceTimersByTimeAsync(200)
  answers[1]!([])
  answers[0]!([promise])
  await vi.advanceTimersByTimeAsync(1)
  expect(hints.list.value).toEqual([])
})

it('is silent where nothing answers, and after sending', async () => {
  const hints = new Hints(() => Promise.reject(new Error('down')))
  hints.list.value = [promise]
  hints.typed('')
  expect(hints.list.value).toEqual([])
  hints.typed('一定给您解决')
  await vi.advanceTimersByTimeAsync(200)
  expect(hints.list.value).toEqual([])
})

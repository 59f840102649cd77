import { expect, it } from 'vitest'

import { late } from './deadlines'

it('says how late in the words that a person would use', () => {
  expect(late(2.4)).toBe('超期2小时')
  expect(late(0.2)).toBe('超期12分钟')
  expect(late(73)).toBe('超期3天')
  expect(late(-1)).toBe('还剩1小时')
})

import { expect, it } from 'vitest'

import { late, told } from './deadlines'

it('says how late in the words that a person would use', () => {
  expect(late(2.4)).toBe('超期2小时')
  expect(late(0.2)).toBe('超期12分钟')
  expect(late(73)).toBe('超期3天')
  expect(late(-1)).toBe('还剩1小时')
})

it('says how the unit was told, and claims nothing that did not happen', () => {
  expect(told([])).toBe('只显示在工单办理页面')
  expect(told(null)).toBe('—')
  expect(told([{ by: 'sms', state: 'failed' }, { by: 'webhook', state: 'sent' }])).toBe('短信没有发出，已推送到单位系统')
  expect(told([{ by: 'sms', state: 'sent' }, { by: 'sms', state: 'sent' }])).toBe('短信已发出')
})

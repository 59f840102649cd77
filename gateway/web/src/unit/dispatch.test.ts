import { expect, it } from 'vitest'

import { missing, why } from './dispatch'

it('says why an order waits', () => {
  const centre = '市民热线服务中心分派岗'
  expect(why({ status: 'dispatched', unit: centre, district: null })).toBe('地点不明')
  expect(why({ status: 'dispatched', unit: centre, district: '海淀区' })).toBe('承办单位待定')
  expect(why({ status: 'accepted', unit: '市公安局', district: null })).toBe('已派市公安局，地点待核实')
  expect(why({ status: 'filed', unit: centre, district: null })).toBe('还没有派给承办单位')
  expect(missing(' ')).toContain('承办单位')
  expect(missing('市公安局')).toBe('')
})

import { describe, expect, it } from 'vitest'

import { outcome, proposedReason, type RepeatGroup } from './repeats'

const row = (order_no: string, why: string[] = []) => ({
  order_no,
  request_type: '求助',
  status: 'dispatched',
  status_text: '已派单',
  title: '路灯不亮',
  place: '海淀区学院路街道',
  unit: '海淀区城市管理委员会',
  filed_at: '2026-01-05T02:00:00+00:00',
  why,
})

describe('proposedReason', () => {
  it('says once what the chosen orders have in common with the main one', () => {
    const group: RepeatGroup = {
      main: row('1'),
      repeats: [row('2', ['地址相近', '内容相似（72%）']), row('3', ['地址相近']), row('4', ['同一街道（学院路街道）'])],
    }
    expect(proposedReason(group, ['2', '3'])).toBe('地址相近，内容相似')
    expect(proposedReason(group, [])).toBe('')
  })
})

describe('outcome', () => {
  it('names what could not be merged', () => {
    const answer = { merged: ['2'], refused: [{ order_no: '3', message: '工单目前是“已答复”。' }] }
    expect(outcome('1', answer)).toBe('已将1件工单并入1。3没有并入：工单目前是“已答复”。')
  })
})

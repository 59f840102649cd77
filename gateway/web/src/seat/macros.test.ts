import { expect, it, vi } from 'vitest'

import type { Desk } from './desk'
import { filled, run, valuesOf, type Macro } from './macros'

const filedNow = { order_no: '0007', tracking_code: 'AB12', unit: '海淀区', deadline_hours: 24 }

it('fills what is known and leaves a mark where nothing is', () => {
  const values = valuesOf({ contact_name: ' 王女士 ', district: '海淀区', street: '', confidential: true }, ['0001', '0002'], undefined)
  expect(values).toMatchObject({ 称呼: '王女士', 区: '海淀区', 单号: '0002' })
  expect(filled('{称呼}您好，{区}{街道}，单号{单号}，查询码{查询码}', values)).toBe('王女士您好，海淀区【街道】，单号0002，查询码【查询码】')
  expect(filled('{称呼}您好', {})).toBe('您好')
  expect(filled('单号{单号}，{承办单位}，{时限}', valuesOf({}, ['0002'], filedNow))).toBe('单号0007，海淀区，24 小时')
})

it('puts everything on the screen and sends nothing', () => {
  const macro: Macro = { id: 'm', name: '供热', key: '1', reply: '{标题}已记下。', tags: ['供热', '急'], fields: { title: '暖气不热' }, code: 'filed', shared: false }
  const made = {
    view: { open: { id: 'c', snapshot: { orders: [], order: {} } }, mine: [{ conversation_id: 'c', tags: ['急'] }], forms: {}, drafts: { c: '您好' }, codes: {}, filed: {}, notice: '' },
    fill: vi.fn(),
    tag: vi.fn(),
    draft: vi.fn(),
    say: vi.fn(),
    choseCode: vi.fn(),
  }
  run(made as unknown as Desk, macro)
  expect(made.fill).toHaveBeenCalledWith('c', { title: '暖气不热' })
  expect(made.tag).toHaveBeenCalledWith('c', ['急', '供热'])
  expect(made.draft).toHaveBeenCalledWith('c', '您好\n暖气不热已记下。')
  expect(made.choseCode).toHaveBeenCalledWith('c', 'filed')
  expect(made.say).not.toHaveBeenCalled()
  made.view.mine = []
  run(made as unknown as Desk, macro)
  expect(made.draft).toHaveBeenCalledTimes(1)
  expect(made.view.notice).toContain('自己的会话')
})

import { describe, expect, it } from 'vitest'

import { missing, prefill } from './order-fields'

describe('prefill', () => {
  it('takes plain values and values with a confidence', () => {
    const { form, confidence } = prefill({
      channel: 'web',
      status: 'waiting',
      outcome: null,
      asking: null,
      orders: [],
      order: { title: '路灯不亮', district: { value: '海淀区', confidence: 0.62 }, confidential: { value: true, confidence: null }, contact_name: { value: '', confidence: 0 } },
    })
    expect(form.title).toBe('路灯不亮')
    expect(form.district).toBe('海淀区')
    expect(form.confidential).toBe(true)
    expect(form.street).toBe('')
    expect(confidence).toEqual({ district: 0.62 })
  })

  it('is an empty form when nothing is known', () => {
    expect(missing(prefill(undefined).form)).toEqual(['诉求类型', '标题', '反映内容'])
  })
})

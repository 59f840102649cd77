import { describe, expect, it } from 'vitest'

import { corrected, formOf, isHidden, toWhom } from './correction'
import type { OrderFull } from './order-detail'

const order = {
  request_type: '投诉',
  title: '路灯不亮',
  detail: '路灯不亮',
  district: '海淀区',
  street: null,
  address: null,
  event_time: null,
  subject: null,
  appeal: null,
  contact_name: '王**',
  contact_phone: null,
  confidential: false,
  urgency: 'ordinary',
} as unknown as OrderFull

describe('a correction', () => {
  it('sends what was changed and nothing else', () => {
    const before = formOf(order, null)
    expect(corrected({ ...before }, before)).toEqual({})
    expect(corrected({ ...before, street: ' 学院路街道 ', confidential: true, urgency: 'sudden' }, before)).toEqual({
      street: '学院路街道',
      confidential: true,
      urgency: 'sudden',
    })
  })

  it('never sends back what is masked, and takes away what was seen', () => {
    const masked = formOf(order, null)
    expect(masked.contact_name).toBe('')
    expect(isHidden('contact_name', order, null)).toBe(true)
    expect(isHidden('contact_phone', order, null)).toBe(false)
    const seen = formOf(order, { contact_name: '王小明', contact_phone: null })
    expect(corrected({ ...seen, contact_name: '' }, seen)).toEqual({ contact_name: '' })
  })

  it('says to whom an order would go', () => {
    expect(toWhom({ unit: '海淀区人民政府', mode: '区级协调', copies: [] })).toBe('海淀区人民政府（区级协调）')
    expect(toWhom({ unit: '甲', mode: '直派', copies: ['乙', '丙'] })).toBe('甲（直派，抄送乙、丙）')
  })
})

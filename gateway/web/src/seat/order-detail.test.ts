import { describe, expect, it } from 'vitest'

import { actor, missing, refusal, stepData } from './order-detail'

const form = { note: '', main: '', hours: 24, unit: '' }
const limits = { bytes: 10 * 1024 * 1024, count: 2 }

describe('steps of an order', () => {
  it('tells what is missing before anything is sent', () => {
    expect(missing('merge', { ...form, note: '同一处' })).toContain('主工单')
    expect(missing('merge', { ...form, note: '同一处', main: '2601 0500 0018' })).toBe('')
    expect(missing('extend', { ...form, hours: 0, note: '等配件' })).toContain('小时')
    expect(missing('withdraw', form)).toContain('说明')
    expect(missing('close', form)).toBe('')
  })

  it('sends what the step is about', () => {
    expect(stepData('merge', { ...form, main: '2601 0500 0018' })).toEqual({ main: '260105000018' })
    expect(stepData('extend', { ...form, hours: 48 })).toEqual({ deadline_hours: 48 })
    expect(stepData('note', form)).toEqual({})
  })

  it('names a unit and keeps persons to their kind', () => {
    expect(actor('unit:市热力集团')).toBe('市热力集团')
    expect(actor('seat:s01')).toBe('热线中心')
    expect(actor('citizen:c_1')).toBe('市民')
  })
})

describe('attachments', () => {
  it('refuses what the server would refuse', () => {
    expect(refusal({ name: 'a.exe', size: 5, type: 'application/x-msdownload' }, limits, 0)).toContain('不是图片')
    expect(refusal({ name: 'a.png', size: limits.bytes + 1, type: 'image/png' }, limits, 0)).toContain('10MB')
    expect(refusal({ name: 'a.png', size: 0, type: 'image/png' }, limits, 0)).toContain('空文件')
    expect(refusal({ name: 'a.png', size: 5, type: 'image/png' }, limits, 2)).toContain('最多2个')
    expect(refusal({ name: 'a.amr', size: 5, type: '' }, limits, 0)).toBe('')
  })
})

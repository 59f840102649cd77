import { expect, it } from 'vitest'

import { address, against, rates, usualDays, volume, type Report, type SlotRow } from './reports'

const slot = { slot: '2026-01-05', usual: 4, contacts: 7, channels: { phone: 5, web: 2 }, service_level: 0.8333, satisfaction_rate: null } as unknown as SlotRow
const report = { slots: [slot], totals: { channels: { phone: 5, web: 2 } } } as unknown as Report

it('asks for the same days as JSON and as a file', () => {
  const asked = usualDays('day', '2026-01-05')
  expect(asked).toEqual({ by: 'day', first: '2025-12-23', last: '2026-01-05' })
  expect(address(asked)).toBe('/api/v1/leader/reports?by=day&first_day=2025-12-23&last_day=2026-01-05')
  expect(address(asked, { format: 'xlsx' })).toContain('/reports/file?by=day')
})

it('draws channels on each other, the usual beside them, and gaps where nobody was asked', () => {
  const series = volume(report).series as { name: string; data: unknown[] }[]
  expect(series.map(({ name, data }) => [name, data])).toEqual([['电话', [5]], ['网页', [2]], ['平时', [4]]])
  const lines = rates(report).series as { name: string; data: unknown[] }[]
  expect(lines.find(({ name }) => name === '服务水平')?.data).toEqual([83.3])
  expect(lines.find(({ name }) => name === '满意率')?.data).toEqual([null])
})

it('says how a count stands to the usual', () => {
  expect(against({ usual: null, ratio: null, unusual: false })).toBe('')
  expect(against({ usual: 2, ratio: 3.52, unusual: true })).toBe('平时 2，3.5 倍，明显升高')
  expect(against({ usual: 0, ratio: null, unusual: false })).toBe('平时 0')
})

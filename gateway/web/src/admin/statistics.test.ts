import { describe, expect, it } from 'vitest'

import { byDay, FIGURES } from './statistics'

const USE = { hits: 7, helpful: 2, unhelpful: 1, turned_down: 0, handed_over: 3 }

describe('the chart by day', () => {
  it('has every figure of every day, hits on their own axis', () => {
    const option = byDay([{ day: '2026-11-26', ...USE }, { day: '2026-11-27', ...USE, hits: 9 }])
    const series = option['series'] as { name: string; type: string; yAxisIndex: number; data: number[] }[]
    expect(option['xAxis']).toMatchObject({ data: ['11-26', '11-27'] })
    expect(series.map((one) => one.name)).toEqual(FIGURES.map(([, name]) => name))
    expect(series[0]).toMatchObject({ type: 'bar', yAxisIndex: 0, data: [7, 9] })
    expect(series[4]).toMatchObject({ type: 'line', yAxisIndex: 1, data: [3, 3] })
  })
})

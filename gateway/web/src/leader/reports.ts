/** Shapes of the reports API, the address of a report, and what its charts show. Pure. */
import type { EChartsCoreOption } from 'echarts/core'

import { CHANNELS } from '../shared/types'
import type { Figures } from './board'

export type By = 'hour' | 'day' | 'week' | 'month'
export const BY: [By, string][] = [
  ['hour', '小时'],
  ['day', '日'],
  ['week', '周'],
  ['month', '月'],
]

export interface Rise {
  count: number
  usual: number | null
  ratio: number | null
  unusual: boolean
}

export interface SlotFigures extends Figures {
  channels: Record<string, number>
  orders: number
  types: Record<string, number>
  visits: number
  response_rate: number | null
  solution_rate: number | null
  satisfaction_rate: number | null
}

export interface SlotRow extends SlotFigures {
  slot: string
  unfinished: boolean
  usual?: number | null
  unusual?: boolean
}

export interface Report {
  by: By
  first_day: string
  last_day: string
  slots: SlotRow[]
  totals: SlotFigures
  categories: (Rise & { level1: string; level2: string })[]
  streets: (Rise & { district: string; street: string })[]
}

export interface Asked {
  by: By
  first: string
  last: string
}

export const RATES: [keyof SlotFigures & string, string][] = [
  ['service_level', '服务水平'],
  ['abandonment', '放弃率'],
  ['containment', '智能办结率'],
  ['response_rate', '响应率'],
  ['solution_rate', '解决率'],
  ['satisfaction_rate', '满意率'],
]

export function address(asked: Asked, more: Record<string, string> = {}): string {
  const file = 'format' in more ? '/file' : ''
  const query = new URLSearchParams({ by: asked.by, first_day: asked.first, last_day: asked.last, ...more })
  return `/api/v1/leader/reports${file}?${query.toString()}`
}

/** The usual days for a slot, up to today on the city's calendar. */
export function usualDays(by: By, today: string): Asked {
  const days = { hour: 1, day: 14, week: 84, month: 365 }[by]
  const first = new Date(Date.parse(`${today}T00:00:00Z`) - (days - 1) * 86_400_000)
  return { by, first: first.toISOString().slice(0, 10), last: today }
}

/** How a count stands to the usual, in words; empty where too little is known. */
export function against(rise: { usual?: number | null; ratio?: number | null; unusual?: boolean }): string {
  if (rise.usual === null || rise.usual === undefined) return ''
  const times = rise.ratio === null || rise.ratio === undefined ? '' : `，${rise.ratio.toFixed(1)} 倍`
  return `平时 ${rise.usual}${times}${rise.unusual ? '，明显升高' : ''}`
}

/** Contacts by channel as bars on each other, and the usual as a line. */
export function volume(report: Report): EChartsCoreOption {
  const channels = Object.keys(report.totals.channels)
  return {
    animation: false,
    tooltip: { trigger: 'axis' },
    legend: { top: 0 },
    grid: { left: 48, right: 16, top: 56, bottom: 32 },
    xAxis: { type: 'category', data: report.slots.map(({ slot }) => slot.slice(5)) },
    yAxis: { type: 'value', minInterval: 1 },
    series: [
      ...channels.map((channel) => ({
        name: CHANNELS[channel] ?? channel,
        type: 'bar',
        stack: 'contacts',
        data: report.slots.map(({ channels: counts }) => counts[channel] ?? 0),
      })),
      { name: '平时', type: 'line', symbol: 'none', lineStyle: { type: 'dashed' }, data: report.slots.map(({ usual }) => usual ?? null) },
    ],
  }
}

/** The rates as lines, in percent. */
export function rates(report: Report): EChartsCoreOption {
  return {
    animation: false,
    tooltip: { trigger: 'axis', valueFormatter: (value: unknown) => (typeof value === 'number' ? `${value}%` : '—') },
    legend: { top: 0 },
    grid: { left: 48, right: 16, top: 72, bottom: 32 },
    xAxis: { type: 'category', data: report.slots.map(({ slot }) => slot.slice(5)) },
    yAxis: { type: 'value', min: 0, max: 100, axisLabel: { formatter: '{value}%' } },
    series: RATES.map(([key, name]) => ({
      name,
      type: 'line',
      data: report.slots.map((row) => {
        const share = row[key] as number | null
        return share === null ? null : Math.round(share * 1_000) / 10
      }),
    })),
  }
}

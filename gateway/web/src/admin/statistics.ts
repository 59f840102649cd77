/** How answers do: shapes of the statistics API, and what the chart shows. Pure. */
import type { EChartsCoreOption } from 'echarts/core'

export interface Use {
  hits: number
  helpful: number
  unhelpful: number
  turned_down: number
  handed_over: number
}

export interface Overview {
  days: number
  totals: Use
  by_day: (Use & { day: string })[]
  units: (Use & { owner: string })[]
  topics: (Use & { topic: string })[]
  stages: Record<string, number>
  unanswered: { open: number; questions: number }
}

export interface EntryUse extends Use {
  id: string
  question: string
  owner: string
  topic: string
}

export const FIGURES: [keyof Use, string][] = [
  ['hits', '命中'],
  ['helpful', '有帮助'],
  ['unhelpful', '没有帮助'],
  ['turned_down', '“不是这个意思”'],
  ['handed_over', '答后转人工'],
]

/** Hits as bars (they are many), the other figures as lines on an axis of their own. */
export function byDay(days: Overview['by_day']): EChartsCoreOption {
  return {
    animation: false,
    tooltip: { trigger: 'axis' },
    legend: { top: 0 },
    grid: { left: 48, right: 48, top: 64, bottom: 32 },
    xAxis: { type: 'category', data: days.map((one) => one.day.slice(5)) },
    yAxis: [
      { type: 'value', name: '命中', minInterval: 1 },
      { type: 'value', name: '其他', minInterval: 1, splitLine: { show: false } },
    ],
    series: FIGURES.map(([key, name]) => ({
      name,
      type: key === 'hits' ? 'bar' : 'line',
      yAxisIndex: key === 'hits' ? 0 : 1,
      data: days.map((one) => one[key]),
    })),
  }
}

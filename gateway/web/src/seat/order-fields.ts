/** The fields of a work order as the seat sees them, and how the prefilled values arrive. */

import type { Snapshot } from '../shared/types'

export const REQUEST_TYPES = ['咨询', '求助', '投诉', '举报', '建议', '表扬'] as const

export interface FieldSpec {
  key: string
  label: string
  kind: 'text' | 'long' | 'type' | 'switch'
  required?: boolean
}

export const FIELDS: FieldSpec[] = [
  { key: 'request_type', label: '诉求类型', kind: 'type', required: true },
  { key: 'title', label: '标题', kind: 'text', required: true },
  { key: 'detail', label: '反映内容', kind: 'long', required: true },
  { key: 'district', label: '区', kind: 'text' },
  { key: 'street', label: '街道（乡镇）', kind: 'text' },
  { key: 'address', label: '详细地址', kind: 'text' },
  { key: 'event_time', label: '发生时间', kind: 'text' },
  { key: 'subject', label: '被反映对象', kind: 'text' },
  { key: 'appeal', label: '希望怎样解决', kind: 'text' },
  { key: 'contact_name', label: '联系人', kind: 'text' },
  { key: 'contact_phone', label: '联系电话', kind: 'text' },
  { key: 'confidential', label: '要求保密', kind: 'switch' },
]

/** How long a unit has, as people say it. */
export function duration(hours: number): string {
  return hours >= 48 && hours % 24 === 0 ? `${hours / 24} 天` : `${hours} 小时`
}

export type OrderForm = Record<string, string | boolean>

export interface Prefilled {
  form: OrderForm
  /** 0..1 for each field that a machine filled in. */
  confidence: Record<string, number>
}

/** A snapshot's `order` holds plain values, or `{value, confidence}` where the machine knows how sure it is. */
export function prefill(snapshot: Snapshot | undefined): Prefilled {
  const form: OrderForm = {}
  const confidence: Record<string, number> = {}
  const order = snapshot?.order ?? {}
  for (const field of FIELDS) {
    const raw = order[field.key]
    let value: unknown = raw
    if (raw !== null && typeof raw === 'object' && 'value' in raw) {
      const known = raw as { value: unknown; confidence?: number | null }
      value = known.value
      const filled = typeof value === 'string' ? value !== '' : value === true
      if (typeof known.confidence === 'number' && filled) confidence[field.key] = known.confidence
    }
    form[field.key] = field.kind === 'switch' ? value === true : typeof value === 'string' ? value : ''
  }
  return { form, confidence }
}

/** Whether the form holds what was filed already: nothing new was told, and the seat has written nothing since. */
export function isFiledAgain(filed: { told?: string }, known: OrderForm, own: Record<string, unknown>): boolean {
  return filed.told === JSON.stringify(known) && Object.keys(own).length === 0
}

export function missing(form: OrderForm): string[] {
  return FIELDS.filter((field) => field.required && !String(form[field.key] ?? '').trim()).map((field) => field.label)
}

/** The category that the machine has found, in words; empty: none. */
export function suggestedCategory(snapshot: Snapshot | undefined): string {
  const levels = ['category_level1', 'category_level2', 'category_level3'].map((key) => words(snapshot, key))
  return levels.filter(Boolean).join('／')
}

/** What the citizen's wording of the time means by the calendar; empty: not known. */
export function eventMoments(snapshot: Snapshot | undefined): string {
  return words(snapshot, 'event_moments')
}

/** What the questions special to the kind of matter brought: value and words, one line each. */
export function answersTold(snapshot: Snapshot | undefined): { question: string; told: string }[] {
  const matters = snapshot?.matters ?? []
  return matters
    .flatMap((matter) => matter.answers ?? [])
    .map(({ question, words, text }) => ({ question, told: text && text !== words ? `${text}（${words}）` : words }))
}

function words(snapshot: Snapshot | undefined, key: string): string {
  const raw = snapshot?.order?.[key] as { value?: unknown } | string | undefined
  return typeof raw === 'string' ? raw : typeof raw?.value === 'string' ? raw.value : ''
}

/** Shapes of the knowledge admin API, and how they are shown. Pure. */
import type { Hint } from './hints'

export interface Page<T> {
  items: T[]
  total: number
  page: number
  page_size: number
}

export interface Row {
  id: string
  question: string
  topic: string
  owner: string
  stage: string
  working: string | null
  effective_to: string | null
  updated_at: string
  hits: number
}

/** Whatever a later field is travels through the form as it came. */
export interface Content {
  question: string
  ask: string[]
  answer: string
  spoken: string
  topic: string
  owner: string
  scope: string
  audience: string
  sensitivity: string
  sample: boolean
  effective_from: string | null
  effective_to: string | null
  related?: string[]
  attachments?: { title: string; url: string }[]
  [field: string]: unknown
}

export interface Problem {
  field: string
  message: string
}

export interface Change {
  field: string
  label: string
  parts: { text: string; kind: 'same' | 'removed' | 'added' }[]
}

export interface Entry extends Row {
  version: number
  content: Content
  problems: Problem[]
  hints: Hint[]
  events: { event: string; text: string; needs_note: boolean }[]
  difference: Change[]
}

export interface Version {
  number: number
  at: string
  actor: string
  actor_name: string
  reason: string
  published_at: string | null
}

/** One step of an entry's history. */
export interface Step {
  event: string
  text: string
  at: string
  actor_name: string
  note: string
}

export interface Cluster {
  id: string
  question: string
  examples: string[]
  count: number
  reasons: Record<string, number>
  status: string
  entry_id: string | null
  near: { id: string; question: string } | null
}

export const STAGES: Record<string, string> = {
  draft: '草稿',
  submitted: '待审核',
  reviewed: '已审核',
  scheduled: '待定时发布',
  coming: '即将施行',
  published: '已发布',
  expiring: '即将到期',
  expired: '已到期',
  withdrawn: '已撤下',
  archived: '已归档',
}

/** Why a question counts as unanswered. */
const REASONS: Record<string, string> = {
  nothing_near: '没有相近内容',
  unsure: '没有把握',
  turned_down: '市民说“不是这个意思”',
  handed_over: '答后转人工',
}

/** The reasons of a cluster in words, the most frequent first. */
export function reasonsText(reasons: Record<string, number>): string {
  const sorted = Object.entries(reasons).sort(([, one], [, other]) => other - one)
  return sorted.map(([reason, count]) => `${REASONS[reason] ?? reason} ${count} 次`).join('，')
}

/** One wording a line; blank lines and repetitions are no wordings. */
export function wordings(text: string): string[] {
  return [...new Set(text.split('\n').map((line) => line.trim()))].filter(Boolean)
}

/** Problems of one field, also of its parts (`sources.0.url` belongs to `sources`). */
export function problemsOf(problems: Problem[], field: string): string[] {
  return problems.filter((one) => one.field === field || one.field.startsWith(`${field}.`)).map((one) => one.message)
}

/** Problems that have no field on the form: they are shown above it, so that none stays unseen. */
export function otherProblems(problems: Problem[], shown: string[]): string[] {
  return problems.filter((one) => !shown.includes(one.field.split('.')[0] ?? '')).map((one) => one.message)
}

/** Hot topics and what rose in the last hour: shapes of the API, and the form's fields. Pure. */
import { wordings } from './entries'

export interface Topic {
  id: string
  title: string
  triggers: string[]
  answer: string
  spoken: string
  areas: string[]
  starts_at: string
  ends_at: string
  in_greeting: boolean
  greeting: string
  url: string
  status: string
  active: boolean
  hits: number
  version: number
}

export interface Surge {
  question: string
  examples: string[]
  last_hour: number
  usual_an_hour: number
  ratio: number
  entry_id: string | null
  topic_id: string | null
}

/** What stands in the form: lists one a line, moments by the city's clock (`YYYY-MM-DDTHH:MM`). */
export interface Draft {
  title: string
  triggers: string
  answer: string
  spoken: string
  areas: string
  starts_at: string
  ends_at: string
  in_greeting: boolean
  greeting: string
  url: string
}

const OFFSET_MINUTES = 8 * 60 // the city's clock has no summer time
const TITLE_CHARACTERS = 100
const DAY_MS = 24 * 60 * 60_000

/** The moment on the city's clock, as `datetime-local` wants it; an invalid one gives ''. */
export function cityClock(moment: string | number): string {
  const at = typeof moment === 'number' ? moment : Date.parse(moment)
  return Number.isNaN(at) ? '' : new Date(at + OFFSET_MINUTES * 60_000).toISOString().slice(0, 16)
}

/** A new topic lasts a day unless the editor says otherwise. */
export function blank(now: number): Draft {
  return { title: '', triggers: '', answer: '', spoken: '', areas: '', starts_at: cityClock(now), ends_at: cityClock(now + DAY_MS), in_greeting: false, greeting: '', url: '' }
}

/** The question that rose, as title and trigger words; the answer is the editor's to write. */
export function fromSurge(surge: Surge, now: number): Draft {
  const asked = [surge.question, ...surge.examples].map((text) => text.slice(0, TITLE_CHARACTERS))
  return { ...blank(now), title: asked[0] ?? '', triggers: wordings(asked.join('\n')).join('\n') }
}

export function fromTopic(topic: Topic): Draft {
  const { title, answer, spoken, in_greeting, greeting, url } = topic
  return {
    title, answer, spoken, in_greeting, greeting, url,
    triggers: topic.triggers.join('\n'),
    areas: topic.areas.join('\n'),
    starts_at: cityClock(topic.starts_at),
    ends_at: cityClock(topic.ends_at),
  } // prettier-ignore
}

/** What is sent; `datetime-local` has no zone, so the city's is added. */
export function written(draft: Draft): Record<string, unknown> {
  return {
    ...draft,
    triggers: wordings(draft.triggers),
    areas: wordings(draft.areas),
    starts_at: `${draft.starts_at}:00+08:00`,
    ends_at: `${draft.ends_at}:00+08:00`,
  }
}

export function stateOf(topic: Topic): string {
  if (topic.status === 'published') return topic.active ? '生效中' : '已发布，不在有效时段'
  return topic.status === 'draft' ? '草稿' : '已结束'
}

/** Shapes of the unit's API, and how its lists are shown. Pure. */

export interface OrderCard {
  order_no: string
  status: string
  status_text: string
  request_type: string
  title: string
  district: string | null
  street: string | null
  deadline_at: string | null
  mine: boolean
  possible: string[]
}

export interface OrderEvent {
  event: string
  text: string
  actor: string
  note: string
  at: string
}

export interface Attachment {
  id: string
  name: string
  media_type: string
  size_bytes: number
  added_by: string
}

export interface UnitOrder extends OrderCard {
  detail: string
  address: string | null
  event_time: string | null
  /** What the wording means by the calendar, as people write it; empty: not known. */
  event_moments: string
  /** What the questions special to the kind of matter brought; `text`: the value that was read, empty: none. */
  answers: { question: string; words: string; text: string }[]
  subject: string | null
  appeal: string | null
  category_level1: string | null
  category_level2: string | null
  category_level3: string | null
  contact_name: string | null
  contact_phone: string | null
  confidential: boolean
  unit: string
  deadline_hours: number
  version: number
  events: OrderEvent[]
  attachments: Attachment[]
}

export interface Account {
  display_name: string
  role: string
  unit: string
  permissions: string[]
}

export const STATES: [string, string][] = [
  ['dispatched', '待签收'],
  ['accepted', '办理中'],
  ['objected', '异议复核中'],
  ['answered', '已答复'],
  ['visited', '已回访'],
  ['closed', '已办结'],
  ['', '全部'],
]

export const ACTORS: Record<string, string> = {
  bot: '智能助手',
  seat: '热线中心',
  unit: '承办单位',
  system: '系统',
  citizen: '市民',
}

/** How long is left, in words: what is late or nearly so is to be seen at a glance. */
export function left(deadline: string | null, now: number): { text: string; level: 'late' | 'soon' | 'calm' } {
  if (!deadline) return { text: '—', level: 'calm' }
  const minutes = Math.round((Date.parse(deadline) - now) / 60_000)
  const size = Math.abs(minutes)
  const words = size >= 2 * 24 * 60 ? `${Math.floor(size / 1440)}天` : size >= 60 ? `${Math.floor(size / 60)}小时` : `${size}分钟`
  if (minutes < 0) return { text: `已超期${words}`, level: 'late' }
  return { text: `还剩${words}`, level: minutes <= 24 * 60 ? 'soon' : 'calm' }
}

export function moment(iso: string | null): string {
  if (!iso) return '—'
  return new Date(iso).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'short' })
}

export function size(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${(bytes / 1024 / 1024).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1024))} KB`
}

export function percent(rate: number | null): string {
  return rate === null ? '—' : `${(rate * 100).toFixed(1)}%`
}

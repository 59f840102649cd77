/** One order as the desk opens it: its steps in words, and what may be attached. Pure. */

export interface OrderEvent {
  event: string
  text: string
  actor: string
  note: string
  at: string
  public: boolean
  /** Of a correction: what stood there before and what it is now, persons masked. */
  changes?: { field: string; label: string; old: string; new: string }[]
}

export interface Attachment {
  id: string
  name: string
  media_type: string
  size_bytes: number
  added_by: string
}

export interface OrderFull {
  order_no: string
  status: string
  status_text: string
  request_type: string
  title: string
  detail: string
  appeal: string | null
  district: string | null
  street: string | null
  address: string | null
  event_time: string | null
  /** What the wording means by the calendar, as people write it; empty: not known. */
  event_moments: string
  /** What the questions special to the kind of matter brought; `text`: the value that was read, empty: none. */
  answers: { question: string; words: string; text: string }[]
  subject: string | null
  contact_name: string | null
  contact_phone: string | null
  confidential: boolean
  urgency: string
  channel: string
  category_code: string | null
  category_level1: string | null
  category_level2: string | null
  category_level3: string | null
  category_confidence: number | null
  unit: string
  dispatch_mode: string | null
  copies: string[]
  duplicate_of: string | null
  deadline_at: string | null
  filed_at: string | null
  version: number
  events: OrderEvent[]
  attachments: Attachment[]
  attachment_limits: { bytes: number; count: number }
  conversation_id: string | null
  possible: string[]
  next_events: string[]
  /** The citizen is to be asked about the answer; null: there is nothing to ask. */
  visit: { reasons: Record<string, string[]> } | null
}

/** What a step asks of the seat besides a press of a button. */
export interface Step {
  label: string
  hint: string
  needs?: 'main' | 'hours' | 'unit'
}

/** In the order in which they stand on the page; what is not here has a place of its own (category, attachments). */
export const STEPS: Record<string, Step> = {
  accept: { label: '代签收', hint: '承办单位已经口头签收时使用，可以写明是谁。' },
  answer: { label: '登记答复', hint: '写清楚办理经过和结果，市民会看到。' },
  extend: { label: '延长期限', hint: '写清楚为什么需要更多时间，市民会看到这个理由。', needs: 'hours' },
  dispatch: { label: '改派', hint: '写清楚为什么改派。', needs: 'unit' },
  merge: { label: '并入其他工单', hint: '同一件事只办一次：写清楚为什么是同一件事，以后可以恢复。', needs: 'main' },
  unmerge: { label: '恢复单独办理', hint: '写清楚为什么不是同一件事。' },
  supplement: { label: '补充情况', hint: '市民补充的情况，承办单位会看到。' },
  reopen: { label: '重新办理', hint: '写清楚哪里没有办好。' },
  withdraw: { label: '撤回诉求', hint: '市民要求撤回时使用，写清楚原因。' },
  visit: { label: '登记回访', hint: '写清楚市民怎么说。' },
  close: { label: '办结', hint: '没有回访的，写明原因；已经回访的，可以写一句说明。' },
  note: { label: '内部备注', hint: '只有热线中心看得到。' },
}

export const NEEDS_NOTE = new Set(['answer', 'extend', 'merge', 'unmerge', 'supplement', 'reopen', 'withdraw', 'note'])

export interface StepForm {
  note: string
  main: string
  hours: number
  unit: string
}

/** What is missing before a step may be sent; empty: nothing. */
export function missing(event: string, form: StepForm): string {
  const step = STEPS[event]
  if (step?.needs === 'main' && !/^\d{8,20}$/.test(form.main.replace(/\s/g, ''))) return '请填写主工单的编号。'
  if (step?.needs === 'unit' && !form.unit.trim()) return '请填写承办单位。'
  if (step?.needs === 'hours' && !(Number.isInteger(form.hours) && form.hours > 0)) return '请填写延长的小时数。'
  return NEEDS_NOTE.has(event) && !form.note.trim() ? '请填写说明。' : ''
}

export function stepData(event: string, form: StepForm): Record<string, unknown> {
  switch (STEPS[event]?.needs) {
    case 'main':
      return { main: form.main.replace(/\s/g, '') }
    case 'hours':
      return { deadline_hours: form.hours }
    case 'unit':
      return { unit: form.unit.trim() }
    default:
      return {}
  }
}

const ACTORS: Record<string, string> = { bot: '智能助手', seat: '热线中心', unit: '承办单位', system: '系统', citizen: '市民' }

/** Who did it: a unit by its name, people of the house and citizens by their kind. */
export function actor(name: string): string {
  const [kind, who] = name.split(':', 2) as [string, string | undefined]
  return kind === 'unit' && who ? who : (ACTORS[kind] ?? kind)
}

const KINDS = /^(image\/|audio\/|video\/(mp4|webm|quicktime)|application\/pdf)/

/** Why a file cannot be attached, before it is sent; the server looks at its content once more. Empty: it may. */
export function refusal(file: { name: string; size: number; type: string }, limits: OrderFull['attachment_limits'], there: number): string {
  if (file.size === 0) return `“${file.name}”是空文件。`
  if (file.size > limits.bytes) return `“${file.name}”超过${Math.floor(limits.bytes / 1024 / 1024)}MB，不能上传。`
  if (file.type && !KINDS.test(file.type)) return `“${file.name}”不是图片、PDF、录音或视频，不能上传。`
  return there >= limits.count ? `一个工单最多${limits.count}个附件。` : ''
}

/** Pictures that every browser shows. */
export function isPicture(file: Attachment): boolean {
  return /^image\/(png|jpeg|gif|webp)$/.test(file.media_type)
}

/** Shapes of the core's API, as `docs/internals.md` and the chat contract give them. */

import { reactive } from 'vue'

export interface Citation {
  title: string
  source: string
  clause: string
  effective_from: string
  url: string
}

export type Role = 'citizen' | 'bot' | 'seat' | 'system'
export type Status = 'open' | 'waiting' | 'with_seat' | 'ended'

export interface Turn {
  seq: number
  role: Role
  kind: string
  text: string
  at: string
  citations: Citation[]
  meta?: Record<string, unknown>
  client_message_id?: string | null
}

export interface ChatReply {
  conversation_id: string
  replies: { text: string; citations: Citation[]; seq?: number }[]
  asking: string | null
  outcome: string | null
  orders: string[]
  seq: number
  in_reply_to: string
  status?: Status
}

/** Of WeChat: how many messages may still be sent, and until when. */
export interface Allowance {
  left: number
  until: string | null
}

export interface Card {
  conversation_id: string
  channel: string
  status: Status
  waiting_since: string | null
  reason: string
  summary: string
  priority: number
  seat_id: string | null
  /** Danger: to be seen and heard at once. */
  alarm?: boolean
  allowance?: Allowance
  /** Why it stands where it stands, in words. */
  why?: string
  /** Skills that a seat should have for it, in words. */
  needs?: string
  /** It has waited too long. */
  overdue?: boolean
  /** It is offered to a seat just now. */
  offered?: boolean
  tags?: string[]
  snoozed_until?: string | null
}

export interface SeatAccount {
  id: string
  display_name: string
  role: string
  permissions: string[]
  /** Names of the channels that others keep, as `/api/v1/seat/me` tells them. */
  channels?: Record<string, string>
}

/** One field of a prefilled order: what was understood, and how sure the machine is (0..1). */
export interface OrderField {
  value: string | boolean | null
  confidence: number | null
}

export interface Snapshot {
  channel: string
  status: Status
  outcome: string | null
  outcome_detail?: { rating?: string }
  asking: string | null
  orders: string[]
  order: Record<string, unknown>
  /** What it is about; `answers`: what the questions special to a kind of matter brought. */
  matters?: { answers?: { question: string; words: string; text: string }[] }[]
  /** Who has it, or had it last. */
  seat_id?: string | null
}

/** How satisfied a caller said they were. */
export const RATINGS: Record<string, string> = { satisfied: '满意', fair: '一般', unsatisfied: '不满意' }

export const OUTCOMES: Record<string, string> = {
  answered: '已答复',
  order_filed: '已登记工单',
  seat: '人工服务',
  emergency: '已指引紧急电话',
  lawful_channel: '已告知法定渠道',
  callback: '等待回电',
  closed: '已结束',
}

/** Our own channels; those that others keep are named by the core (`nameChannels`). */
export const CHANNELS: Record<string, string> = reactive({
  phone: '电话',
  web: '网页',
  api: '接口',
  wechat: '微信',
  wecom: '微信客服',
  open311: 'Open311',
  seat: '坐席',
})

export function nameChannels(titles: Record<string, string> | undefined): void {
  Object.assign(CHANNELS, titles)
}

/** Why a conversation waits for a person. */
export const REASONS: Record<string, string> = {
  asked: '要求人工服务',
  'not understood': '智能助手没有听明白',
  'order not agreed': '市民不同意登记的内容',
  'unanswered question': '智能助手没有查到答案',
}

export const ORDER_STATUS: Record<string, string> = {
  draft: '草稿',
  filed: '已受理',
  dispatched: '已派单',
  accepted: '承办中',
  objected: '派单异议',
  merged: '已并案办理',
  answered: '已答复',
  visited: '已回访',
  closed: '已办结',
}

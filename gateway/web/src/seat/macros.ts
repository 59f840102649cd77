/** Macros: a reply with placeholders, tags, fields of the order and what it was, put on the screen by one key. Pure but for the API. */

import { ApiError, request } from '../shared/api'
import type { Desk, FiledOrder } from './desk'
import { duration, prefill } from './order-fields'
import type { FieldValue } from './typed'

export interface Macro {
  id: string
  name: string
  /** 1 to 9: runs it in the palette. */
  key: string
  reply: string
  tags: string[]
  fields: Record<string, string>
  code: string
  shared: boolean
}

/** Placeholders by the field of the order that fills them. */
const OF_FORM: Record<string, string> = { 称呼: 'contact_name', 诉求类型: 'request_type', 标题: 'title', 区: 'district', 街道: 'street', 地址: 'address', 时间: 'event_time' }
const OF_FILED: Record<string, (order: FiledOrder) => string> = {
  单号: (order) => order.order_no,
  查询码: (order) => order.tracking_code,
  承办单位: (order) => order.unit,
  时限: (order) => duration(order.deadline_hours),
}

/** What is not known stays visible as 【…】: the seat must not send it unseen. */
export function filled(reply: string, values: Record<string, string>): string {
  return reply.replace(/\{([^{}]*)\}/g, (_, name: string) => values[name] || (name === '称呼' ? '' : `【${name}】`))
}

export function valuesOf(form: Record<string, FieldValue>, orders: readonly string[], filedNow: FiledOrder | undefined): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [name, key] of Object.entries(OF_FORM)) if (typeof form[key] === 'string') values[name] = (form[key] as string).trim()
  if (orders.length) values.单号 = orders.at(-1)!
  if (filedNow) for (const [name, of] of Object.entries(OF_FILED)) values[name] = of(filedNow)
  return values
}

/** Put it on the screen of the open conversation. Nothing is sent and nothing is filed. */
export function run(desk: Desk, macro: Macro): void {
  const open = desk.view.open
  const card = desk.view.mine.find(({ conversation_id: id }) => id === open?.id)
  if (!open || !card) {
    desk.view.notice = '先打开一个自己的会话，再使用宏。'
    return
  }
  const own = { ...(desk.view.forms[open.id] ?? {}), ...macro.fields }
  if (Object.keys(macro.fields).length) desk.fill(open.id, macro.fields)
  if (macro.tags.length) desk.tag(open.id, [...new Set([...(card.tags ?? []), ...macro.tags])])
  if (macro.code) desk.choseCode(open.id, macro.code)
  if (macro.reply) {
    const values = valuesOf({ ...prefill(open.snapshot).form, ...own }, open.snapshot.orders, desk.view.filed[open.id])
    const before = desk.view.drafts[open.id] ?? ''
    desk.draft(open.id, `${before}${before ? '\n' : ''}${filled(macro.reply, values)}`)
  }
}

export async function load(desk: Desk): Promise<void> {
  try {
    desk.view.macros = (await request<{ items: Macro[] }>('GET', '/api/v1/seat/macros')).items
  } catch (error) {
    desk.view.notice = error instanceof ApiError ? error.message : '宏没有读到，请稍后再试。'
  }
}

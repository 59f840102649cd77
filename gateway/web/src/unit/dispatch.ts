/** Shapes of the dispatch desk's API. Pure. */

export interface Waiting {
  order_no: string
  status: string
  request_type: string
  title: string
  detail: string
  address: string | null
  event_time: string | null
  subject: string | null
  appeal: string | null
  district: string | null
  street: string | null
  category: (string | null)[]
  urgency: string
  urgency_text: string
  confidential: boolean
  has_contact: boolean
  unit: string
  copies: string[]
  deadline_at: string | null
  version: number
}

/** Another one than before: the list is to be read again. */
export interface News {
  total: number
  changed_at: string | null
}

export interface Suggested {
  unit: string
  mode: string
  copies: string[]
  reason: string
  places: { district: string; street: string }[]
}

/** Why an order waits here, for whoever opens it. */
export function why(order: Pick<Waiting, 'status' | 'unit' | 'district'>, centre = '市民热线服务中心分派岗'): string {
  if (order.status === 'filed') return '还没有派给承办单位'
  if (order.unit !== centre) return `已派${order.unit}，地点待核实`
  return order.district ? '承办单位待定' : '地点不明'
}

/** What is missing before an order may be given away; empty: nothing. */
export function missing(unit: string): string {
  return unit.trim() ? '' : '请选择承办单位。'
}

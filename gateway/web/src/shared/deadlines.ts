/** Orders whose deadline was missed or is near. Pure. */

/** How a unit was told. */
export interface Way {
  by: 'sms' | 'webhook'
  state: 'sent' | 'waiting' | 'failed'
}

export interface Late {
  order_no: string
  unit: string
  category: string | null
  district: string | null
  status_text: string
  deadline_at: string
  resolved_at: string | null
  hours_late: number
  /** Empty: nothing but the unit's page shows it; null: no longer known. */
  told: Way[] | null
}

export interface UnitCount {
  unit: string
  breaches: number
  open: number
}

/** Hours in words; minus means that there is time left. */
export function late(hours: number): string {
  const size = Math.abs(hours)
  const words = size >= 48 ? `${Math.floor(size / 24)}天` : size >= 1 ? `${Math.floor(size)}小时` : `${Math.max(1, Math.round(size * 60))}分钟`
  return hours >= 0 ? `超期${words}` : `还剩${words}`
}

const WAYS: Record<Way['by'], Record<Way['state'], string>> = {
  sms: { sent: '短信已发出', waiting: '短信待发', failed: '短信没有发出' },
  webhook: { sent: '已推送到单位系统', waiting: '待推送到单位系统', failed: '没有推送到单位系统' },
}

/** How the unit was told, in words. */
export function told(ways: Way[] | null): string {
  if (ways === null) return '—'
  if (!ways.length) return '只显示在工单办理页面'
  return [...new Set(ways.map((way) => WAYS[way.by][way.state]))].join('，')
}

/** Orders whose deadline was missed or is near. Pure. */

export interface Late {
  order_no: string
  unit: string
  category: string | null
  district: string | null
  status_text: string
  deadline_at: string
  resolved_at: string | null
  hours_late: number
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

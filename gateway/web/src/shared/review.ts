/** Review sheets, as the leader and the judged seat see them. */

export interface Criterion {
  key: string
  name: string
  points: number
  text: string
}

export interface Criteria {
  version: string
  most: number
  criteria: Criterion[]
  vetoes: Criterion[]
}

export interface Sheet {
  id: string
  conversation_id: string
  seat_id: string
  seat_name: string
  reviewer_name: string
  criteria_version: string
  points: Record<string, number>
  vetoes: string[]
  total: number
  comment: string
  status: string
  appeal: string
  answer: string
  created_at: string
}

export const SHEET_STATUS: Record<string, string> = { open: '待坐席确认', agreed: '坐席已同意', appealed: '坐席申诉，待复核', settled: '已复核' }

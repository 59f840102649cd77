/** What a citizen says of an answered order; null: not asked. Pure. */

type Answer = boolean | null

export interface Said {
  responded: Answer
  solved: Answer
  satisfied: Answer
  reason: string
  reason_detail: string
  note: string
}

export function empty(): Said {
  return { responded: null, solved: null, satisfied: null, reason: '', reason_detail: '', note: '' }
}

/** What is missing before it may be sent; empty: nothing. */
export function missing(said: Said): string {
  if (said.responded === null && said.solved === null && said.satisfied === null) return '请至少填写一项回访结果。'
  return said.satisfied === false && !said.reason ? '请选择不满意的原因。' : ''
}

/** Likely repeats of one matter, as `/api/v1/repeats` gives them, and the words that are proposed with a step. Pure. */

export interface RepeatOrder {
  order_no: string
  request_type: string
  status: string
  status_text: string
  title: string
  place: string
  unit: string
  filed_at: string
}

export interface RepeatGroup {
  main: RepeatOrder
  repeats: (RepeatOrder & { why: string[] })[]
}

export interface MergedOrder extends RepeatOrder {
  main: string
  merged_at: string | null
  reason: string
}

export interface Repeats {
  items: RepeatGroup[]
  merged: MergedOrder[]
  complete: boolean
}

/** What the chosen orders have in common with the main one, each thing once; likeness in percent is the machine's own. */
export function proposedReason(group: RepeatGroup, chosen: string[]): string {
  const said = group.repeats
    .filter((row) => chosen.includes(row.order_no))
    .flatMap((row) => row.why)
    .map((why) => why.replace(/（\d+%）$/, ''))
  return [...new Set(said)].join('，')
}

/** What was merged, and what could not be and why. */
export function outcome(main: string, answer: { merged: string[]; refused: { order_no: string; message: string }[] }): string {
  const done = `已将${answer.merged.length}件工单并入${main}。`
  return done + answer.refused.map((row) => `${row.order_no}没有并入：${row.message}`).join('')
}

/** Hints of the last check: shapes of the API, and which entry a hint leads to. Pure. */

export interface Hint {
  kind: string
  entry_id: string
  question: string
  other_id: string
  other_question: string
  message: string
}

export const HINT_KINDS: Record<string, string> = {
  duplicate: '可能重复',
  contradiction: '可能矛盾',
  source_superseded: '来源有新版本',
  related_missing: '相关条目不存在',
  related_expired: '相关条目已失效',
}

/** The entry at the hint's other end, seen from the one that is open; null where that is no entry (a document). */
export function otherOf(hint: Hint, open: string): { id: string; question: string } | null {
  const ends = [
    { id: hint.entry_id, question: hint.question },
    { id: hint.other_id, question: hint.other_question },
  ]
  return ends.find((end) => end.id !== open && end.question !== '') ?? null
}

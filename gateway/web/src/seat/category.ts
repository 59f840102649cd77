/** A leaf of the catalogue as a seat chooses it: its path, how sure the machine is of it, and why. Pure. */

export interface Leaf {
  code: string
  level1: string
  level2: string
  level3: string
  /** 0..1; null where it was found by its name. */
  confidence?: number | null
  reason?: string
}

export function pathOf(leaf: Pick<Leaf, 'level1' | 'level2' | 'level3'>): string {
  return [leaf.level1, leaf.level2, leaf.level3].filter(Boolean).join('／')
}

/** Empty where nothing was weighed. */
export function sureness(leaf: Leaf): string {
  if (leaf.confidence === null || leaf.confidence === undefined) return ''
  const percent = Math.round(leaf.confidence * 100)
  return percent < 1 ? '把握不到1%' : `把握${percent}%`
}

/** The reason without what stands beside it: the path before it, the percentage behind it. */
export function because(leaf: Leaf): string {
  const reason = leaf.reason ?? ''
  const path = `${pathOf(leaf)}：`
  return (reason.startsWith(path) ? reason.slice(path.length) : reason).replace(/（\d+%）(?=。?$)/, '')
}

/** What the history of an order tells of a choice. */
export function changeNote(before: string, after: string): string {
  if (before === after) return `核对无误：${after}`
  return before ? `由“${before}”改为“${after}”` : `定为“${after}”`
}

/** What is new for a unit while its page is open. Pure, but for `watch`. */

export interface Waiting {
  /** Orders of the unit's own that it has not accepted yet. */
  waiting: number
  /** Numbers of the urgent ones, those among them that it acts on beside another unit. */
  urgent: string[]
}

export const VISIBLE_MS = 30_000
/** Still looked for behind other windows: an urgent order must be heard. */
export const HIDDEN_MS = 60_000

/** The urgent orders that were not there at the last look. */
export function newUrgent(known: ReadonlySet<string>, found: Waiting): string[] {
  return found.urgent.filter((number) => !known.has(number))
}

/** Whether the list has to be read again. */
export function differs(before: Waiting | null, found: Waiting): boolean {
  return before === null || before.waiting !== found.waiting || before.urgent.join() !== found.urgent.join()
}

export function titled(title: string, waiting: number): string {
  return waiting ? `（${waiting}件待签收）${title}` : title
}

/** Looks at once, again and again, and when the page comes to the front; one look at a time. Returns what ends it. */
export function watch(look: () => Promise<void>, page: Pick<Document, 'hidden' | 'addEventListener' | 'removeEventListener'> = document): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let looking = false
  let over = false

  async function next(): Promise<void> {
    if (looking || over) return
    clearTimeout(timer)
    looking = true
    try {
      await look()
    } finally {
      looking = false
      if (!over) timer = setTimeout(() => void next(), page.hidden ? HIDDEN_MS : VISIBLE_MS)
    }
  }

  function shown(): void {
    if (!page.hidden) void next()
  }

  page.addEventListener('visibilitychange', shown)
  void next()
  return () => {
    over = true
    clearTimeout(timer)
    page.removeEventListener('visibilitychange', shown)
  }
}

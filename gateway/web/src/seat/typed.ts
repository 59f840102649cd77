/**
 * What a seat has typed and not sent: the draft of a reply and the fields of the order, by conversation. The tab keeps it
 * over a reload; the server gets it a moment after the last key, so that the next seat finds it when this browser dies.
 */

export type FieldValue = string | boolean

export interface TypedStore {
  drafts: Record<string, string>
  forms: Record<string, Record<string, FieldValue>>
}

const KEY = 'hotline-desk-typed'

export function load(storage: Pick<Storage, 'getItem'>): TypedStore {
  try {
    const kept = JSON.parse(storage.getItem(KEY) ?? '{}') as Partial<TypedStore>
    return { drafts: kept.drafts ?? {}, forms: kept.forms ?? {} }
  } catch {
    return { drafts: {}, forms: {} }
  }
}

export function save(storage: Pick<Storage, 'setItem'>, typed: TypedStore): void {
  try {
    storage.setItem(KEY, JSON.stringify(typed))
  } catch {
    console.warn('the tab cannot keep what is typed: the server has it')
  }
}

export function clear(storage: Pick<Storage, 'removeItem'>): void {
  storage.removeItem(KEY)
}

/** Calls `send` once for each key, so long after the last call with that key. */
export class Later {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>()

  constructor(private readonly milliseconds: number) {}

  run(key: string, send: () => void): void {
    this.cancel(key)
    this.timers.set(
      key,
      setTimeout(() => {
        this.timers.delete(key)
        send()
      }, this.milliseconds),
    )
  }

  cancel(key: string): void {
    const known = this.timers.get(key)
    if (known) clearTimeout(known)
    this.timers.delete(key)
  }

  close(): void {
    for (const key of [...this.timers.keys()]) this.cancel(key)
  }
}

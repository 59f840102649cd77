/**
 * What a seat has typed and not sent, and what only this tab knows of a conversation: the tab keeps it over a reload. Drafts
 * and forms go to the server too, a moment after the last key, so that the next seat finds them when this browser dies.
 */

export type FieldValue = string | boolean

/** An order that this seat has just filed. */
export interface FiledOrder {
  order_no: string
  tracking_code: string
  unit: string
  deadline_hours: number
  /** What the machine had filled in when it was filed. */
  told?: string
}

export interface UnsentMessage {
  conversation_id: string
  text: string
  client_message_id: string
}

export interface TypedStore {
  drafts: Record<string, string>
  forms: Record<string, Record<string, FieldValue>>
  notes: Record<string, string>
  codes: Record<string, string>
  filed: Record<string, FiledOrder>
  unsent: UnsentMessage[]
}

const KEY = 'hotline-desk-typed'

export function load(storage: Pick<Storage, 'getItem'>): TypedStore {
  let kept: Partial<TypedStore> = {}
  try {
    kept = JSON.parse(storage.getItem(KEY) ?? '{}') as Partial<TypedStore>
  } catch {
    console.warn('what the tab kept cannot be read: the server has drafts and forms')
  }
  const { drafts = {}, forms = {}, notes = {}, codes = {}, filed = {}, unsent = [] } = kept
  return { drafts, forms, notes, codes, filed, unsent }
}

export function save(storage: Pick<Storage, 'setItem'>, { drafts, forms, notes, codes, filed, unsent }: TypedStore): void {
  try {
    storage.setItem(KEY, JSON.stringify({ drafts, forms, notes, codes, filed, unsent }))
  } catch {
    console.warn('the tab cannot keep what is typed: the server has drafts and forms')
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

/**
 * Messages that were written but not yet answered. They are kept in the tab's storage, so that neither a lost line nor
 * a reload loses one, and are sent again with the same identifier: the server answers a repeated one from its store.
 */

export interface Pending {
  client_message_id: string
  /** What is shown of it. */
  text: string
  /** Which message of the socket it is, and what it holds besides its text. */
  type: string
  more: Record<string, unknown>
}

export const OUTBOX_KEY = 'hotline-outbox'

export class Outbox {
  private items: Pending[]

  constructor(private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {
    this.items = this.load()
  }

  get pending(): readonly Pending[] {
    return this.items
  }

  add(text: string, type = 'message', more: Record<string, unknown> = {}): Pending {
    const item = { client_message_id: newMessageId(), text, type, more }
    this.items = [...this.items, item]
    this.save()
    return item
  }

  /** One that is longer than the service takes becomes several in its place; the first keeps its identifier. */
  divide(clientMessageId: string, texts: readonly [string, ...string[]]): Pending[] {
    const [first, ...others] = texts
    const further = others.map((text) => ({ client_message_id: newMessageId(), text, type: 'message', more: {} }))
    this.items = this.items.flatMap((item) =>
      item.client_message_id === clientMessageId ? [{ ...item, text: first }, ...further] : [item],
    )
    this.save()
    return further
  }

  answered(clientMessageId: string): void {
    this.items = this.items.filter((item) => item.client_message_id !== clientMessageId)
    this.save()
  }

  clear(): void {
    this.items = []
    this.storage.removeItem(OUTBOX_KEY)
  }

  private load(): Pending[] {
    try {
      const stored: unknown = JSON.parse(this.storage.getItem(OUTBOX_KEY) ?? '[]')
      const items = Array.isArray(stored) ? (stored as Pending[]) : []
      return items.map((item) => ({ ...item, type: item.type ?? 'message', more: item.more ?? {} }))
    } catch {
      return []
    }
  }

  private save(): void {
    this.storage.setItem(OUTBOX_KEY, JSON.stringify(this.items))
  }
}

export function newMessageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

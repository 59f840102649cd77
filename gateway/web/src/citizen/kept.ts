/**
 * Where a conversation is kept: in the tab, which a shared computer forgets. As long as something is unsent it is also
 * kept in the browser, so that a closed tab loses nothing: the next one sends it under the same identifiers.
 */

import { OUTBOX_KEY } from '../shared/outbox'
import { CONVERSATION_KEY, type Store } from './conversation'

const UNSENT_KEY = 'hotline-unsent'
const KEPT_MILLISECONDS = 24 * 3_600_000

interface Unsent {
  tab: string
  conversation: string | null
  outbox: string
  at: number
}

/** `local` null, or one that refuses: then only the tab keeps it. */
export class KeptStore implements Store {
  constructor(
    private readonly session: Store,
    private readonly local: Store | null,
    private readonly tab: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** Take over what a tab that is gone has left; `alive`: the names of tabs that are open. */
  adopt(alive: readonly string[]): void {
    const left = this.unsent()
    if (!left || alive.includes(left.tab) || this.session.getItem(CONVERSATION_KEY)) return
    if (left.conversation) this.session.setItem(CONVERSATION_KEY, left.conversation)
    this.setItem(OUTBOX_KEY, left.outbox)
  }

  getItem(key: string): string | null {
    return this.session.getItem(key)
  }

  setItem(key: string, value: string): void {
    this.session.setItem(key, value)
    this.copy()
  }

  removeItem(key: string): void {
    this.session.removeItem(key)
    this.copy()
  }

  private copy(): void {
    if (!this.local) return
    const outbox = this.session.getItem(OUTBOX_KEY)
    const left = this.unsent()
    if (outbox && outbox !== '[]') {
      const unsent: Unsent = { tab: this.tab, conversation: this.session.getItem(CONVERSATION_KEY), outbox, at: this.now() }
      this.local.setItem(UNSENT_KEY, JSON.stringify(unsent))
    } else if (left?.tab === this.tab) {
      this.local.removeItem(UNSENT_KEY)
    }
  }

  private unsent(): Unsent | null {
    try {
      const kept = JSON.parse(this.local?.getItem(UNSENT_KEY) ?? 'null') as Unsent | null
      return kept && this.now() - kept.at < KEPT_MILLISECONDS ? kept : null
    } catch {
      return null
    }
  }
}

/** A store for a page in which the browser keeps nothing, for example in a frame of another site. */
export function memoryStore(): Store {
  const kept = new Map<string, string>()
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  }
}

/** The browser's own store, or null where it must not be used. */
export function usable(open: () => Storage): Store | null {
  try {
    const store = open()
    store.setItem('hotline-probe', '')
    store.removeItem('hotline-probe')
    return store
  } catch {
    return null
  }
}

const LOCK_PREFIX = 'hotline-tab-'

/** The store of this page. Each tab holds a lock of its name, so that others know whether it is still there. */
export async function openStore(tab: string): Promise<KeptStore> {
  const store = new KeptStore(usable(() => sessionStorage) ?? memoryStore(), usable(() => localStorage), tab)
  let alive: string[] = []
  if (navigator.locks) {
    void navigator.locks.request(LOCK_PREFIX + tab, () => new Promise(() => undefined)) // for the life of the page
    const held = (await navigator.locks.query()).held ?? []
    alive = held.flatMap(({ name }) => (name?.startsWith(LOCK_PREFIX) ? [name.slice(LOCK_PREFIX.length)] : []))
  }
  store.adopt(alive)
  return store
}

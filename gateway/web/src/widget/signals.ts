/** What the page in the frame tells the page around it: that it wants to be closed, that something new was said. */

export type Signal = 'close' | 'news'

interface Framed {
  parent: { postMessage(message: unknown, target: string): void }
}

/** Nothing of a conversation is in it, so any page that may show the frame may have it. */
export function signal(what: Signal, page: Framed = window): void {
  if (page.parent !== (page as unknown)) page.parent.postMessage({ hotline: what }, '*')
}

export function signalOf(message: unknown): Signal | null {
  const what = typeof message === 'object' && message !== null ? (message as { hotline?: unknown }).hotline : null
  return what === 'close' || what === 'news' ? what : null
}

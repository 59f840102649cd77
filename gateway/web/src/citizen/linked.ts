/** A link from WeChat names the conversation that goes on here; it stands behind the #, where no server sees it. */

import { CONVERSATION_KEY } from './conversation'
import { OUTBOX_KEY } from '../shared/outbox'

const LINK = /^#c=(c_[0-9A-Z]{26})$/

/** Make the linked conversation this tab's own, and take it out of the address, which people share and photograph. */
export function takeLinked(
  place: Pick<Location, 'hash' | 'pathname' | 'search'>,
  history: Pick<History, 'replaceState'>,
  store: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
): void {
  const found = LINK.exec(place.hash)?.[1]
  if (!found) return
  if (store.getItem(CONVERSATION_KEY) !== found) store.removeItem(OUTBOX_KEY) // what was written belongs elsewhere
  store.setItem(CONVERSATION_KEY, found)
  history.replaceState(null, '', place.pathname + place.search)
}

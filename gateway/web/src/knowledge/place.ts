/** What the page shows, as its address says it: `/knowledge/ENTRY_ID`, or `/knowledge?q=…&topic=…&page=…`. */

export interface EntryPlace {
  kind: 'entry'
  id: string
}

export interface ListPlace {
  kind: 'list'
  q: string
  topic: string
  page: number
}

export type Place = EntryPlace | ListPlace

const ROOT = '/knowledge'

export function placeOf(path: string, search: string): Place {
  const id = path.startsWith(`${ROOT}/`) ? decoded(path.slice(ROOT.length + 1)) : ''
  if (id) return { kind: 'entry', id }
  const query = new URLSearchParams(search)
  const page = Number(query.get('page') ?? '1')
  return {
    kind: 'list',
    q: (query.get('q') ?? '').trim(),
    topic: query.get('topic') ?? '',
    page: Number.isInteger(page) && page >= 1 ? page : 1,
  }
}

export function addressOf(place: Place): string {
  if (place.kind === 'entry') return `${ROOT}/${encodeURIComponent(place.id)}`
  const query = queryOf(place).toString()
  return query ? `${ROOT}?${query}` : ROOT
}

/** The same words for the address and for the API's `entries`. */
export function queryOf({ q, topic, page }: ListPlace): URLSearchParams {
  const query = new URLSearchParams()
  if (q) query.set('q', q)
  if (topic) query.set('topic', topic)
  if (page > 1) query.set('page', String(page))
  return query
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // A stray % sign: the server will say that there is no such entry.
  }
}

/** Shapes of the public knowledge API, and how they are put in words. No component, no network. */

export interface Summary {
  id: string
  question: string
  topic: string
  owner: string
  excerpt: string
  effective_from: string | null
  effective_to: string | null
  coming: boolean
  updated_at: string
}

export interface Listing {
  items: Summary[]
  total: number
  page: number
  page_size: number
}

export interface Source {
  title: string
  issuing_body: string
  document_no: string
  clause: string
  version_date: string
  url: string
}

export interface PublicEntry extends Omit<Summary, 'excerpt'> {
  answer: string
  sources: Source[]
  attachments: { title: string; url: string }[]
  related: { id: string; question: string }[]
  structured_data: unknown
}

export interface Topic {
  topic: string
  count: number
}

const DAY = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', year: 'numeric', month: 'long', day: 'numeric' })

/** The day in the city's time, wherever the reader is; '' for what is no moment. */
export function day(moment: string | null): string {
  const time = moment ? Date.parse(moment) : Number.NaN
  return Number.isNaN(time) ? '' : DAY.format(time)
}

/** From when to when an entry holds; '' where neither is known. */
export function validity(entry: Pick<Summary, 'effective_from' | 'effective_to'>): string {
  const [from, to] = [day(entry.effective_from), day(entry.effective_to)]
  if (from && to) return `${from}起，至${to}`
  if (from) return `${from}起`
  return to ? `至${to}` : ''
}

/** 《title》（number），clause，issuer — as far as they are known. */
export function sourceText(source: Source): string {
  const title = source.title.startsWith('《') ? source.title : `《${source.title}》`
  const number = source.document_no ? `（${source.document_no}）` : ''
  return [`${title}${number}${source.clause}`, source.issuing_body].filter(Boolean).join('，')
}

/** The address where it is one of the web; '' else: `javascript:` must never become a link. */
export function webAddress(url: string | null | undefined): string {
  try {
    const { protocol } = new URL(url ?? '')
    return protocol === 'https:' || protocol === 'http:' ? (url ?? '') : ''
  } catch {
    return ''
  }
}

export function pageCount(listing: Listing): number {
  return Math.max(1, Math.ceil(listing.total / listing.page_size))
}

/** Search of the public knowledge API from a page of another site. No component, no element. */

export interface Found {
  id: string
  question: string
  excerpt: string
  owner: string
}

export const RESULTS_AT_MOST = 5
export const QUERY_CHARACTERS = 500

/** The hotline's address: where the script itself came from. */
export function baseOf(script: string): string {
  return new URL(script).origin
}

export function entryAddress(base: string, id: string): string {
  return `${base}/knowledge/${encodeURIComponent(id)}`
}

export function allAddress(base: string, words: string): string {
  return `${base}/knowledge?${new URLSearchParams({ q: words })}`
}

/** What was found; throws an Error whose message may be shown to a person. */
export async function find(base: string, words: string): Promise<{ items: Found[]; total: number }> {
  const query = new URLSearchParams({ q: words, page_size: String(RESULTS_AT_MOST) })
  let response: Response
  try {
    response = await fetch(`${base}/api/v1/knowledge/entries?${query}`, { credentials: 'omit' })
  } catch {
    throw new Error('网络不通，请稍后再试。')
  }
  if (response.status === 429) throw new Error('查询太频繁了，请过一会儿再试。')
  if (!response.ok) throw new Error('服务暂时不可用，请稍后再试。')
  return (await response.json()) as { items: Found[]; total: number }
}

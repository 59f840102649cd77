/** A text longer than one message may be, as several messages in order. Pure. Lengths are Unicode characters, as the service counts. */

/** Of one text: more is asked to be sent in several goes, so that a whole book does not keep a conversation busy. */
export const MOST_PARTS = 25

const SENTENCE_END = /[。！？!?；;…\n]/
const CLOSING = /[”’」』）)》】]/
const PAUSE = /[，,、：:\s]/
const NUMBER = /[\d０-９零〇一二三四五六七八九十百千万亿两幺点]/
const IN_NUMBER = /[.,:：/~～－—–\-+% ]/
const LATIN = /[!-~]/ // letters, numbers, addresses: whatever is written without a space
const HAN = /\p{Script=Han}/u
const CLINGS = /^[\p{M}\p{Emoji_Modifier}\u200d]$/u
const FLAG = /^\p{Regional_Indicator}$/u

export function counted(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** Each at most `limit` characters; what stands between them is white space only. Empty where there are no words. */
export function inParts(text: string, limit: number): string[] {
  const parts: string[] = []
  const characters = Array.from(text.trim())
  for (let from = 0; from < characters.length; ) {
    const to = characters.length - from > limit ? place(characters, from, limit) : characters.length
    parts.push(characters.slice(from, to).join('').trim())
    from = to
  }
  return parts.filter(Boolean)
}

/** Where the part that begins at `from` ends: at the last sentence of its second half, else at a pause, else anywhere. */
function place(characters: string[], from: number, limit: number): number {
  const last = (fits: (at: number) => boolean, least: number): number => {
    for (let at = from + limit; at > least; at -= 1) if (divides(characters, at) && fits(at)) return at
    return 0
  }
  const half = from + Math.floor(limit / 2)
  return (
    last((at) => endsSentence(characters, at), half) ||
    last((at) => PAUSE.test(characters[at - 1]!), half) ||
    last(() => true, from) ||
    from + limit // one unbroken row of letters or digits: no number is as long
  )
}

function endsSentence(characters: string[], at: number): boolean {
  if (CLOSING.test(characters[at] ?? '') || SENTENCE_END.test(characters[at] ?? '')) return false // the end is further on
  let before = at - 1
  while (before > 0 && CLOSING.test(characters[before]!)) before -= 1
  return SENTENCE_END.test(characters[before]!)
}

/** Whether a message may end before the character `at`: not inside a number, a word in letters or a joined sign. */
function divides(characters: string[], at: number): boolean {
  const [before, after] = [characters[at - 1]!, characters[at] ?? '']
  if (CLINGS.test(after) || before === '\u200d' || (FLAG.test(before) && FLAG.test(after))) return false
  if ((LATIN.test(before) || HAN.test(before)) && LATIN.test(after)) return false // 京A12345
  if (NUMBER.test(before) && NUMBER.test(after)) return false
  if (NUMBER.test(before) && IN_NUMBER.test(after) && NUMBER.test(characters[at + 1] ?? '')) return false
  return !(IN_NUMBER.test(before) && NUMBER.test(characters[at - 2] ?? '') && NUMBER.test(after))
}

/** How the right words are said in place of those that were misheard. */

// What the dialogue reads as "not A but B" is short and holds no second sentence (bot/policy/corrections.py).
const SHORT = /^[^,，。是]{1,16}$/

/** `asking`: a question stands, so words alone would be taken for its answer. */
export function correction(heard: string, right: string, asking: boolean): string {
  const wrong = heard.trim().replace(/[。，]$/, '')
  const words = right.trim()
  if (!asking || words.startsWith('更正')) return words
  return SHORT.test(wrong) ? `更正：不是${wrong}，是${words}` : `更正：${words}`
}

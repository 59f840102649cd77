/** Danger in the queue is heard, not only seen. */

import type { Card } from '../shared/types'

/** The conversations whose alarm is new. */
export function newAlarms(known: ReadonlySet<string>, cards: readonly Card[]): string[] {
  return cards.filter((card) => card.alarm && !known.has(card.conversation_id)).map((card) => card.conversation_id)
}

/** Three rising tones. A browser that has had no click yet stays silent: then the red card must do. */
export function sound(): void {
  if (typeof AudioContext === 'undefined') return
  const context = new AudioContext()
  const gain = context.createGain()
  gain.gain.value = 0.2
  gain.connect(context.destination)
  for (const [index, frequency] of [660, 880, 1_100].entries()) {
    const tone = context.createOscillator()
    tone.frequency.value = frequency
    tone.connect(gain)
    tone.start(context.currentTime + index * 0.25)
    tone.stop(context.currentTime + index * 0.25 + 0.2)
    if (index === 2) tone.onended = () => void context.close()
  }
}

/** Danger in the queue is heard, not only seen. */

import type { Card } from '../shared/types'

/** The conversations whose alarm is new. */
export function newAlarms(known: ReadonlySet<string>, cards: readonly Card[]): string[] {
  return cards.filter((card) => card.alarm && !known.has(card.conversation_id)).map((card) => card.conversation_id)
}

/** The conversations that have just waited too long. */
export function newlyOverdue(known: ReadonlySet<string>, cards: readonly Card[]): string[] {
  return cards.filter((card) => card.overdue && !known.has(card.conversation_id)).map((card) => card.conversation_id)
}

const TONES = { danger: [660, 880, 1_100], offer: [520, 660], message: [740] } as const

/** Rising tones. A browser that has had no click yet stays silent: then what is seen must do. */
export function sound(kind: keyof typeof TONES = 'danger'): void {
  if (typeof AudioContext === 'undefined') return
  const context = new AudioContext()
  const gain = context.createGain()
  gain.gain.value = kind === 'danger' ? 0.2 : 0.1
  gain.connect(context.destination)
  const tones = TONES[kind]
  for (const [index, frequency] of tones.entries()) {
    const tone = context.createOscillator()
    tone.frequency.value = frequency
    tone.connect(gain)
    tone.start(context.currentTime + index * 0.25)
    tone.stop(context.currentTime + index * 0.25 + 0.2)
    if (index === tones.length - 1) tone.onended = () => void context.close()
  }
}

/** What happened to a call-back or a return visit. Pure. */

import { moment } from '../unit/orders'

export interface TaskStep {
  event: string
  text: string
  who: string
  at: string
}

/** One line a step, oldest first. */
export function steps(history: TaskStep[] | undefined): string[] {
  return (history ?? []).map((step) => `${moment(step.at)} ${step.who} ${step.text}`)
}

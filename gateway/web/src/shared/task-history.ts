/** What happened to a call-back or a return visit. Pure. */

export interface TaskStep {
  event: string
  text: string
  who: string
  at: string
}

function moment(iso: string): string {
  return new Date(iso).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'short' })
}

/** One line a step, oldest first. */
export function steps(history: TaskStep[] | undefined): string[] {
  return (history ?? []).map((step) => `${moment(step.at)} ${step.who} ${step.text}`)
}

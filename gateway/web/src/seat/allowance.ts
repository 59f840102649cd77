/** What WeChat still lets us send to a citizen, in words for the seat. */

import type { Allowance } from '../shared/types'

export function allowanceText(allowance: Allowance): string {
  if (allowance.left === 0 || allowance.until === null) {
    return '微信暂时不允许再主动发送：您写的会保存，市民再次发来消息时一并送达。'
  }
  const until = new Date(allowance.until).toLocaleString('zh-CN', {
    timeZone: 'Asia/Shanghai',
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  })
  const last = allowance.left === 1 ? '，最后一条会附上网页链接' : ''
  return `微信还可发送${allowance.left}条（${until}前有效）${last}。连续写的几句会合成一条。`
}

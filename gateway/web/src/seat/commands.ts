/** Everything that the keyboard can do at the desk: one table for the keys, for the palette and for the help. */

export interface Command {
  id: string
  name: string
  /** As shown; a single key works only outside text fields. What cannot be taken back needs Shift. */
  keys: string
}

export const COMMANDS: Command[] = [
  { id: 'help', name: '显示快捷键', keys: '?' },
  { id: 'palette', name: '查找命令', keys: 'Ctrl+K' },
  { id: 'accept', name: '接受系统派给我的会话', keys: 'A' },
  { id: 'decline', name: '谢绝系统派给我的会话', keys: 'X' },
  { id: 'claim', name: '接起排在最前的会话', keys: 'C' },
  { id: 'next', name: '下一个我的会话', keys: 'J' },
  { id: 'previous', name: '上一个我的会话', keys: 'K' },
  { id: 'reply', name: '写回复', keys: 'R' },
  { id: 'order', name: '填工单', keys: 'O' },
  { id: 'file', name: '登记工单', keys: 'Ctrl+Enter' },
  { id: 'knowledge', name: '知识建议', keys: 'S' },
  { id: 'replies', name: '常用语', keys: '/' },
  { id: 'notes', name: '备注与标签', keys: 'N' },
  { id: 'history', name: '这位市民的历史', keys: 'H' },
  { id: 'snooze', name: '稍后处理这个会话（10 分钟）', keys: 'Z' },
  { id: 'talk', name: '网页通话：接通／离开', keys: 'V' },
  { id: 'mute', name: '静音／取消静音', keys: 'M' },
  { id: 'hold', name: '请来电人等待／恢复通话', keys: 'P' },
  { id: 'answered', name: '已答复，结束会话', keys: 'Shift+E' },
  { id: 'callback', name: '需回电，结束会话', keys: 'Shift+C' },
  { id: 'give-back', name: '退回队列', keys: 'Shift+B' },
  { id: 'tab conversations', name: '打开“会话”', keys: 'Q' },
  { id: 'tab orders', name: '打开“工单”', keys: 'W' },
  { id: 'tab callbacks', name: '打开“回电”', keys: 'D' },
  { id: 'break', name: '小休／回到空闲', keys: 'B' },
  { id: 'theme', name: '切换浅色、深色', keys: 'T' },
]

interface Pressed {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey?: boolean
}

/** The command of a key, or the number of one of my conversations. `typing`: the key went into a text field. */
export function commandOf(pressed: Pressed, typing: boolean): string | number | null {
  const control = pressed.ctrlKey || pressed.metaKey
  if (control && pressed.key.toLowerCase() === 'k') return 'palette'
  if (control && pressed.key === 'Enter') return 'file'
  if (typing || control || pressed.altKey) return null
  if (/^[1-9]$/.test(pressed.key)) return Number(pressed.key)
  const upper = pressed.key.length === 1 ? pressed.key.toUpperCase() : pressed.key
  const key = pressed.shiftKey && /^[A-Z]$/.test(upper) ? `Shift+${upper}` : upper
  return COMMANDS.find((command) => command.keys === key)?.id ?? null
}

/** Whether a key goes into a field instead of being a command. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}

/** Commands, and after them `more` (the seat's macros). */
export function found(words: string, more: readonly Command[] = []): Command[] {
  const wanted = words.trim().toLowerCase()
  return [...COMMANDS, ...more].filter(({ id, name }) => id !== 'palette' && (!wanted || name.toLowerCase().includes(wanted) || id.includes(wanted)))
}

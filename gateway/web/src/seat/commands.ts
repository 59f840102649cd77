/** Everything that the keyboard can do at the desk: one table for the keys, for the palette and for the help. */

export interface Command {
  id: string
  name: string
  /** As shown; a single key works only outside text fields. */
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
  { id: 'break', name: '小休／回到空闲', keys: 'B' },
  { id: 'theme', name: '切换浅色、深色', keys: 'T' },
]

interface Pressed {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
}

/** The command of a key, or the number of one of my conversations. `typing`: the key went into a text field. */
export function commandOf(pressed: Pressed, typing: boolean): string | number | null {
  const control = pressed.ctrlKey || pressed.metaKey
  if (control && pressed.key.toLowerCase() === 'k') return 'palette'
  if (control && pressed.key === 'Enter') return 'file'
  if (typing || control || pressed.altKey) return null
  if (/^[1-9]$/.test(pressed.key)) return Number(pressed.key)
  const key = pressed.key.length === 1 ? pressed.key.toUpperCase() : pressed.key
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

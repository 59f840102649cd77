/** Light, dark, or as the system says. Kept by this browser. */

export type Theme = 'system' | 'light' | 'dark'
export const THEMES: [Theme, string][] = [
  ['system', '随系统'],
  ['light', '浅色'],
  ['dark', '深色'],
]
const KEY = 'hotline-seat-theme'

export function chosenTheme(): Theme {
  const kept = localStorage.getItem(KEY)
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme)
  showTheme()
}

/** Put the theme on the page; call it again when the system's own has changed. */
export function showTheme(): void {
  const theme = chosenTheme()
  const dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark', dark)
}

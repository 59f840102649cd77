/** Notices of the desktop: asked for by a button, never by a pop-up on arrival; without a word of what citizens said. */

export type Wish = 'unknown' | 'granted' | 'denied'

export function wish(): Wish {
  if (typeof Notification === 'undefined') return 'denied'
  return Notification.permission === 'default' ? 'unknown' : Notification.permission
}

export async function ask(): Promise<Wish> {
  if (typeof Notification === 'undefined') return 'denied'
  await Notification.requestPermission()
  return wish()
}

/** Shown only while the page is not looked at. */
export function notify(title: string, tag: string): void {
  if (wish() !== 'granted' || !document.hidden) return
  const shown = new Notification(title, { tag })
  shown.onclick = () => {
    window.focus()
    shown.close()
  }
}

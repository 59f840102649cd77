/**
 * The chat for pages of other sites, built into one file, `/widget/chat.js`: a button that opens the citizen's page in
 * a frame. See docs/widget.md. The site's page learns nothing of what is said: two bare signals come out of the frame.
 */

import { baseOf } from './answers'
import { CHAT_STYLE } from './chat-style'
import { element, shadowOf, whenThere } from './element'
import { signalOf } from './signals'

const TITLE = '12345 在线咨询'

export interface Options {
  /** What stands on the button. */
  label: string
  side: 'left' | 'right'
  open: boolean
}

export function build(host: HTMLElement, base: string, options: Options): void {
  const shadow = shadowOf(host, CHAT_STYLE)
  const launcher = element('button', { type: 'button', className: 'launcher', textContent: options.label })
  launcher.setAttribute('aria-expanded', 'false')
  launcher.setAttribute('aria-controls', 'panel')
  const news = element('span', { className: 'news' })
  news.setAttribute('role', 'status')
  const close = element('button', { type: 'button', textContent: '收起' })
  const head = element('header', {}, element('strong', { textContent: TITLE }), close)
  const panel = element('section', { id: 'panel', hidden: true }, head)
  panel.setAttribute('role', 'dialog')
  panel.setAttribute('aria-label', TITLE)
  shadow.append(element('div', { className: `dock ${options.side}`, lang: 'zh-CN' }, panel, launcher, news))

  let frame: HTMLIFrameElement | null = null

  const show = (): void => {
    if (!frame) {
      // Made at the first opening: a visitor who asks nothing loads nothing.
      frame = element('iframe', { title: TITLE, src: `${base}/` })
      frame.allow = `microphone ${base}; geolocation ${base}; autoplay ${base}`
      frame.addEventListener('load', () => frame?.focus())
      panel.append(frame)
    }
    panel.hidden = false
    launcher.setAttribute('aria-expanded', 'true')
    news.textContent = ''
    frame.focus()
  }
  const hide = (): void => {
    panel.hidden = true
    launcher.setAttribute('aria-expanded', 'false')
    launcher.focus()
  }

  launcher.addEventListener('click', () => (panel.hidden ? show() : hide()))
  close.addEventListener('click', hide)
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hide()
  })
  window.addEventListener('message', (event) => {
    if (event.source !== frame?.contentWindow || event.origin !== base) return
    const signal = signalOf(event.data)
    if (signal === 'close' && !panel.hidden) hide()
    if (signal === 'news' && panel.hidden) news.textContent = '有新消息'
  })
  if (options.open) show()
}

whenThere('chat.js', (script) => {
  const host = element('div')
  document.body.append(host)
  build(host, baseOf(script.src), {
    label: script.dataset.label ?? TITLE,
    side: script.dataset.side === 'left' ? 'left' : 'right',
    open: script.dataset.open === 'true',
  })
})

/** Elements of a widget: made by hand, so that words of the API become text nodes only. */

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

/** A tree that the site's styles do not reach. A constructed sheet works under a site's own content security policy. */
export function shadowOf(host: HTMLElement, style: string): ShadowRoot {
  const shadow = host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(style)
  shadow.adoptedStyleSheets = [sheet]
  return shadow
}

/** Call `place` with the script that runs now, once the page has a body. */
export function whenThere(file: string, place: (script: HTMLScriptElement) => void): void {
  const script = document.currentScript
  if (!(script instanceof HTMLScriptElement)) {
    console.error(`${file}: load it with a plain <script src> tag, not as a module`)
    return
  }
  const start = (): void => place(script)
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start, { once: true })
  else start()
}

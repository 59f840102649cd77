import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import { signal, signalOf } from './signals'

const BASE = 'https://hotline.cn'

beforeAll(() => {
  // jsdom has no constructed style sheets.
  vi.stubGlobal('CSSStyleSheet', class { replaceSync(): void {} })
  vi.spyOn(console, 'error').mockImplementation(() => undefined) // the file looks for its script tag when it is loaded
})
afterEach(() => document.body.replaceChildren())

async function widget(open = false) {
  const { build } = await import('./chat')
  const host = document.createElement('div')
  document.body.append(host)
  build(host, BASE, { label: '在线咨询', side: 'right', open })
  const shadow = host.shadowRoot!
  const panel = shadow.querySelector<HTMLElement>('[role=dialog]')!
  const launcher = shadow.querySelector<HTMLButtonElement>('.launcher')!
  const tell = (data: unknown, origin = BASE, source: unknown = shadow.querySelector('iframe')?.contentWindow): void => {
    window.dispatchEvent(new MessageEvent('message', { data, origin, source: source as Window }))
  }
  return { shadow, panel, launcher, tell }
}

describe('the chat of another site', () => {
  it('loads nothing before it is opened, and keeps its frame when it is closed', async () => {
    const { shadow, panel, launcher } = await widget()
    expect(shadow.querySelector('iframe')).toBeNull()
    launcher.click()
    const frame = shadow.querySelector('iframe')!
    expect(frame.src).toBe(`${BASE}/`)
    expect(frame.allow).toContain(`microphone ${BASE}`)
    expect([panel.hidden, launcher.getAttribute('aria-expanded')]).toEqual([false, 'true'])
    launcher.click()
    expect([panel.hidden, shadow.activeElement]).toEqual([true, launcher])
    launcher.click()
    expect(shadow.querySelectorAll('iframe')).toHaveLength(1)
  })

  it('closes with Escape, on either side of the frame, and says that something new is there', async () => {
    const { shadow, panel, launcher, tell } = await widget(true)
    panel.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))
    expect(panel.hidden).toBe(true)
    tell({ hotline: 'news' })
    expect(shadow.querySelector('[role=status]')?.textContent).toBe('有新消息')
    launcher.click()
    expect(shadow.querySelector('[role=status]')?.textContent).toBe('')
    tell({ hotline: 'close' })
    expect(panel.hidden).toBe(true)
  })

  it('believes only its own frame', async () => {
    const { panel, tell } = await widget(true)
    tell({ hotline: 'close' }, 'https://evil.example')
    tell({ hotline: 'close' }, BASE, window)
    tell('close')
    expect(panel.hidden).toBe(false)
  })
})

describe('signals', () => {
  it('leave only a page that stands in a frame', () => {
    const parent = { postMessage: vi.fn() }
    signal('close', { parent })
    expect(parent.postMessage).toHaveBeenCalledWith({ hotline: 'close' }, '*')
    expect([signalOf({ hotline: 'news' }), signalOf({ hotline: 'x' }), signalOf(null)]).toEqual(['news', null, null])
  })
})

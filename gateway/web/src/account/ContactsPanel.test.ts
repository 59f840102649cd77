import { createApp, type App } from 'vue'
import { afterEach, describe, expect, it, vi } from 'vitest'

import ContactsPanel from './ContactsPanel.vue'

let app: App | undefined
afterEach(() => {
  app?.unmount()
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

function opened(answer: () => Promise<Response>): Element {
  vi.stubGlobal('fetch', vi.fn(answer))
  app = createApp(ContactsPanel)
  return app.mount(document.body.appendChild(document.createElement('div'))).$el as Element
}

const json = (status: number, body: object) => () => Promise.resolve(new Response(JSON.stringify(body), { status }))

describe('ContactsPanel', () => {
  it('says that the numbers could not be read, and not that there are none', async () => {
    const panel = opened(json(503, { error: { code: 'unavailable', message: '系统正在维护，请稍后再试。' } }))
    await vi.waitFor(() => expect(panel.querySelector('[role=alert]')?.textContent).toContain('系统正在维护，请稍后再试。'))
    expect(panel.textContent).not.toContain('还没有设置')
    expect(panel.querySelector('button')!.textContent).toContain('重新读取')
  })

  it('reads again when asked to, and says so where no number is set', async () => {
    const panel = opened(() => Promise.reject(new TypeError('cut')))
    await vi.waitFor(() => expect(panel.querySelector('[role=alert]')?.textContent).toContain('网络不通'))
    vi.stubGlobal('fetch', vi.fn(json(200, { items: [] })))
    panel.querySelector('button')!.click()
    await vi.waitFor(() => expect(panel.textContent).toContain('还没有设置'))
    expect(panel.querySelector('[role=alert]')).toBeNull()
  })

  it('names every message that is sent', () => {
    const told = opened(json(200, { items: [] })).querySelector('p')!.textContent
    for (const what of ['新派单', '双派', '退回重办', '异议未被采纳', '期限更改', '期限将至', '超期']) expect(told).toContain(what)
  })
})

import { createApp, nextTick, reactive, type App } from 'vue'
import { afterEach, describe, expect, it, vi } from 'vitest'

import type { CitizenConversation } from './conversation'
import MessageComposer from './MessageComposer.vue'
import { MOST_PARTS } from './parts'

let app: App | undefined
afterEach(() => {
  app?.unmount()
  document.body.innerHTML = ''
})

function opened(messageLimit: number) {
  const say = vi.fn()
  const view = reactive({ messageLimit, asking: null, voice: { offered: false, seconds: 60 } })
  app = createApp(MessageComposer, { conversation: { view, say } as unknown as CitizenConversation })
  app.mount(document.body.appendChild(document.createElement('div')))
  const area = document.querySelector('textarea')!
  const write = async (text: string) => {
    area.value = text
    area.dispatchEvent(new Event('input'))
    await nextTick()
  }
  return { say, area, write, told: () => document.querySelector('.length')!, button: () => document.querySelector<HTMLButtonElement>('.writing button')! }
}

describe('MessageComposer', () => {
  it('takes a pasted story of any length and tells in how many messages it goes', async () => {
    const { say, area, write, told, button } = opened(4_000)
    const story = '楼下夜里施工，吵得睡不着。'.repeat(800)
    expect(area.maxLength).toBe(-1)
    await write(story)
    expect(told().textContent).toContain(`已写${story.length}字，每条最多4000字。`)
    expect(told().textContent).toContain('将按顺序分成3条发送')
    expect(told().classList.contains('visually-hidden')).toBe(false)
    button().click()
    await nextTick()
    expect(say).toHaveBeenCalledWith(story, undefined)
    expect(area.value).toBe('')
  })

  it('counts near the limit only', async () => {
    const { write, told } = opened(100)
    await write('字'.repeat(79))
    expect(told().textContent).toBe('')
    await write('字'.repeat(80))
    expect(told().textContent).toBe('已写80字，每条最多100字。')
  })

  it('keeps what is too long even for several, and says so', async () => {
    const { say, area, write, told, button } = opened(100)
    const book = '字'.repeat(100 * MOST_PARTS + 1)
    await write(book)
    expect(told().textContent).toContain(`一次最多发${MOST_PARTS}条`)
    expect(button().disabled).toBe(true)
    area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }))
    await nextTick()
    expect(say).not.toHaveBeenCalled()
    expect(area.value).toBe(book)
  })
})

import { describe, expect, it } from 'vitest'

import { Outbox, OUTBOX_KEY } from '../shared/outbox'
import { CONVERSATION_KEY } from './conversation'
import { KeptStore, memoryStore, usable } from './kept'

const DAY = 24 * 3_600_000

describe('KeptStore', () => {
  it('leaves what was not sent to the next tab, and nothing else', () => {
    const browser = memoryStore()
    const first = new KeptStore(memoryStore(), browser, 'a', () => 0)
    first.setItem(CONVERSATION_KEY, 'c_1')
    expect(browser.getItem('hotline-unsent')).toBeNull()
    const item = new Outbox(first).add('路灯不亮')

    const next = new KeptStore(memoryStore(), browser, 'b', () => 1_000)
    next.adopt(['a'])
    expect(next.getItem(OUTBOX_KEY)).toBeNull() // its tab is still open, and sends it itself
    next.adopt([])
    expect(next.getItem(CONVERSATION_KEY)).toBe('c_1')
    const outbox = new Outbox(next)
    expect(outbox.pending).toEqual([item])
    outbox.answered(item.client_message_id)
    expect(browser.getItem('hotline-unsent')).toBeNull()
  })

  it('forgets it after a day, and never over another conversation', () => {
    const browser = memoryStore()
    new Outbox(new KeptStore(memoryStore(), browser, 'a', () => 0)).add('路灯不亮')
    const late = new KeptStore(memoryStore(), browser, 'b', () => DAY)
    late.adopt([])
    expect(late.getItem(OUTBOX_KEY)).toBeNull()
    const session = memoryStore()
    session.setItem(CONVERSATION_KEY, 'c_2')
    const other = new KeptStore(session, browser, 'c', () => 1)
    other.adopt([])
    expect(other.getItem(OUTBOX_KEY)).toBeNull()
  })

  it('goes without a browser that keeps nothing', () => {
    const refused = usable(() => {
      throw new DOMException('', 'SecurityError')
    })
    expect(refused).toBeNull()
    const store = new KeptStore(memoryStore(), refused, 'a')
    expect(new Outbox(store).add('在吗').text).toBe('在吗')
  })
})

import { createApp, h, nextTick, reactive, type App } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Leaf } from './category'
import CategoryPicker from './CategoryPicker.vue'
import OrderDetail from './OrderDetail.vue'

const leaf = (code: string, level3: string, confidence: number | null): Leaf => ({
  code,
  level1: '城乡建设',
  level2: '市政设施',
  level3,
  confidence,
  reason: confidence === null ? '' : `城乡建设／市政设施／${level3}：来电内容中的“路灯”与目录示例相近，把握一般（${confidence * 100}%）。`,
})
const LIGHT = leaf('010101', '路灯照明', 0.62)
const LEAVES = [LIGHT, leaf('010102', '井盖缺损', 0.21), leaf('010103', '道路破损', 0.08)]
const ORDER = {
  order_no: '260105000018',
  status: 'dispatched',
  status_text: '已派单',
  request_type: '求助',
  title: '井盖丢了',
  detail: '门口的井盖丢了',
  channel: 'web',
  category_code: '010101',
  category_level1: '城乡建设',
  category_level2: '市政设施',
  category_level3: '路灯照明',
  category_confidence: 0.4,
  unit: '学院路街道办事处',
  copies: [],
  version: 3,
  events: [] as object[],
  attachments: [],
  possible: ['classify', 'dispatch'],
}

interface Call {
  method: string
  path: string
  body: Record<string, unknown>
}
let app: App | undefined
let calls: Call[] = []
let order: Record<string, unknown>
let refused = false

beforeEach(() => {
  calls = []
  order = ORDER
  refused = false
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    const body = JSON.parse(String(init.body ?? '{}')) as Record<string, unknown>
    calls.push({ method: init.method!, path, body })
    if (path.includes('/catalogue')) return Promise.resolve(Response.json({ version: '7', items: LEAVES }))
    if (init.method === 'POST' && refused) {
      return Promise.resolve(Response.json({ error: { code: 'conflict', message: '工单已被他人更新，请刷新后再操作。' } }, { status: 409 }))
    }
    if (init.method === 'POST') {
      const event = { event: 'classify', text: '已调整事项类别', actor: 'seat:s01', note: body.note, at: '2026-01-05T10:00:00+08:00', public: false }
      order = { ...order, category_code: body.code, category_level3: '井盖缺损', category_confidence: 1, version: 4, events: [event] }
    }
    return Promise.resolve(Response.json(order))
  })
})
afterEach(() => {
  app?.unmount()
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

function mounted(component: Parameters<typeof h>[0], props: object): void {
  app = createApp(() => h(component as never, props))
  app.mount(document.body.appendChild(document.createElement('div')))
}
const proposals = () => [...document.querySelectorAll<HTMLButtonElement>('[aria-label="建议的类别"] button')]
const settled = () => vi.waitFor(() => expect(proposals().length).toBe(3))

describe('CategoryPicker', () => {
  it('shows the suggestion and the two next at once, how sure and why; one click takes one', async () => {
    const pick = vi.fn()
    mounted(CategoryPicker, { text: '路灯坏了', chosen: '', suggested: '', onPick: pick })
    await settled()
    expect(calls).toEqual([{ method: 'POST', path: '/api/v1/seat/catalogue', body: { text: '路灯坏了' } }])
    expect(proposals()[0]!.textContent).toContain('城乡建设／市政设施／路灯照明')
    expect(proposals()[0]!.textContent).toContain('把握62%')
    expect(proposals()[0]!.textContent).toContain('来电内容中的“路灯”与目录示例相近，把握一般。')
    expect(proposals()[1]!.textContent).toContain('把握21%')
    proposals()[1]!.click()
    expect(pick).toHaveBeenCalledExactlyOnceWith(LEAVES[1])
  })

  it('proposes anew when the words change', async () => {
    const props = reactive({ text: '', chosen: '', suggested: '' })
    mounted(CategoryPicker, props)
    await nextTick()
    expect(calls).toEqual([])
    props.text = '井盖丢了'
    await settled()
    expect(calls[0]!.body).toEqual({ text: '井盖丢了' })
  })
})

describe('the category of a filed order', () => {
  async function opened(): Promise<void> {
    mounted(OrderDetail, { orderNo: '260105000018' })
    await vi.waitFor(() => expect(document.body.textContent).toContain('改类别'))
    button('改类别').click()
    await settled()
  }
  const button = (name: string) => [...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === name)!

  it('is corrected with one click, and the new one, the unit and the event are shown', async () => {
    await opened()
    expect(document.body.textContent).toContain('现在的类别：城乡建设／市政设施／路灯照明')
    proposals()[1]!.click()
    await vi.waitFor(() => expect(document.querySelector('[aria-label="经过"]')!.textContent).toContain('已调整事项类别'))
    expect(calls.find((call) => call.path.endsWith('/category'))).toEqual({
      method: 'POST',
      path: '/api/v1/seat/orders/260105000018/category',
      body: { code: '010102', note: '由“城乡建设／市政设施／路灯照明”改为“城乡建设／市政设施／井盖缺损”', version: 3 },
    })
    const told = document.querySelector('p[role=status]')!.textContent
    expect(told).toContain('事项类别已改为“城乡建设／市政设施／井盖缺损”，承办单位仍是学院路街道办事处')
    expect(document.querySelector('dl')!.textContent).toContain('城乡建设／市政设施／井盖缺损')
    expect(document.querySelector('[aria-label="经过"]')!.textContent).toContain('改为“城乡建设／市政设施／井盖缺损”')
    expect(proposals()).toEqual([])
  })

  it('stays as it is when somebody else was faster, and that is said', async () => {
    await opened()
    refused = true
    proposals()[1]!.click()
    await vi.waitFor(() => expect(document.querySelector('[role=alert]')?.textContent).toContain('已被他人更新'))
    expect(document.querySelector('dl')!.textContent).toContain('路灯照明')
    expect(document.querySelector('p[role=status]')).toBeNull()
  })

  it('cannot be corrected where the order does not allow it', async () => {
    order = { ...ORDER, status: 'withdrawn', possible: [] }
    mounted(OrderDetail, { orderNo: '260105000018' })
    await vi.waitFor(() => expect(document.body.textContent).toContain('门口的井盖丢了'))
    expect(button('改类别')).toBeUndefined()
  })
})

import { createApp, h, nextTick, type App } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import type { Waiting } from './dispatch'
import DispatchPanel from './DispatchPanel.vue'
import OrdersPanel from './OrdersPanel.vue'

let pick: () => void
vi.mock('../seat/PlacePicker.vue', () => ({
  default: {
    emits: ['pick'],
    setup: (_: object, { emit }: { emit: (name: string, place: object) => void }) => {
      pick = () => emit('pick', { district: '海淀区', street: '学院路街道', address: '中关村大街1号' })
      return () => null
    },
  },
}))

const NUMBER = '260105000018'
const ORDER: Waiting = {
  order_no: NUMBER,
  status: 'dispatched',
  request_type: '投诉',
  title: '路灯不亮',
  detail: '小区门口的路灯不亮',
  address: '望京西园123*5678号',
  event_time: null,
  subject: null,
  appeal: null,
  district: null,
  street: null,
  category: [null, null, null],
  urgency: 'ordinary',
  urgency_text: '一般',
  confidential: false,
  has_contact: true,
  unit: '市民热线服务中心分派岗',
  copies: [],
  deadline_at: '2026-01-12T02:00:00+00:00',
  version: 2,
}
const CARD = { ...ORDER, status_text: '已派单', mine: true, possible: [] }
const ADDRESS = '望京西园12345678号'

interface Call {
  method: string
  path: string
  body: Record<string, unknown>
}
let app: App | undefined
let calls: Call[] = []
let rows: Waiting[]
let news: object
let refuse: { code: string; message: string } | null
let down: boolean
let addressUnread: boolean

const calledFor = (method: string, path: string) => calls.filter((call) => call.method === method && call.path === path)

function answer({ method, path, body }: Call): Response {
  if (down) return Response.json({ error: { code: 'unavailable', message: '暂时没有读到。' } }, { status: 503 })
  if (path === '/api/v1/dispatch') return Response.json({ items: rows, total: rows.length })
  if (path === '/api/v1/dispatch/waiting') return Response.json(news)
  if (path.endsWith('/proposal')) return Response.json({ unit: body.unit || '海淀区学院路街道办事处', mode: '直派', copies: [], reason: '', places: [{ district: '海淀区', street: '学院路街道' }] })
  if (addressUnread && path === `/api/v1/dispatch/${NUMBER}` && method === 'GET') return Response.json({ error: { code: 'unavailable', message: '详细地址没有读到。' } }, { status: 503 })
  if (path === `/api/v1/dispatch/${NUMBER}` && method === 'GET') return Response.json({ order_no: NUMBER, address: ADDRESS, version: rows[0]?.version })
  if (path === `/api/v1/dispatch/${NUMBER}` && refuse) return Response.json({ error: refuse }, { status: 409 })
  if (path === `/api/v1/dispatch/${NUMBER}`) return Response.json({ unit: body.unit, copies: [] })
  if (path.startsWith('/api/v1/unit/orders?')) return Response.json({ items: [CARD], counts: {}, total: 1 })
  if (path === '/api/v1/unit/waiting') return Response.json({ waiting: 0, urgent: [] })
  if (path.startsWith('/api/v1/unit/orders/')) return Response.json({ ...CARD, attachments: [], events: [], answers: [] })
  return Response.json({ districts: {}, items: [] })
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  calls = []
  rows = [ORDER]
  news = { total: 1, changed_at: '2026-01-05T02:00:00+00:00' }
  refuse = null
  down = false
  addressUnread = false
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    const call = { method: init.method!, path, body: JSON.parse(String(init.body ?? '{}')) as Record<string, unknown> }
    calls.push(call)
    return Promise.resolve(answer(call))
  })
})
afterEach(() => {
  app?.unmount()
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function mounted(component: Parameters<typeof h>[0]): void {
  app = createApp(() => h(component as never))
  app.mount(document.body.appendChild(document.createElement('div')))
}
async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve()
  await vi.advanceTimersByTimeAsync(0)
  await nextTick()
}
const text = () => document.body.textContent ?? ''
const addressField = () => [...document.querySelectorAll('label')].find((one) => one.textContent === '详细地址')!.querySelector('input')!
const button = (name: string) => [...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === name)!
const field = (name: string) => document.querySelector<HTMLInputElement>(`input[aria-label="${name}"]`)!
async function press(name: string): Promise<void> {
  button(name).click()
  await settled()
}
async function fill(name: string, words: string): Promise<void> {
  field(name).value = words
  field(name).dispatchEvent(new Event('input'))
  await settled()
}
async function opened(): Promise<void> {
  mounted(DispatchPanel)
  await settled()
  await press('分派')
}
async function given(): Promise<Record<string, unknown>> {
  document.querySelector('form')!.dispatchEvent(new Event('submit'))
  await settled()
  return calledFor('POST', `/api/v1/dispatch/${NUMBER}`).at(-1)!.body
}

it('reads the list again only where something has changed', async () => {
  mounted(DispatchPanel)
  await settled()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(calledFor('GET', '/api/v1/dispatch/waiting').length).toBeGreaterThan(2)
  expect(calledFor('GET', '/api/v1/dispatch')).toHaveLength(1)
  news = { total: 2, changed_at: '2026-01-05T02:01:00+00:00' }
  await vi.advanceTimersByTimeAsync(60_000)
  expect(calledFor('GET', '/api/v1/dispatch')).toHaveLength(2)
})

it('forgets that it could not read as soon as it can', async () => {
  down = true
  mounted(DispatchPanel)
  await settled()
  expect(text()).toContain('暂时没有读到。')
  expect(text()).not.toContain('没有待分派的工单。')
  down = false
  await vi.advanceTimersByTimeAsync(60_000)
  await settled()
  expect(text()).not.toContain('暂时没有读到。')
  expect(text()).toContain('路灯不亮')
})

it('has the whole address in an opened order and sends it only where it was changed', async () => {
  await opened()
  expect(addressField().value).toBe(ADDRESS)
  expect(await given()).not.toHaveProperty('address')
})

it('shows in an opened order whom it is about, what is wished for and when it was, where that is known', async () => {
  const told = () => [...document.querySelectorAll('form > p')].map((line) => line.textContent)
  await opened()
  expect(told().some((line) => /被反映对象|希望|时间/.test(line))).toBe(false)
  app!.unmount()
  rows = [{ ...ORDER, subject: '望京物业', appeal: '尽快修好', event_time: '昨天晚上' }]
  await opened()
  expect(told().slice(0, 3)).toEqual(['被反映对象：望京物业', '希望：尽快修好', '时间：昨天晚上'])
})

it('leaves an address alone that it could not read, also where a point is picked on the map', async () => {
  addressUnread = true
  await opened()
  expect(text()).toContain('详细地址没有读到。')
  expect(addressField().disabled).toBe(true)
  pick()
  await settled()
  expect(addressField().value).toBe('')
  expect(await given()).toMatchObject({ district: '海淀区' })
  expect(calledFor('POST', `/api/v1/dispatch/${NUMBER}`).at(-1)!.body).not.toHaveProperty('address')
})

it('keeps the unit that a person chose, whatever is proposed for another place', async () => {
  await opened()
  expect(field('承办单位').value).toBe('海淀区学院路街道办事处')
  await fill('承办单位', '市燃气集团')
  await press('海淀区学院路街道')
  expect(field('承办单位').value).toBe('市燃气集团')
  expect(calledFor('POST', `/api/v1/dispatch/${NUMBER}/proposal`).at(-1)!.body.unit).toBe('市燃气集团')
  await fill('承办单位', '')
  await press('海淀区学院路街道')
  expect(field('承办单位').value).toBe('海淀区学院路街道办事处')
})

it('goes on with the order as it stands after somebody else changed it', async () => {
  await opened()
  await fill('承办单位', '市燃气集团')
  refuse = { code: 'conflict', message: '工单已被他人更新，请刷新后再操作。' }
  rows = [{ ...ORDER, version: 3 }]
  expect((await given()).version).toBe(2)
  expect(text()).toContain('工单已被他人更新')
  refuse = null
  expect(await given()).toMatchObject({ unit: '市燃气集团', version: 3 })
  expect(text()).toContain('已派给市燃气集团')
})

it('reads the list of a unit again on the way back to it', async () => {
  mounted(OrdersPanel)
  await settled()
  const listed = () => calls.filter((call) => call.path.startsWith('/api/v1/unit/orders?')).length
  expect(listed()).toBe(1)
  await press('查看')
  await press('返回列表')
  expect(listed()).toBe(2)
})

import { describe, expect, it, vi } from 'vitest'

import { newAlarms } from './alarm'
import { Call } from './call'
import { lineUrl, type LineState } from './call-line'

vi.mock('./pcm-worklet.ts?worker&url', () => ({ default: '' }))

function setUp(microphone = true) {
  const sent: Record<string, unknown>[] = []
  const notices: string[] = []
  let change: (state: LineState, message: string) => void = () => undefined
  const line = {
    prepare: vi.fn(async () => (microphone ? true : (change('off', '没有麦克风'), false))),
    open: vi.fn(() => change('on', '')),
    close: vi.fn(() => change('off', '')),
  }
  const call = new Call(
    (message) => sent.push(message),
    (message) => notices.push(message),
    (onState) => {
      change = onState
      return line
    },
  )
  return { call, sent, notices, line }
}

describe('lineUrl', () => {
  const address = { url: '', port: 8346, tls: false, ticket: 'a+b' }

  it('is the host of the page unless the phone says otherwise', () => {
    expect(lineUrl(address, '127.0.0.1')).toBe('ws://127.0.0.1:8346/seat-audio?ticket=a%2Bb&rate=16000')
    expect(lineUrl({ ...address, tls: true }, '::1')).toBe('wss://[::1]:8346/seat-audio?ticket=a%2Bb&rate=16000')
    expect(lineUrl({ ...address, url: 'wss://h.cn/node-1' }, 'h.cn')).toBe('wss://h.cn/node-1/seat-audio?ticket=a%2Bb&rate=16000')
  })
})

describe('a call', () => {
  it('asks for the microphone first, then for a ticket, then opens the line', async () => {
    const { call, sent, line } = setUp()
    await call.talk('c1', 'connect')
    expect(sent).toEqual([{ type: 'audio', conversation_id: 'c1', action: 'connect', via: 'browser' }])
    const address = { url: '', port: 1, tls: false, ticket: 't' }
    expect(call.receive({ type: 'audio', conversation_id: 'c1', state: 'expected', address })).toBe(true)
    expect(line.open).toHaveBeenCalledWith(address)
    expect(call.view).toMatchObject({ talking: 'c1', line: 'on' })
    await call.talk('c1', 'connect')
    expect(line.prepare).toHaveBeenCalledTimes(1)
  })

  it('asks for nothing without a microphone', async () => {
    const { call, sent, notices } = setUp(false)
    await call.talk('c1', 'connect')
    expect(sent).toEqual([])
    expect(notices).toEqual(['没有麦克风'])
    expect(call.view.talking).toBe('')
  })

  it('tells of a failure and frees the microphone', async () => {
    const { call, notices, line } = setUp()
    await call.talk('c1', 'connect')
    call.receive({ type: 'audio', state: 'failed', via: 'browser', message: '没有接通。' })
    expect(notices).toEqual(['没有接通。'])
    expect(line.close).toHaveBeenCalled()
    expect(call.receive({ type: 'turn' })).toBe(false)
  })
})

describe('the keys of a call', () => {
  const leg = { leg_id: 'l1', role: 'seat', via: 'browser', name: '安', seat_id: 's1', state: 'joined', muted: false, held: false }
  const people = (legs: object[], held = false) => ({ type: 'legs', conversation_id: 'c1', on_phone: true, caller: { muted: false, held }, legs })

  it('bring the own voice in and out, mute it, and let the caller wait', async () => {
    const { call, sent, notices, line } = setUp()
    call.toggle('talk', 'c1', 's1') // no call at all
    call.receive(people([]))
    call.toggle('mute', 'c1', 's1')
    expect([sent, notices]).toEqual([[], ['您还不在通话里。']])
    call.toggle('talk', 'c1', 's1')
    await vi.waitFor(() => expect(sent.map(({ action }) => action)).toEqual(['connect']))
    call.receive(people([leg]))
    for (const what of ['mute', 'hold'] as const) call.toggle(what, 'c1', 's1')
    call.receive(people([{ ...leg, muted: true }], true))
    for (const what of ['mute', 'hold', 'talk'] as const) call.toggle(what, 'c1', 's1')
    expect(sent.map(({ action }) => action)).toEqual(['connect', 'mute', 'hold', 'unmute', 'unhold', 'disconnect'])
    expect(line.close).toHaveBeenCalled()
  })
})

describe('newAlarms', () => {
  it('names each danger once', () => {
    const card = { conversation_id: 'c1', channel: 'phone', status: 'waiting' as const, waiting_since: null, reason: '', summary: '', priority: 100, seat_id: null, alarm: true }
    expect(newAlarms(new Set(), [card, { ...card, conversation_id: 'c2', alarm: false }])).toEqual(['c1'])
    expect(newAlarms(new Set(['c1']), [card])).toEqual([])
  })
})

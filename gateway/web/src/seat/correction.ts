/** What a seat corrects in a filed order, and what the rules propose then. Pure. */

import type { OrderFull } from './order-detail'
import { FIELDS, type OrderForm } from './order-fields'

export interface Contact {
  contact_name: string | null
  contact_phone: string | null
}

export interface Proposal {
  unit: string
  mode: string
  copies: string[]
  urgency: string
  urgency_text: string
  within: string
  reason: string
  new_unit: boolean
  new_deadline: boolean
}

export const URGENCIES: Record<string, string> = { sudden: '突发紧急', utility: '水电气热', ordinary: '一般', complex: '疑难复杂' }

const CONTACT = new Set(['contact_name', 'contact_phone'])

/** Whether a field stands in the form only after its contact was revealed: until then it is masked. */
export function isHidden(key: string, order: OrderFull, contact: Contact | null): boolean {
  return CONTACT.has(key) && contact === null && Boolean(order[key as keyof Contact])
}

/** The form as the order reads now. What is masked is left empty, and an empty field of that kind changes nothing. */
export function formOf(order: OrderFull, contact: Contact | null): OrderForm {
  const form: OrderForm = { urgency: order.urgency }
  for (const field of FIELDS) {
    const value = CONTACT.has(field.key) ? contact?.[field.key as keyof Contact] : order[field.key as keyof OrderFull]
    form[field.key] = field.kind === 'switch' ? value === true : typeof value === 'string' ? value : ''
  }
  return form
}

/** The fields that were changed, as they are sent. */
export function corrected(form: OrderForm, before: OrderForm): OrderForm {
  const told = Object.entries(form).map(([key, value]) => [key, typeof value === 'string' ? value.trim() : value] as const)
  return Object.fromEntries(told.filter(([key, value]) => value !== before[key]))
}

/** Unit, way and copies as a sentence reads them. */
export function toWhom(proposal: Pick<Proposal, 'unit' | 'mode' | 'copies'>): string {
  const copies = proposal.copies.length ? `，抄送${proposal.copies.join('、')}` : ''
  return `${proposal.unit}（${proposal.mode}${copies}）`
}

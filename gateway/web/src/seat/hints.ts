/** Reminders about words that are not sent yet. They never stop anybody; without an answer in time there is none. */

import { ref, type Ref } from 'vue'

import { ApiError, request } from '../shared/api'
import { Later } from './typed'

export interface Hint {
  kind: 'promise' | 'id_number' | 'bank_card' | 'phone'
  begins: number
  ends: number
  text: string
}

const SOON_MS = 150

export class Hints {
  readonly list: Ref<Hint[]> = ref([])
  private readonly later = new Later(SOON_MS)
  private asked = ''

  constructor(private readonly ask = (text: string) => request<{ items: Hint[] }>('POST', '/api/v1/seat/hints', { text })) {}

  /** Of what stands in the field now; an answer about older words is dropped. */
  typed(text: string): void {
    this.asked = text
    if (!text.trim()) {
      this.later.cancel('hints')
      this.list.value = []
      return
    }
    this.later.run('hints', () => void this.look(text))
  }

  close(): void {
    this.later.close()
  }

  private async look(text: string): Promise<void> {
    try {
      const { items } = await this.ask(text)
      if (text === this.asked) this.list.value = items
    } catch (error) {
      if (text === this.asked) this.list.value = []
      console.warn('no hints', error instanceof ApiError ? error.code : '')
    }
  }
}

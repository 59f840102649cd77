/** Mining is done beside the requests: it is begun here, and asked after until it is done. */
import { ref } from 'vue'

import { ApiError, request } from '../shared/api'

const LOOK_MS = 1_000

export function mining(done: () => Promise<void>) {
  const working = ref(false)
  const failure = ref('')
  let timer = 0
  let left = false

  async function look(): Promise<void> {
    try {
      working.value = (await request<{ working: boolean }>('GET', '/api/v1/admin/clusters?status=open&page_size=1')).working
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      working.value = false
      failure.value = error.message
      return
    }
    if (left) return
    if (working.value) timer = window.setTimeout(look, LOOK_MS)
    else await done()
  }

  async function begin(): Promise<void> {
    failure.value = ''
    working.value = true
    try {
      await request('POST', '/api/v1/admin/clusters/rebuild', {})
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      working.value = false
      failure.value = error.message
      return
    }
    await look()
  }

  /** The page that asked is gone. */
  function leave(): void {
    left = true
    window.clearTimeout(timer)
  }

  return { working, failure, begin, leave }
}

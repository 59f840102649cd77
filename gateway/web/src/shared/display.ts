/** Large type, high contrast and reading aloud, kept by the browser for all public pages. */

import { type Ref, ref, watch } from 'vue'

function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Storage may be switched off: the preference then lasts as long as the page.
  }
}

/** A switch of the page, `on` or normal, which style sheets find as a data attribute of the document. */
export function preference(name: 'size' | 'contrast' | 'read', on: string): Ref<boolean> {
  const key = `hotline-${name}`
  const chosen = ref(read(key) === on)
  watch(
    chosen,
    (now) => {
      document.documentElement.dataset[name] = now ? on : 'normal'
      keep(key, now ? on : 'normal')
    },
    { immediate: true },
  )
  return chosen
}

export function displayPreferences(): { large: Ref<boolean>; contrast: Ref<boolean> } {
  return { large: preference('size', 'large'), contrast: preference('contrast', 'high') }
}

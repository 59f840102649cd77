/**
 * The search box for pages of other sites, built into one file, `/widget/knowledge.js`: see docs/widget.md.
 * Its shadow tree keeps the site's styles out and ours in; words of the API become text nodes only.
 */

import { allAddress, baseOf, entryAddress, find, QUERY_CHARACTERS, RESULTS_AT_MOST } from './answers'
import { element, shadowOf, whenThere } from './element'
import { STYLE } from './style'

function link(href: string, text: string): HTMLAnchorElement {
  return element('a', { href, target: '_blank', rel: 'noopener', textContent: text })
}

function build(host: HTMLElement, base: string): void {
  const shadow = shadowOf(host, STYLE)
  const input = element('input', { id: 'words', type: 'search', maxLength: QUERY_CHARACTERS, autocomplete: 'off' })
  const label = element('label', { htmlFor: 'words', textContent: '政策问答：您想问什么？' })
  const button = element('button', { type: 'submit', textContent: '搜索' })
  const form = element('form', {}, label, element('div', { className: 'line' }, input, button))
  form.setAttribute('role', 'search')
  const state = element('p', { className: 'state' })
  state.setAttribute('role', 'status')
  const list = element('ul')
  const foot = element('p', { className: 'foot' }, link(`${base}/knowledge`, '更多政策问答'), ' · ', link(`${base}/`, '在线提问'))
  shadow.append(element('section', { lang: 'zh-CN', ariaLabel: '12345 政策问答' }, form, state, list, foot))

  let asked = 0
  const search = async (words: string): Promise<void> => {
    const mine = ++asked
    state.textContent = '正在查询…'
    list.replaceChildren()
    try {
      const found = await find(base, words)
      if (mine !== asked) return // An older answer must not replace a newer one.
      state.textContent = found.total ? `找到 ${found.total} 条` : '没有找到相关内容，可以换个说法，或者在线提问。'
      list.replaceChildren(
        ...found.items.map((item) =>
          element('li', {}, link(entryAddress(base, item.id), item.question), element('p', { textContent: item.excerpt })),
        ),
      )
      if (found.total > RESULTS_AT_MOST) list.append(element('li', {}, link(allAddress(base, words), '查看全部结果')))
    } catch (error) {
      if (mine === asked) state.textContent = error instanceof Error ? error.message : String(error)
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const words = input.value.trim()
    if (words) void search(words)
  })
}

/** At the element that the script names in `data-target`, else right where the script stands. */
whenThere('knowledge.js', (script) => {
  const named = script.dataset.target ? document.querySelector(script.dataset.target) : null
  const host = element('div')
  if (named) named.append(host)
  else if (document.head.contains(script)) document.body.append(host)
  else script.after(host)
  build(host, baseOf(script.src))
})

/** Colleagues who are named in a note with @. */

export interface Colleague {
  id: string
  display_name: string
  present?: boolean
}

/** The longest name that fits counts: `@王芳芳` names 王芳芳, not 王芳. */
export function mentioned(text: string, colleagues: readonly Colleague[]): string[] {
  const byLength = [...colleagues].sort((one, other) => other.display_name.length - one.display_name.length)
  const found = new Set<string>()
  for (const part of text.split('@').slice(1)) {
    const named = byLength.find(({ display_name: name }) => name && part.startsWith(name))
    if (named) found.add(named.id)
  }
  return [...found]
}

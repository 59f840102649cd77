import { describe, expect, it } from 'vitest'

import { correction } from './correction'

describe('correction', () => {
  it('is only the right words where nothing is asked', () => {
    expect(correction('居住正怎么办', ' 居住证怎么办 ', false)).toBe('居住证怎么办')
  })

  it('names what was wrong where a question stands, if that is short', () => {
    expect(correction('麦子店接到。', '麦子店街道', true)).toBe('更正：不是麦子店接到，是麦子店街道')
    expect(correction('是在学院陆，路灯不亮', '在学院路，路灯不亮', true)).toBe('更正：在学院路，路灯不亮')
    expect(correction('麦子店接到', '更正：麦子店街道', true)).toBe('更正：麦子店街道')
  })
})

import { describe, expect, it } from 'vitest'

import { aroundUrl, locate, told, wordsOf } from './place'

const device = (answer: (ok: PositionCallback, no: PositionErrorCallback) => void): Geolocation =>
  ({ getCurrentPosition: answer }) as unknown as Geolocation

describe('locate', () => {
  it('gives the point in whole metres', async () => {
    const here = device((ok) => ok({ coords: { latitude: 39.9, longitude: 116.3, accuracy: 12.6 } } as GeolocationPosition))
    await expect(locate(here)).resolves.toEqual({ latitude: 39.9, longitude: 116.3, accuracy_metres: 13 })
  })

  it('says why there is none and what to do instead', async () => {
    const refused = device((_ok, no) => no({ code: 1 } as GeolocationPositionError))
    await expect(locate(refused)).rejects.toThrow('没有允许')
  })
})

describe('wordsOf', () => {
  it('says nothing twice', () => {
    expect(wordsOf('海淀区', '学院路街道', ' 12号楼前 ')).toBe('海淀区学院路街道12号楼前')
    expect(wordsOf('海淀区', '学院路街道', '海淀区学院路街道12号楼')).toBe('海淀区学院路街道12号楼')
    expect(wordsOf('', '', '人民公园门口')).toBe('人民公园门口')
  })
})

it('asks where a point is, and says that the answer is a guess', () => {
  const point = { latitude: 39.99, longitude: 116.35, accuracy_metres: 20 }
  expect(aroundUrl(point)).toBe('/api/v1/places/around?longitude=116.35&latitude=39.99')
  expect(told(point, null)).toContain('请再选择或填写地点')
  expect(told(point, { district: '海淀区', street: '学院路街道' })).toContain('看起来在海淀区学院路街道附近，请核对')
})

/** Where something is: a point of the browser, words, or both. */

export interface Point {
  latitude: number
  longitude: number
  accuracy_metres: number
}

const REASONS: Record<number, string> = {
  1: '浏览器没有允许使用位置。请在网站设置里允许，或者在下面选择、填写地点。',
  2: '现在找不到您的位置，请在下面选择或者填写地点。',
  3: '定位用的时间太长了，请在下面选择或者填写地点。',
}
const PATIENCE_MILLISECONDS = 20_000

/** Where the device is; throws an Error whose message may be shown. */
export function locate(geolocation: Geolocation | undefined = navigator.geolocation): Promise<Point> {
  return new Promise((resolve, reject) => {
    if (!geolocation) {
      reject(new Error(REASONS[2]))
      return
    }
    geolocation.getCurrentPosition(
      ({ coords }) =>
        resolve({ latitude: coords.latitude, longitude: coords.longitude, accuracy_metres: Math.round(coords.accuracy) }),
      (error) => reject(new Error(REASONS[error.code] ?? REASONS[2])),
      { enableHighAccuracy: true, timeout: PATIENCE_MILLISECONDS, maximumAge: 60_000 },
    )
  })
}

/** What is said of a place: district, street and the words beside them, without saying anything twice. */
export function wordsOf(district: string, street: string, detail: string): string {
  const words = detail.trim()
  return [district, street].filter((part) => part && !words.includes(part)).join('') + words
}

/** Where a point probably is, as the city's service points tell; empty where they do not. */
export interface Around {
  district: string
  street: string
}

export function aroundUrl({ longitude, latitude }: Point): string {
  return `/api/v1/places/around?longitude=${longitude}&latitude=${latitude}`
}

/** What is said of a point that was found. */
export function told({ accuracy_metres: metres }: Point, around: Around | null): string {
  const found = `已取得位置（误差约${metres}米）。`
  if (!around) return `${found}请再选择或填写地点，方便工作人员找到。`
  return `${found}看起来在${around.district}${around.street}附近，请核对，并填写具体位置。`
}

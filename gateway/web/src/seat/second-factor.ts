/** The second step of a login, as the core tells it (gateway/account_api.py). */
export type Stage = 'full' | 'code' | 'enrol'

export interface Enrolment {
  secret: string
  uri: string
  picture: string | null // a QR code, where the core can draw one
}

/** How one can log in; `provider`: also at the city's identity provider. */
export interface Ways {
  password: boolean
  provider: { label: string; start: string } | null
}

/** Why the provider's login did not become one here. */
export const REFUSED: Record<string, string> = {
  no_role: '您在统一身份认证中没有本系统的角色，请联系管理员。',
  expired: '登录已超时，请重新登录。',
  refused: '统一身份认证没有完成登录。',
  unavailable: '统一身份认证暂时不可用，请稍后再试。',
}

export const SECOND_STEP: Record<'code' | 'enrol' | 'full', { title: string; text: string }> = {
  code: { title: '动态口令', text: '请输入手机验证器应用上显示的六位数字；手机不在身边时，可以输入一个恢复码。' },
  enrol: { title: '启用动态口令', text: '您的账号需要动态口令。请用手机上的验证器应用扫描二维码，再输入应用显示的六位数字。' },
  full: { title: '', text: '' },
}

/** The second step of a login, as the core tells it (gateway/account_api.py). */
export type Stage = 'full' | 'code' | 'enrol'

export interface Enrolment {
  secret: string
  uri: string
  svg: string | null
}

export const SECOND_STEP: Record<'code' | 'enrol' | 'full', { title: string; text: string }> = {
  code: { title: '动态口令', text: '请输入手机验证器应用上显示的六位数字；手机不在身边时，可以输入一个恢复码。' },
  enrol: { title: '启用动态口令', text: '您的账号需要动态口令。请用手机上的验证器应用扫描二维码，再输入应用显示的六位数字。' },
  full: { title: '', text: '' },
}

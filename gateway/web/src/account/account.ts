/** One's own account and, for admins, everybody's (gateway/account_api.py). */
export interface Me {
  id: string
  display_name: string
  role: string
  permissions: string[]
}

export interface Login {
  id: string
  address: string
  agent: string
  since: string
  until: string
  this?: boolean
}

export interface Account {
  id: string
  login: string
  display_name: string
  role: string
  unit: string
  enabled: boolean
}

/** Where a unit is told of its orders; the number is masked. */
export interface UnitContact {
  unit: string
  number: string
  changed_at: string
}

export interface AuditEntry {
  seq: number
  at: string
  action: string
  actor: string
  subject: string
  address: string
  detail: Record<string, unknown>
}

export const ROLE_TEXT: Record<string, string> = {
  seat: '坐席',
  leader: '班长',
  dispatcher: '分派岗',
  visitor: '回访员',
  unit: '承办单位',
  editor: '知识编辑',
  reviewer: '知识审核',
  analyst: '数据分析',
  admin: '管理员',
}

export const ACTION_TEXT: Record<string, string> = {
  login: '登录',
  'login.refused': '登录失败',
  'login.paused': '登录被限制',
  logout: '退出',
  'session.ended': '结束登录',
  'account.added': '新建账号',
  'account.password': '修改密码',
  'account.role': '变更角色',
  'account.opened': '启用账号',
  'account.closed': '停用账号',
  'unit.contact': '承办单位通知手机',
  'factor.enrolled': '启用动态口令',
  'factor.removed': '取消动态口令',
  'factor.recovery': '使用恢复码',
  'order.viewed': '查看工单',
  'order.revealed': '查看联系方式',
  'order.filed': '登记工单',
  'order.corrected': '更正工单',
  'orders.listed': '查看工单表',
  'orders.exported': '导出工单',
  'callbacks.listed': '查看回电表',
  'callback.revealed': '查看回电号码',
  'callback.released': '收回回电任务',
  'callback.reopened': '重新打开回电任务',
  'visit.revealed': '查看回访号码',
  'visit.released': '收回回访任务',
  'visit.told': '坐席登记回访结果',
  'conversation.viewed': '查看会话',
  'conversation.listened': '进入通话',
  'conversation.reassigned': '转派会话',
  'history.viewed': '查看市民历史',
  'similar.viewed': '查看相似工单',
  'recording.heard': '收听录音',
  'attachment.opened': '打开附件',
  'media.opened': '打开图片或语音',
  'citizen.erased': '按请求删除个人信息',
  'keys.rotated': '更换密钥',
  'keys.retired': '停用旧密钥',
  'audit.exported': '导出审计日志',
  'audit.removed': '清理到期日志',
  'review.written': '填写质检',
  'report.exported': '导出报表',
}

/** A browser by its name; what is unknown stays as it was sent. */
export function browser(agent: string): string {
  for (const [sign, name] of [['Edg/', 'Edge'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']] as const) {
    if (agent.includes(sign)) return name
  }
  return agent.slice(0, 40) || '未知'
}

/** Sends one file as it is: the body is its content. */

import { ApiError } from './api'

export async function upload(path: string, file: File, headers: Record<string, string> = {}): Promise<void> {
  let response: Response
  try {
    response = await fetch(path, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { ...headers, 'Content-Type': 'application/octet-stream', 'X-File-Name': encodeURIComponent(file.name) },
      body: file,
    })
  } catch {
    throw new ApiError('网络不通，请稍后再试。', 0, 'network')
  }
  if (response.ok) return
  const answer = (await response.json().catch(() => null)) as { error?: { code?: string; message?: string } } | null
  throw new ApiError(answer?.error?.message ?? '上传没有成功。', response.status, answer?.error?.code ?? 'unknown')
}

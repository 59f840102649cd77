/** Calls of the HTTP API. A failure is an `ApiError` whose message may be shown to a person. */

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
  ) {
    super(message)
  }
}

export function request<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  if (body === undefined) return parsed<T>(path, { method })
  return parsed<T>(path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
}

/** The same with any body, for a file. */
export async function parsed<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init })
  } catch {
    throw new ApiError('网络不通，请稍后再试。', 0, 'network')
  }
  const text = await response.text()
  let answer: unknown = null
  try {
    answer = text ? JSON.parse(text) : null
  } catch {
    throw new ApiError('服务暂时不可用，请稍后再试。', response.status, 'not_json')
  }
  if (!response.ok) {
    const error = (answer as { error?: { code?: string; message?: string } } | null)?.error
    throw new ApiError(error?.message ?? '服务暂时不可用，请稍后再试。', response.status, error?.code ?? 'unknown')
  }
  return answer as T
}

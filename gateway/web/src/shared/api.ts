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

export async function request<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  } catch {
    throw new ApiError('网络不通，请稍后再试。', 0, 'network')
  }
  const text = await response.text()
  let parsed: unknown = null
  try {
    parsed = text ? JSON.parse(text) : null
  } catch {
    throw new ApiError('服务暂时不可用，请稍后再试。', response.status, 'not_json')
  }
  if (!response.ok) {
    const error = (parsed as { error?: { code?: string; message?: string } } | null)?.error
    throw new ApiError(error?.message ?? '服务暂时不可用，请稍后再试。', response.status, error?.code ?? 'unknown')
  }
  return parsed as T
}

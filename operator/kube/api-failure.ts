import type { JsonObject } from '../model/kubernetes.ts'
import { isJsonObject } from '../model/json.ts'

/**
 * - status: the API server answered, and refused.
 * - network: no connection, a reset, an answer that was cut off. A write may have been carried out all the same.
 * - timeout: no whole answer in time. A write may have been carried out all the same.
 * - malformed: an answer that is not what Kubernetes sends.
 */
export type ApiFailureKind = 'status' | 'network' | 'timeout' | 'malformed'

export interface FailureCause {
  readonly reason: string
  readonly field: string
  readonly message: string
}

type FailureDetail = Partial<Pick<ApiFailure, 'code' | 'reason' | 'objectName' | 'causes' | 'retryAfter' | 'continuation' | 'cause'>>

/** A request that did not succeed. `message` may quote fields of the object: show it to who may see the object, do not log it. */
export class ApiFailure extends Error {
  readonly kind: ApiFailureKind
  /** HTTP status; 0 without one. */
  readonly code: number
  /** `Status.reason` of Kubernetes (`AlreadyExists`, `Conflict`, ...), empty if there is none. Never guessed from the message. */
  readonly reason: string
  /** `Status.details.name`: the object that the answer is about. */
  readonly objectName: string | undefined
  readonly causes: readonly FailureCause[]
  /** Milliseconds that the server asked us to wait. */
  readonly retryAfter: number | undefined
  /** Of an expired list (410): the token that goes on behind the last page, in the list as it is by now. */
  readonly continuation: string | undefined

  constructor(kind: ApiFailureKind, message: string, detail: FailureDetail = {}) {
    super(message, { cause: detail.cause })
    this.name = 'ApiFailure'
    this.kind = kind
    this.code = detail.code ?? 0
    this.reason = detail.reason ?? ''
    this.objectName = detail.objectName
    this.causes = detail.causes ?? []
    this.retryAfter = detail.retryAfter
    this.continuation = detail.continuation
  }
}

/** A `Status` object of Kubernetes, from the body of an answer or from a watch frame, as a failure. */
export function failureOfStatus(code: number, status: JsonObject | undefined, retryAfterHeader: string | undefined): ApiFailure {
  const details = isJsonObject(status?.details) ? status.details : undefined
  const metadata = isJsonObject(status?.metadata) ? status.metadata : undefined
  return new ApiFailure('status', text(status?.message) || `the API server answered ${code}`, {
    code,
    reason: text(status?.reason),
    objectName: typeof details?.name === 'string' ? details.name : undefined,
    causes: causesOf(details),
    retryAfter: seconds(retryAfterHeader) ?? seconds(details?.retryAfterSeconds),
    continuation: text(metadata?.continue) || undefined,
  })
}

function causesOf(details: JsonObject | undefined): readonly FailureCause[] {
  const causes = details?.causes
  if (!Array.isArray(causes)) return []
  return causes.filter(isJsonObject).map((cause) => ({ reason: text(cause.reason), field: text(cause.field), message: text(cause.message) }))
}

/** Kubernetes sends Retry-After in whole seconds, never as a date. Nobody is made to wait for more than ten minutes. */
function seconds(value: unknown): number | undefined {
  const parsed = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof parsed === 'number' && parsed > 0 ? Math.min(parsed, 600) * 1_000 : undefined
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** What of an error goes into a log: never its message when it may quote an object. */
export function failureFields(error: unknown): object {
  if (error instanceof ApiFailure) {
    const { kind, code, reason, causes } = error
    const underlying = error.cause instanceof Error ? error.cause.message : undefined
    return { failure: kind, code, reason, fields: causes.map((cause) => cause.field), underlying }
  }
  return { failure: 'bug', error: error instanceof Error ? error.stack : String(error) }
}

import { minute } from '../model/instant.ts'
import type { ApiFailure, FailureCause } from './api-failure.ts'

/**
 * What a refused or lost request means for who planned it.
 * - stalled: refused for a reason that does not pass by itself; a person must act. Told in status, asked again after `retryAfter`.
 * - waiting: the plan was made from something that has changed. A watch will tell; nothing is to be asked again before that.
 * - transient: will pass. Asked again after a backoff, and not before `retryAfter`. `message`: told in status if it lasts.
 * Times are milliseconds.
 */
export type Failure =
  | { readonly kind: 'stalled'; readonly message: string; readonly retryAfter: number }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'transient'; readonly message: string | undefined; readonly retryAfter: number }

/** The whole table. Codes and reasons are those of Kubernetes' API conventions; messages decide nothing. */
export function failureOf(failure: ApiFailure): Failure {
  const { kind, code, retryAfter = 0 } = failure
  if (kind !== 'status') return { kind: 'transient', message: undefined, retryAfter }
  // The namespace is going: its end will be seen, and until then there is nothing to be done in it.
  if (failure.causes.some((cause) => cause.reason === 'NamespaceTerminating')) return { kind: 'waiting' }
  // 404: what was to be changed is gone, or the namespace is. 409: the name is taken, or the object has changed or is another.
  if (code === 404 || code === 409) return { kind: 'waiting' }
  // Rights or a quota are missing: they may be granted at any time, and no watch of ours would tell.
  if (code === 403) return { kind: 'stalled', message: messageOf(failure), retryAfter: Math.max(minute, retryAfter) }
  // 401: the token has just expired. 410: only a list can answer this. 429, 503, 504: the server has too much to do, or just starts.
  if (code === 401 || code === 410 || code === 429 || code === 503 || code === 504) return { kind: 'transient', message: undefined, retryAfter }
  // Everything else of 4xx, above all 422 Invalid and 413 TooLarge: this request will never be accepted.
  if (code >= 400 && code < 500) return { kind: 'stalled', message: messageOf(failure), retryAfter: 10 * minute }
  // An internal error may be a webhook that is down, or an object too large for etcd: if it lasts, someone must know.
  return { kind: 'transient', message: messageOf(failure), retryAfter }
}

const longestMessage = 800

function messageOf({ causes, message }: ApiFailure): string {
  const text = causes.length === 0 ? message : [...new Set(causes.map(withoutValue))].join('; ')
  return text.length <= longestMessage ? text : `${text.slice(0, longestMessage - 1)}…`
}

/**
 * Kubernetes quotes the refused value (`Invalid value: "x": must be ...`), which may be a whole pod with its environment. What
 * is left is the field, the kind of error and the explanation.
 */
function withoutValue({ field, message }: FailureCause): string {
  const [, error, rest] = /^([A-Z][a-z]+(?: [a-z]+)* value|Not found|Too many): (.*)$/s.exec(message) ?? []
  const explained = error === undefined || error === 'Required value' ? message : [error, explanation(rest ?? '')].filter(Boolean).join(': ')
  return field === '' ? explained : `${field}: ${explained}`
}

/** What follows a quoted string, number or boolean; nothing after any other value, because nobody can tell where it ends. */
function explanation(rest: string): string {
  return /^(?:"(?:[^"\\]|\\.)*"|[\w.+-]+): (.*)$/s.exec(rest)?.[1] ?? ''
}

import type { Dispatcher } from 'undici'
import { second } from '../model/instant.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { manager } from '../model/names.ts'
import { isJsonObject } from '../model/json.ts'
import { ApiFailure, failureOfStatus } from './api-failure.ts'
import { Brake } from './brake.ts'
import type { Clock } from './clock.ts'
import type { Access, Connection } from './connection.ts'
import { pathOf, type Target } from './target.ts'
import { framesOf, type WatchFrame } from './watch-stream.ts'

export interface ApiRequest {
  readonly verb: 'get' | 'list' | 'create' | 'patch' | 'delete'
  readonly target: Target
  /** May name another `fieldManager` than that of all our writes. */
  readonly query?: Readonly<Record<string, string>>
  readonly body?: { readonly type: BodyType; readonly value: Json }
  /** Milliseconds for the whole request, 30 s by default; see time.md on the longest request before raising that of a write. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

/** The last one is that of server-side apply. */
type BodyType = 'application/json' | 'application/json-patch+json' | 'application/merge-patch+json' | typeof applyType

const applyType = 'application/apply-patch+yaml'

export interface ApiAnswer {
  readonly code: number
  readonly body: JsonObject
}

export interface WatchRequest {
  readonly target: Target
  readonly query: Readonly<Record<string, string>>
  /** Ends the watch. There is no other timeout: whoever watches has a watchdog. */
  readonly signal: AbortSignal
}

/** For `api_requests_total`: `code` is the HTTP status, or the kind of a failure without one. */
export interface ApiCall {
  readonly verb: ApiRequest['verb'] | 'watch'
  readonly resource: Target['resource']
  readonly code: string
}

export interface ApiClient {
  /** Resolves with an answer of 2xx; everything else throws an ApiFailure, and nothing else is thrown. */
  request(request: ApiRequest): Promise<ApiAnswer>
  /** Resolves when the watch is open; then frames as they come, until the server ends it. Both throw ApiFailures, and nothing else. */
  watch(request: WatchRequest): Promise<AsyncIterable<WatchFrame>>
}

const methods = { get: 'GET', list: 'GET', create: 'POST', patch: 'PATCH', delete: 'DELETE' } as const
const writes: ReadonlySet<string> = new Set(['create', 'patch'])

export interface ApiClientOptions {
  readonly connection: Connection
  readonly clock: Clock
  readonly userAgent: string
  readonly observed: (call: ApiCall) => void
}

export function createApiClient(options: ApiClientOptions): ApiClient {
  const wire = { ...options, brake: new Brake(options.clock) }
  return {
    request: ({ verb, ...request }) => counted(wire, { verb, resource: request.target.resource }, () => send(wire, { verb, ...request })),
    async watch(request) {
      const { body } = await counted(wire, { verb: 'watch', resource: request.target.resource }, () => open(wire, request))
      return framesOf(body)
    },
  }
}

type Wire = ApiClientOptions & { readonly brake: Brake }

async function counted<A extends { readonly code: number }>({ observed, brake }: Wire, call: Omit<ApiCall, 'code'>, ask: () => Promise<A>): Promise<A> {
  try {
    const answer = await ask()
    brake.ended(undefined)
    observed({ ...call, code: String(answer.code) })
    return answer
  } catch (error) {
    const failure = asApiFailure(error)
    if (!isAborted(error)) brake.ended(failure)
    observed({ ...call, code: failure.kind === 'status' ? String(failure.code) : failure.kind })
    throw failure
  }
}

async function send(options: Wire, request: ApiRequest): Promise<ApiAnswer> {
  const timeout = request.timeout ?? 30 * second
  const abort = new AbortController()
  const timer = options.clock.after(timeout, () => abort.abort(new ApiFailure('timeout', `no answer within ${timeout / second} s`)))
  const stop = (): void => abort.abort(request.signal?.reason)
  request.signal?.addEventListener('abort', stop, { once: true })
  if (request.signal?.aborted === true) stop()
  try {
    await options.brake.pass(abort.signal)
    const { requests, headers } = await accessUntil(abort.signal, options.connection)
    const answer = await requests.request({
      origin: options.connection.origin,
      path: `${options.connection.basePath}${pathOf(request.target)}${queryOf(request, timeout)}`,
      method: methods[request.verb],
      headers: { ...headers, ...headersOf(options), ...(request.body && { 'content-type': request.body.type }) },
      body: request.body === undefined ? null : textOf(request.body),
      signal: abort.signal,
    })
    return await decoded(options, answer)
  } finally {
    timer.cancel()
    request.signal?.removeEventListener('abort', stop)
  }
}

async function open(options: Wire, request: WatchRequest): Promise<{ code: number; body: AsyncIterable<Buffer> }> {
  await options.brake.pass(request.signal)
  const { watches, headers } = await accessUntil(request.signal, options.connection)
  const answer = await watches.request({
    origin: options.connection.origin,
    path: `${options.connection.basePath}${pathOf(request.target)}?${new URLSearchParams({ ...request.query, watch: 'true' }).toString()}`,
    method: 'GET',
    headers: { ...headers, ...headersOf(options) },
    signal: request.signal,
  })
  if (answer.statusCode !== 200) await decoded(options, answer)
  return { code: answer.statusCode, body: answer.body }
}

/** Reading credentials may run a program that hangs: the timeout covers it too. */
function accessUntil(signal: AbortSignal, connection: Connection): Promise<Access> {
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([connection.access(), aborted])
}

function headersOf(options: ApiClientOptions): Record<string, string> {
  return { 'user-agent': options.userAgent, accept: 'application/json' }
}

/**
 * Writes name their field manager, and tell the API server to give up before we do: a write that we no longer wait for must
 * not land minutes later (without this its own limit is 60 s).
 */
function queryOf({ verb, query }: ApiRequest, timeout: number): string {
  const limits = verb === 'get' || verb === 'list' ? {} : { timeout: `${Math.max(1, Math.floor(timeout / second) - 1)}s` }
  const all = new URLSearchParams({ ...(writes.has(verb) && { fieldManager: manager }), ...query, ...limits }).toString()
  return all === '' ? '' : `?${all}`
}

/**
 * The API server reads what is applied as YAML, of which JSON is a part but for some characters: YAML folds the line breaks of Unicode
 * within strings, and knows no control characters. As escapes they arrive.
 */
function textOf({ type, value }: NonNullable<ApiRequest['body']>): string {
  const json = JSON.stringify(value)
  return type === applyType ? json.replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`) : json
}

async function decoded(options: ApiClientOptions, answer: Dispatcher.ResponseData): Promise<ApiAnswer> {
  const code = answer.statusCode
  const text = await answer.body.text()
  const body = parsed(text)
  if (code === 401) options.connection.expire()
  if (code < 200 || code > 299) {
    const retryAfter = answer.headers['retry-after']
    throw failureOfStatus(code, body, Array.isArray(retryAfter) ? retryAfter[0] : retryAfter)
  }
  if (body === undefined) throw new ApiFailure('malformed', `the answer ${code} is not a JSON object`, { code })
  return { code, body }
}

function parsed(text: string): JsonObject | undefined {
  try {
    const json: Json = JSON.parse(text)
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** Whoever aborts a request without saying why has lost interest in it: that says nothing about the server. */
function isAborted(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

function asApiFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error
  const message = error instanceof Error ? error.message : String(error)
  return new ApiFailure('network', message, { cause: error })
}

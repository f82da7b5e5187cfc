import { minute, second } from '../model/instant.ts'
import type { Json, JsonObject, KubernetesObject } from '../model/kubernetes.ts'
import { isJsonObject } from '../model/json.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFailure, failureFields, failureOfStatus } from './api-failure.ts'
import { jitteredBackoff } from './backoff.ts'
import { type Clock, pause, Watchdog } from './clock.ts'
import type { Logger } from './logger.ts'
import { asKubernetesObject } from './kubernetes-object.ts'
import { objectKey, type StoreWriter } from './store.ts'
import type { ResourceName, Target } from './target.ts'
import type { WatchFrame } from './watch-stream.ts'

const pageSize = 500
const backoff = { least: 0.8 * second, most: 30 * second }
/** API servers send a bookmark about once a minute: a watch that is silent for longer than this is dead, whatever TCP says. */
const silence = 90 * second
/** A watch that ends sooner was of no use; opening the next at once would hammer the API server. */
const shortWatch = 5 * second

export interface InformerOptions<T extends KubernetesObject> {
  readonly client: ApiClient
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly log: Logger
  readonly resource: ResourceName
  /** Undefined: all namespaces, with one list and one watch; else one of each for every namespace. */
  readonly namespaces: readonly string[] | undefined
  readonly selector?: { readonly labelSelector?: string; readonly fieldSelector?: string }
  /** What is kept of an object. Undefined (or thrown): it is not understood; what was kept before stays, and it is reported. */
  readonly project: (object: KubernetesObject) => T | undefined
  readonly writer: StoreWriter<T>
}

/**
 * Keeps a store like the API server, for ever.
 * Guarantees: no error is final; every object that exists at quiescence is in the store as the server has it, and a recreated
 * object was a deletion and an addition; the store is marked synced after the first whole list; nothing changes after `stop`.
 * Does not guarantee: every intermediate state. Between a failure and the next list, changes are seen as one.
 */
export function startInformer<T extends KubernetesObject>(options: InformerOptions<T>): { readonly stop: () => Promise<void> } {
  const abort = new AbortController()
  const reflectors = (options.namespaces ?? [undefined]).map((scope) => new Reflector(options, scope, abort.signal))
  void Promise.all(reflectors.map((reflector) => reflector.listed)).then(() => options.writer.markSynced())
  const runs = reflectors.map((reflector) => reflector.run())
  return {
    stop: async () => {
      abort.abort()
      await Promise.all(runs)
    },
  }
}

/**
 * list: everything, in pages (whole: in one answer, after the continuation of a page had expired). watch: all changes after a
 * version. `failures` in a row decide the `pause` before a step; only a watch that lasted sets them back.
 */
type State =
  | { readonly kind: 'list'; readonly whole: boolean; readonly failures: number; readonly pause: number }
  | { readonly kind: 'watch'; readonly resourceVersion: string; readonly failures: number; readonly pause: number }

class Reflector<T extends KubernetesObject> {
  /** Resolves after the first whole list. */
  readonly listed: Promise<void>
  readonly #hasListed: () => void
  readonly #options: InformerOptions<T>
  readonly #target: Target
  readonly #signal: AbortSignal

  constructor(options: InformerOptions<T>, namespace: string | undefined, signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.listed = promise
    this.#hasListed = resolve
    this.#options = options
    this.#target = { resource: options.resource, namespace }
    this.#signal = signal
  }

  async run(): Promise<void> {
    let state: State = { kind: 'list', whole: false, failures: 0, pause: 0 }
    while (!this.#signal.aborted) {
      if (state.pause > 0) await pause(this.#options.clock, state.pause, this.#signal)
      if (!this.#signal.aborted) state = state.kind === 'list' ? await this.#list(state) : await this.#watch(state)
    }
  }

  async #list(state: State & { kind: 'list' }): Promise<State> {
    const present = new Map<string, T>()
    let page: Page | undefined
    try {
      do {
        page = await this.#page(state.whole, page?.continue)
        for (const item of page.items) this.#collect(present, item)
      } while (page.continue !== '')
      if (!this.#signal.aborted) {
        this.#options.writer.replace(this.#target.namespace, present)
        this.#hasListed()
      }
      return { kind: 'watch', resourceVersion: page.resourceVersion, failures: state.failures, pause: 0 }
    } catch (error) {
      const whole = state.whole || (page !== undefined && isExpired(error))
      return this.#failed(error, { kind: 'list', whole, failures: state.failures + 1 })
    }
  }

  async #page(whole: boolean, token: string | undefined): Promise<Page> {
    const { client, selector } = this.#options
    const query = { ...selector, ...(!whole && { limit: String(pageSize) }), ...(token !== undefined && { continue: token }) }
    const { body } = await client.request({ verb: 'list', target: this.#target, query, timeout: minute, signal: this.#signal })
    return pageOf(body)
  }

  /** An object that has not changed since it was last seen keeps its place in memory. */
  #collect(present: Map<string, T>, item: Json): void {
    const object = asKubernetesObject(item)
    if (object === undefined) throw new ApiFailure('malformed', 'an item of the list is not an object of Kubernetes')
    const { namespace, name, uid, resourceVersion } = object.metadata
    const known = this.#options.writer.get(namespace, name)
    const isSame = known?.metadata.uid === uid && known.metadata.resourceVersion === resourceVersion
    const kept = isSame ? known : (this.#project(object) ?? known)
    if (kept !== undefined) present.set(objectKey(namespace, name), kept)
  }

  async #watch(state: State & { kind: 'watch' }): Promise<State> {
    const { clock } = this.#options
    let { resourceVersion } = state
    let opened = Infinity
    const failures = (): number => (clock.now() - opened >= shortWatch ? 0 : state.failures + 1)
    const open = (): void => void (opened = clock.now())
    const take = (frame: WatchFrame): void => void (resourceVersion = this.#take(frame))
    try {
      await this.#follow(resourceVersion, { open, take })
      // The server ends each watch after a time, and any watch when it has much to do. That is no failure.
      return { kind: 'watch', resourceVersion, failures: failures(), pause: this.#backoff(failures()) }
    } catch (error) {
      const next = canResume(error) ? { kind: 'watch' as const, resourceVersion } : { kind: 'list' as const, whole: false }
      return this.#failed(error, { ...next, failures: Math.max(1, failures()) })
    }
  }

  /** One watch, from its opening until it ends or has been silent for too long. */
  async #follow(resourceVersion: string, { open, take }: { open: () => void; take: (frame: WatchFrame) => void }): Promise<void> {
    const { client, clock, random, selector } = this.#options
    const abort = new AbortController()
    const stop = (): void => abort.abort()
    this.#signal.addEventListener('abort', stop, { once: true })
    const watchdog = new Watchdog(clock, silence, () => abort.abort(new ApiFailure('timeout', 'the watch was silent for too long')))
    const timeoutSeconds = String(240 + Math.floor(random() * 61))
    try {
      const query = { ...selector, resourceVersion, timeoutSeconds, allowWatchBookmarks: 'true' }
      const frames = await client.watch({ target: this.#target, query, signal: abort.signal })
      open()
      for await (const frame of frames) {
        if (abort.signal.aborted) break
        watchdog.feed()
        take(frame)
      }
    } finally {
      watchdog.stop()
      this.#signal.removeEventListener('abort', stop)
    }
  }

  /** Returns the version from which a watch goes on. */
  #take({ type, object: json }: WatchFrame): string {
    if (type === 'ERROR') throw failureOfStatus(typeof json.code === 'number' ? json.code : 500, json, undefined)
    const { writer } = this.#options
    if (type === 'BOOKMARK') return versionOf(json)
    const object = asKubernetesObject(json)
    if (object === undefined) throw new ApiFailure('malformed', 'a watch event has no object of Kubernetes')
    const { namespace, name, uid, resourceVersion } = object.metadata
    if (type === 'DELETED') {
      if (writer.get(namespace, name)?.metadata.uid === uid) writer.remove(namespace, name)
    } else {
      const projected = this.#project(object)
      if (projected !== undefined) writer.put(projected)
    }
    return resourceVersion
  }

  #project(object: KubernetesObject): T | undefined {
    const { project, log, resource } = this.#options
    const { namespace, name } = object.metadata
    try {
      const projected = project(object)
      if (projected === undefined) log.error({ resource, namespace, name }, 'object is not understood, what was known of it stays')
      return projected
    } catch (error) {
      log.error({ resource, namespace, name, ...failureFields(error) }, 'object cannot be read, what was known of it stays')
      return undefined
    }
  }

  #failed(error: unknown, next: Unpaused): State {
    const { log } = this.#options
    const retryAfter = error instanceof ApiFailure ? (error.retryAfter ?? 0) : 0
    const state = { ...next, pause: Math.max(this.#backoff(next.failures), retryAfter) }
    const { resource, namespace } = this.#target
    if (!this.#signal.aborted) log.warn({ resource, namespace, ...failureFields(error), next: state.kind, failures: state.failures, pause: state.pause }, 'list or watch failed, trying again')
    return state
  }

  #backoff(failures: number): number {
    return failures === 0 ? 0 : jitteredBackoff(failures, backoff, this.#options.random)
  }
}

type Unpaused = { readonly kind: 'list'; whole: boolean; failures: number } | { readonly kind: 'watch'; resourceVersion: string; failures: number }

interface Page {
  readonly items: readonly Json[]
  readonly resourceVersion: string
  readonly continue: string
}

function pageOf(body: JsonObject): Page {
  const metadata = isJsonObject(body.metadata) ? body.metadata : {}
  const items = body.items ?? []
  if (!Array.isArray(items)) throw new ApiFailure('malformed', 'the answer is not a list')
  return { items, resourceVersion: versionOf(body), continue: typeof metadata.continue === 'string' ? metadata.continue : '' }
}

function versionOf({ metadata }: JsonObject): string {
  const version = isJsonObject(metadata) ? metadata.resourceVersion : undefined
  if (typeof version !== 'string' || version === '') throw new ApiFailure('malformed', 'a list or bookmark has no resourceVersion')
  return version
}

function isExpired(error: unknown): boolean {
  return error instanceof ApiFailure && error.code === 410
}

/** Whether the same watch can go on later. After an expired version, or a line that nobody can read, only a list helps. */
function canResume(error: unknown): boolean {
  if (!(error instanceof ApiFailure) || error.kind === 'malformed') return false
  return error.kind !== 'status' || error.code === 401 || error.code === 403 || error.code === 429 || error.code >= 500
}

import { type Instant, minute, second } from '../model/instant.ts'
import type { Json, JsonObject, KubernetesObject } from '../model/kubernetes.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFailure, failureFields, failureOfStatus } from './api-failure.ts'
import { jitteredBackoff } from './backoff.ts'
import { type Clock, pause, Watchdog } from './clock.ts'
import { asKubernetesObject } from './kubernetes-object.ts'
import { type Listing, pageOf, versionOf } from './list-page.ts'
import type { Logger } from './logger.ts'
import { type WatchProgress, canResume, isDeaf, isTornApart, outOfOrder } from './reflector-failure.ts'
import { isOlder } from './resource-version.ts'
import { objectKey, type StoreWriter } from './store.ts'
import type { ResourceName, Target } from './target.ts'
import type { WatchFrame } from './watch-stream.ts'

const pageSize = 500
const backoff = { least: 0.8 * second, most: 30 * second }
/** API servers send a bookmark about once a minute: a watch that is silent for longer than this is dead, whatever TCP says. */
const silence = 90 * second
/** A watch that ends sooner was of no use; opening the next at once would hammer the API server. */
const shortWatch = 5 * second
/** When all lists were older than what was seen for so long, no server lags: the cluster's memory itself was set back. */
const patienceWithOlderLists = minute

export interface ReflectorOptions<T extends KubernetesObject> {
  readonly client: ApiClient
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly log: Logger
  readonly resource: ResourceName
  readonly selector?: { readonly labelSelector?: string; readonly fieldSelector?: string }
  /** What is kept of an object. Undefined (or thrown): it is not understood; what was kept before stays, and it is reported. */
  readonly project: (object: KubernetesObject) => T | undefined
  readonly writer: StoreWriter<T>
}

/**
 * list: everything, in pages (whole: in one answer, after the pages could not be had as one list). watch: all changes after what was
 * seen. probe: whether the server still knows what was seen. `failures` in a row decide the `pause` before a step; only a watch that
 * lasted sets them back.
 */
type Step = { readonly kind: 'list'; readonly whole: boolean; readonly failures: number } | { readonly kind: 'watch' | 'probe'; readonly failures: number }
type State = Step & { readonly pause: number }

/** One list and watch, over and over. Its own versions are the only ones it compares: other namespaces may come from other servers. */
export class Reflector<T extends KubernetesObject> {
  /** Resolves after the first whole list. */
  readonly listed: Promise<void>
  readonly #hasListed: () => void
  readonly #options: ReflectorOptions<T>
  readonly #target: Target
  readonly #signal: AbortSignal
  /** The newest version that a list or a watch has told of: where a watch goes on. What is older is not believed. */
  #seen = ''
  /** Since when all lists were older than that. */
  #olderSince: Instant | undefined

  constructor(options: ReflectorOptions<T>, namespace: string | undefined, signal: AbortSignal) {
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
      if (!this.#signal.aborted) state = await this.#next(state)
    }
  }

  #next(state: State): Promise<State> {
    switch (state.kind) {
      case 'list':
        return this.#list(state)
      case 'watch':
        return this.#watch(state.failures)
      case 'probe':
        return this.#probe(state.failures)
    }
  }

  async #list({ whole, failures }: State & { kind: 'list' }): Promise<State> {
    const list: Listing<T> = { whole, present: new Map(), version: '', token: '' }
    try {
      do await this.#addPage(list)
      while (list.token !== '')
      if (!this.#signal.aborted) this.#use(list)
      return { kind: 'watch', failures, pause: 0 }
    } catch (error) {
      return this.#failed(error, { kind: 'list', whole: whole || (list.token !== '' && isTornApart(error)), failures: failures + 1 })
    }
  }

  /** Nothing of a page but what is kept of its objects outlives this: one page is in memory at a time. */
  async #addPage(list: Listing<T>): Promise<void> {
    const query = { ...(!list.whole && { limit: String(pageSize) }), ...(list.token !== '' && { continue: list.token }) }
    const { items, resourceVersion, token } = pageOf(await this.#ask(query))
    if (list.version === '') this.#expectNotOlder(resourceVersion)
    else if (resourceVersion !== list.version) throw new ApiFailure('malformed', 'the pages of a list are of different versions')
    list.version = resourceVersion
    list.token = token
    for (const item of items) this.#collect(list, item)
  }

  async #ask(query: Readonly<Record<string, string>>): Promise<JsonObject> {
    const { client, selector } = this.#options
    const { body } = await client.request({ verb: 'list', target: this.#target, query: { ...selector, ...query }, timeout: minute, signal: this.#signal })
    return body
  }

  /** A server that lags behind, or an answer out of a cache, would undo what we know. */
  #expectNotOlder(version: string): void {
    if (!isOlder(version, this.#seen)) {
      this.#olderSince = undefined
      return
    }
    const now = this.#options.clock.now()
    this.#olderSince ??= now
    if (now - this.#olderSince < patienceWithOlderLists) throw outOfOrder('the list is older than what was seen', version, this.#seen)
  }

  /** An object that has not changed since it was last seen keeps its place in memory. */
  #collect({ version, present }: Listing<T>, item: Json): void {
    const object = asKubernetesObject(item)
    if (object === undefined) throw new ApiFailure('malformed', 'an item of the list is not an object of Kubernetes')
    const { namespace, name, uid, resourceVersion } = object.metadata
    const known = this.#options.writer.get(namespace, name)
    // After a restore, versions are given a second time, and then the same version need not be the same object.
    const isSame = !isOlder(version, this.#seen) && known?.metadata.uid === uid && known.metadata.resourceVersion === resourceVersion
    const kept = isSame ? known : (this.#project(object) ?? known)
    if (kept !== undefined) present.set(objectKey(namespace, name), kept)
  }

  #use({ version, present }: Listing<T>): void {
    const { log, writer } = this.#options
    const { resource, namespace } = this.#target
    if (isOlder(version, this.#seen)) {
      log.error({ resource, namespace, version, seen: this.#seen }, 'the API server stays older than it was, as after a restored backup: its state is followed')
    }
    this.#seen = version
    this.#olderSince = undefined
    writer.replace(namespace, present)
    this.#hasListed()
  }

  /** A list of one object costs next to nothing, and has the version of the server. */
  async #probe(failures: number): Promise<State> {
    try {
      const isSetBack = isOlder(versionOf(await this.#ask({ limit: '1' })), this.#seen)
      return { ...(isSetBack ? { kind: 'list', whole: false } : { kind: 'watch' }), failures, pause: 0 }
    } catch (error) {
      return this.#failed(error, { kind: 'probe', failures: failures + 1 })
    }
  }

  async #watch(failuresBefore: number): Promise<State> {
    const { clock } = this.#options
    const progress: WatchProgress = { opened: undefined, frames: 0 }
    const lasted = (): boolean => progress.opened !== undefined && clock.now() - progress.opened >= shortWatch
    try {
      await this.#follow(progress)
      // The server ends each watch after a time, and any watch when it has much to do. That is no failure.
      const failures = lasted() ? 0 : failuresBefore + 1
      return { kind: 'watch', failures, pause: this.#backoff(failures) }
    } catch (error) {
      const failures = lasted() ? 1 : failuresBefore + 1
      if (isDeaf(error, progress)) return this.#failed(error, { kind: 'probe', failures })
      return this.#failed(error, canResume(error) ? { kind: 'watch', failures } : { kind: 'list', whole: false, failures })
    }
  }

  /** One watch, from its opening until it ends or has been silent for too long. */
  async #follow(progress: WatchProgress): Promise<void> {
    const { client, clock, random, selector } = this.#options
    const abort = new AbortController()
    const stop = (): void => abort.abort()
    this.#signal.addEventListener('abort', stop, { once: true })
    const watchdog = new Watchdog(clock, silence, () => abort.abort(new ApiFailure('timeout', 'the watch was silent for too long')))
    const timeoutSeconds = String(240 + Math.floor(random() * 61))
    try {
      const query = { ...selector, resourceVersion: this.#seen, timeoutSeconds, allowWatchBookmarks: 'true' }
      const frames = await client.watch({ target: this.#target, query, signal: abort.signal })
      progress.opened = clock.now()
      for await (const frame of frames) {
        if (abort.signal.aborted) break
        watchdog.feed()
        progress.frames += 1
        this.#take(frame)
      }
    } finally {
      watchdog.stop()
      this.#signal.removeEventListener('abort', stop)
    }
  }

  #take({ type, object: json }: WatchFrame): void {
    if (type === 'ERROR') throw failureOfStatus(typeof json.code === 'number' ? json.code : 500, json, undefined)
    if (type === 'BOOKMARK') {
      this.#advance(versionOf(json))
      return
    }
    const object = asKubernetesObject(json)
    if (object === undefined) throw new ApiFailure('malformed', 'a watch event has no object of Kubernetes')
    const { namespace, name, uid, resourceVersion } = object.metadata
    this.#advance(resourceVersion)
    const { writer } = this.#options
    const known = writer.get(namespace, name)?.metadata
    if (type === 'DELETED') {
      if (known?.uid === uid) writer.remove(namespace, name)
    } else if (known?.uid !== uid || known.resourceVersion !== resourceVersion) {
      const projected = this.#project(object)
      if (projected !== undefined) writer.put(projected)
    }
  }

  /**
   * A frame from the past, replayed or out of order, may be of an object that has gone since. What else was mixed up nobody knows:
   * only a list helps. The same version again is harmless: what it tells is known.
   */
  #advance(version: string): void {
    if (isOlder(version, this.#seen)) throw outOfOrder('a watch went back in time', version, this.#seen)
    this.#seen = version
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

  #failed(error: unknown, next: Step): State {
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

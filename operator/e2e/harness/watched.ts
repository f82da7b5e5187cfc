import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CronJob, Job, JsonObject, KubernetesObject, Lease } from '../../model/kubernetes.ts'
import type { IntegrationStatus } from '../../model/integration.ts'
import type { IntegrationRunStatus } from '../../model/integration-run.ts'
import type { IntegrationSetStatus } from '../../model/integration-set.ts'
import type { ScheduleStatus } from '../../model/status-schema.ts'
import type { TenantCloneStatus } from '../../model/tenant-clone.ts'
import { ApiError, api, decoded, pathOf } from './api.ts'

/** An object of ours as the API server has it. */
export interface Live<Status> extends KubernetesObject {
  readonly spec: JsonObject
  readonly status?: Status | undefined
}

export interface LiveEvent extends KubernetesObject {
  readonly reason: string
  readonly message: string
  readonly type: string
  readonly involvedObject: { readonly kind: string; readonly name: string }
}

export interface Kinds {
  readonly scheduledintegrations: Live<ScheduleStatus>
  readonly integrations: Live<IntegrationStatus>
  readonly integrationsets: Live<IntegrationSetStatus>
  readonly integrationruns: Live<IntegrationRunStatus>
  readonly tenantclones: Live<TenantCloneStatus>
  readonly clonegrants: Live<undefined>
  readonly cronjobs: CronJob
  readonly jobs: Job
  readonly leases: Lease
  readonly events: LiveEvent
}

export type WatchedResource = keyof Kinds

export const minutes = 60_000

type Watching = { readonly [R in WatchedResource]?: Watched<Kinds[R]> }

/** Everything of one resource in the cluster, and every version of it since this process looks. */
class Watched<T extends KubernetesObject> {
  readonly #path: string
  /** By `namespace/name`, oldest first; undefined: deleted. */
  readonly #versions = new Map<string, (T | undefined)[]>()
  readonly #listeners = new Set<() => void>()
  readonly #synced: Promise<void>
  readonly synced: () => Promise<void>

  constructor(path: string) {
    this.#path = path
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#synced = promise
    this.synced = () => this.#synced
    void this.#run(resolve)
  }

  /** Every version seen, oldest first. */
  versions(namespace: string, name: string): readonly (T | undefined)[] {
    return this.#versions.get(`${namespace}/${name}`) ?? []
  }

  current(namespace: string, name: string): T | undefined {
    return this.versions(namespace, name).at(-1)
  }

  /** Names of all that is or was there. */
  names(namespace: string): readonly string[] {
    return [...this.#versions.keys()].flatMap((key) => (key.startsWith(`${namespace}/`) ? [key.slice(namespace.length + 1)] : []))
  }

  all(namespace: string): readonly T[] {
    return this.names(namespace).flatMap((name) => this.current(namespace, name) ?? [])
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #run(synced: () => void): Promise<void> {
    for (;;) {
      try {
        const version = await this.#list()
        synced()
        await this.#watch(version)
      } catch (error) {
        if (!(error instanceof ApiError) && !(error instanceof Error)) throw error
        await sleep(500) // the API server is busy, or has ended the watch: look again
      }
    }
  }

  async #list(): Promise<string> {
    const list = decoded<{ items: readonly T[]; metadata: { resourceVersion: string } }>(await api.get(this.#path))
    const present = new Set(list.items.map((item) => this.#see(item)))
    for (const key of this.#versions.keys()) if (!present.has(key)) this.#gone(key)
    this.#tell()
    return list.metadata.resourceVersion
  }

  async #watch(resourceVersion: string): Promise<void> {
    const abort = new AbortController()
    const stream = await api.stream(`${this.#path}?watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`, abort.signal)
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      const { type, object } = decoded<{ type: string; object: T }>(JSON.parse(line))
      if (type === 'ERROR') return
      if (type === 'BOOKMARK') continue
      if (type === 'DELETED') this.#gone(`${object.metadata.namespace}/${object.metadata.name}`)
      else this.#see(object)
      this.#tell()
    }
  }

  #see(object: T): string {
    const key = `${object.metadata.namespace}/${object.metadata.name}`
    const versions = this.#versions.get(key) ?? []
    this.#versions.set(key, versions)
    if (versions.at(-1)?.metadata.resourceVersion !== object.metadata.resourceVersion) versions.push(object)
    return key
  }

  #gone(key: string): void {
    const versions = this.#versions.get(key)
    if (versions !== undefined && versions.at(-1) !== undefined) versions.push(undefined)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

const watching: Watching = {}

/** One watch for each resource in this process, opened by the first that asks. */
export function watched<R extends WatchedResource>(resource: R): Watched<Kinds[R]> {
  const existing = decoded<Watched<Kinds[R]> | undefined>(watching[resource])
  if (existing !== undefined) return existing
  const made = new Watched<Kinds[R]>(pathOf(resource))
  Object.assign(watching, { [resource]: made })
  return made
}

/**
 * Resolves with what `look` returns as soon as that is not undefined; looks again when something of these resources changes, and
 * every five seconds for the sake of the clock. Rejects after `within` milliseconds with what `state` tells.
 */
export async function eventually<T>(resources: readonly WatchedResource[], look: () => T | undefined, failure: { readonly within: number; readonly state: () => string }): Promise<T> {
  await Promise.all(resources.map((resource) => watched(resource).synced()))
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const attempt = () => {
    try {
      const found = look()
      if (found !== undefined) resolve(found)
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)))
    }
  }
  const stops = resources.map((resource) => watched(resource).listen(attempt))
  const ticking = setInterval(attempt, 5_000)
  const timer = setTimeout(() => reject(new Error(`given up after ${failure.within / 1000} s: ${failure.state()}`)), failure.within)
  try {
    attempt()
    return await promise
  } finally {
    clearTimeout(timer)
    clearInterval(ticking)
    for (const stop of stops) stop()
  }
}

import type { KubernetesObject } from '../model/kubernetes.ts'

/** Told after the store has changed. A new object has no `before`, one that is gone no `after`; a recreated one is two changes. */
export type ChangeHandler<T> = (before: T | undefined, after: T | undefined) => void

/** A read-only cache of one kind. Its objects are shared by everybody who reads: never change one. */
export interface Store<T extends KubernetesObject, Index extends string = never> {
  get(namespace: string, name: string): T | undefined
  /** All objects, in no particular order. */
  list(): Iterable<T>
  /** The objects that an index function names under `value`, in no particular order. */
  by(index: Index, value: string): readonly T[]
  readonly size: number
  /** Resolves once everything that existed at the start is in the store; never rejects. */
  readonly synced: Promise<void>
  readonly isSynced: boolean
  /** Tells of all objects that are there now, then of every change. Returns how to stop that. */
  subscribe(handler: ChangeHandler<T>): () => void
}

/** The other side of a store: only its informer has it. */
export interface StoreWriter<T extends KubernetesObject> {
  put(object: T): void
  remove(namespace: string, name: string): void
  /** What exists now (in one namespace, or everywhere), by `objectKey`; everything else of that scope is gone. */
  replace(scope: string | undefined, objects: ReadonlyMap<string, T>): void
  get(namespace: string, name: string): T | undefined
  markSynced(): void
}

export interface StoreOptions<T, Index extends string> {
  readonly indexes: Readonly<Record<Index, (object: T) => readonly string[]>>
  /** A handler or an index function threw: a bug, to be reported. Everything else goes on. */
  readonly reportError: (error: unknown) => void
}

export function objectKey(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

/** Store and writer in one. Handlers are told after everything has changed, and cannot break what they are told of. */
export class LiveStore<T extends KubernetesObject, Index extends string = never> implements Store<T, Index>, StoreWriter<T> {
  readonly synced: Promise<void>
  #isSynced = false
  readonly #resolveSynced: () => void
  readonly #objects = new Map<string, T>()
  readonly #lookups: readonly Lookup<T>[]
  readonly #handlers = new Set<ChangeHandler<T>>()
  readonly #reportError: (error: unknown) => void

  constructor({ indexes, reportError }: StoreOptions<T, Index>) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.synced = promise
    this.#resolveSynced = resolve
    this.#lookups = Object.entries<Lookup<T>['valuesOf']>(indexes).map(([index, valuesOf]) => ({ index, valuesOf, keys: new Map() }))
    this.#reportError = reportError
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(objectKey(namespace, name))
  }

  list(): Iterable<T> {
    return this.#objects.values()
  }

  by(index: Index, value: string): readonly T[] {
    const keys = this.#lookups.find((lookup) => lookup.index === index)?.keys.get(value) ?? []
    return [...keys].flatMap((key) => this.#objects.get(key) ?? [])
  }

  get size(): number {
    return this.#objects.size
  }

  get isSynced(): boolean {
    return this.#isSynced
  }

  subscribe(handler: ChangeHandler<T>): () => void {
    for (const object of this.#objects.values()) this.#tell(handler, undefined, object)
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  put(object: T): void {
    const key = objectKey(object.metadata.namespace, object.metadata.name)
    const before = this.#objects.get(key)
    const isRecreated = before !== undefined && before.metadata.uid !== object.metadata.uid
    if (isRecreated) this.#change(key, before, undefined)
    this.#change(key, isRecreated ? undefined : before, object)
  }

  remove(namespace: string, name: string): void {
    const before = this.get(namespace, name)
    if (before !== undefined) this.#change(objectKey(namespace, name), before, undefined)
  }

  replace(scope: string | undefined, present: ReadonlyMap<string, T>): void {
    for (const [key, object] of this.#objects) {
      const isInScope = scope === undefined || object.metadata.namespace === scope
      if (isInScope && !present.has(key)) this.#change(key, object, undefined)
    }
    for (const [key, object] of present) if (this.#objects.get(key) !== object) this.put(object)
  }

  markSynced(): void {
    this.#isSynced = true
    this.#resolveSynced()
  }

  #change(key: string, before: T | undefined, after: T | undefined): void {
    for (const lookup of this.#lookups) {
      for (const value of this.#valuesOf(lookup, before)) dropKey(lookup.keys, value, key)
      for (const value of this.#valuesOf(lookup, after)) addKey(lookup.keys, value, key)
    }
    if (after === undefined) this.#objects.delete(key)
    else this.#objects.set(key, after)
    for (const handler of this.#handlers) this.#tell(handler, before, after)
  }

  /** An object that an index cannot read is not found by that index, and does not keep others from being followed. */
  #valuesOf({ valuesOf }: Lookup<T>, object: T | undefined): readonly string[] {
    if (object === undefined) return []
    try {
      return valuesOf(object)
    } catch (error) {
      this.#reportError(error)
      return []
    }
  }

  #tell(handler: ChangeHandler<T>, before: T | undefined, after: T | undefined): void {
    try {
      handler(before, after)
    } catch (error) {
      this.#reportError(error)
    }
  }
}

interface Lookup<T> {
  readonly index: string
  readonly valuesOf: (object: T) => readonly string[]
  readonly keys: Map<string, Set<string>>
}

function addKey(keys: Map<string, Set<string>>, value: string, key: string): void {
  const set = keys.get(value)
  if (set === undefined) keys.set(value, new Set([key]))
  else set.add(key)
}

function dropKey(keys: Map<string, Set<string>>, value: string, key: string): void {
  const set = keys.get(value)
  set?.delete(key)
  if (set?.size === 0) keys.delete(value)
}

import type { JsonObject } from '../model/kubernetes.ts'

/** An object at one version, as it goes over the wire, and what the server itself must know of it. */
export interface Version {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly version: number
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly object: JsonObject
}

/** Just below a power of ten, so that versions compared as text would soon be in the wrong order. */
const firstVersion = 97

/** What etcd is to an API server: the objects of one resource, and all their changes, one version each. */
export class ObjectHistory {
  #version = firstVersion
  #compacted = 0
  #changes: Version[] = []
  #uids = 0
  #writes = 0

  get version(): number {
    return this.#version
  }

  /** What happened before this version is forgotten, for those who ask for it. */
  get compacted(): number {
    return this.#compacted
  }

  /** Creates the object, or changes it. */
  put(namespace: string, name: string): void {
    const known = this.at(this.#version).get(`${namespace}/${name}`)
    const uid = known?.uid ?? `uid-${(this.#uids += 1)}`
    this.#write(known === undefined ? 'ADDED' : 'MODIFIED', { namespace, name, uid })
  }

  /** Deletes the object, if it is there. */
  remove(namespace: string, name: string): void {
    const known = this.at(this.#version).get(`${namespace}/${name}`)
    if (known !== undefined) this.#write('DELETED', known)
  }

  /** Objects of other resources have versions too; then everything before this moment is forgotten. */
  compact(): void {
    this.#version += 1
    this.#compacted = this.#version
  }

  /** As from a backup that is so many versions old. What is written from now on has versions that were given before. */
  restore(ago: number): void {
    this.#version = Math.max(firstVersion, this.#version - ago)
    this.#changes = this.#changes.filter(({ version }) => version <= this.#version)
    this.#compacted = Math.min(this.#compacted, this.#version)
  }

  /** What was there at a version, by `namespace/name` in their order. */
  at(version: number, namespace?: string): ReadonlyMap<string, Version> {
    const present = new Map<string, Version>()
    for (const change of this.#changes) {
      if (change.version > version || !isWithin(change, namespace)) continue
      if (change.type === 'DELETED') present.delete(`${change.namespace}/${change.name}`)
      else present.set(`${change.namespace}/${change.name}`, change)
    }
    return new Map([...present].sort(([one], [other]) => (one < other ? -1 : 1)))
  }

  /** What happened after a version, in order. */
  after(version: number, namespace?: string): readonly Version[] {
    return this.#changes.filter((change) => change.version > version && isWithin(change, namespace))
  }

  /** Something from before a version that was there once: if possible an object that has gone since. */
  past(before: number, namespace?: string): Version | undefined {
    const past = this.#changes.filter((change) => change.version < before && change.type !== 'DELETED' && isWithin(change, namespace))
    const uids = new Set([...this.at(this.#version).values()].map(({ uid }) => uid))
    return past.find(({ uid }) => !uids.has(uid)) ?? past[0]
  }

  #write(type: Version['type'], { namespace, name, uid }: Pick<Version, 'namespace' | 'name' | 'uid'>): void {
    this.#version += 1
    this.#writes += 1
    const metadata = { namespace, name, uid, resourceVersion: String(this.#version), creationTimestamp: '2026-01-01T00:00:00Z' }
    const object = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { write: this.#writes } }
    this.#changes.push({ type, version: this.#version, namespace, name, uid, object })
  }
}

function isWithin(version: Version, namespace: string | undefined): boolean {
  return namespace === undefined || version.namespace === namespace
}

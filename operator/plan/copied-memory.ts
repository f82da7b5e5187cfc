import type { CopyKind } from '../model/copying.ts'
import { hashOf } from '../model/hash.ts'
import type { ObjectMeta } from '../model/kubernetes.ts'

/**
 * What a TenantClone remembers in `status.copied`, as text: `1.<source>.<copies>.<requests>`. `source` is a digest of the source as it was when the
 * latest pass began; `requests` has a hash of the id of each request that was done, and `copies` has six bytes of a hash for each object that was ever copied, sorted, in base64: 5,000 take 40,000
 * characters. Two names have the same hash once in 10^11 passes; then the second one is not copied, and reported as deleted here.
 */
export interface CopiedMemory {
  /** Empty: no pass has begun that was not a dry run. */
  readonly source: string
  readonly has: (kind: CopyKind, name: string) => boolean
  readonly hasDone: (requestId: string) => boolean
}

const version = '1'
const bytes = 6
/** So many fit into 64 KiB. Copies beyond these come back when they are deleted, suspended as all are. */
const mostCopies = 8_000
/** Who goes back to a request that is older than these asks for it anew. */
const mostRequests = 64

export function copiedMemory(text: string | undefined): CopiedMemory {
  const { source, hashes, requests } = decoded(text)
  return { source, has: (kind, name) => hashes.has(hashOfCopy(kind, name)), hasDone: (id) => requests.includes(hashNumber(id)) }
}

export interface Remembered {
  readonly source?: string
  readonly copies?: readonly { readonly kind: CopyKind; readonly name: string }[]
  readonly requestId?: string
}

/** The memory with these copies and this request added and, if it is given, with this digest of the source. */
export function remembering(text: string | undefined, { source, copies = [], requestId }: Remembered): string {
  const known = decoded(text)
  const hashes = new Set([...known.hashes, ...copies.map(({ kind, name }) => hashOfCopy(kind, name))])
  const kept = [...hashes].slice(0, mostCopies).toSorted((a, b) => a - b)
  const requests = new Set([...known.requests, ...(requestId === undefined ? [] : [hashNumber(requestId)])])
  return [version, source ?? known.source, encoded(kept), encoded([...requests].slice(-mostRequests))].join('.')
}

/** Tells whether anything has changed that a pass would copy; `terms` are all else that the outcome depends on. */
export function sourceDigest(objects: readonly { readonly kind: CopyKind; readonly metadata: ObjectMeta }[], terms: unknown): string {
  const lines = objects.map(({ kind, metadata: { name, uid, generation } }) => `${kind}/${name}/${uid}/${generation ?? ''}`)
  return hashOf({ terms, lines: lines.toSorted() }, 16)
}

function decoded(text: string | undefined): { readonly source: string; readonly hashes: ReadonlySet<number>; readonly requests: readonly number[] } {
  const [known, source = '', copies = '', requests = ''] = text?.split('.') ?? []
  if (known !== version) return { source: '', hashes: new Set(), requests: [] }
  return { source, hashes: new Set(numbersIn(copies)), requests: numbersIn(requests) }
}

function encoded(hashes: readonly number[]): string {
  const buffer = Buffer.alloc(hashes.length * bytes)
  for (const [index, hash] of hashes.entries()) buffer.writeUIntBE(hash, index * bytes, bytes)
  return buffer.toString('base64')
}

function numbersIn(base64: string): readonly number[] {
  const buffer = Buffer.from(base64, 'base64')
  return Array.from({ length: Math.floor(buffer.length / bytes) }, (_unused, index) => buffer.readUIntBE(index * bytes, bytes))
}

function hashOfCopy(kind: CopyKind, name: string): number {
  return hashNumber(`${kind}/${name}`)
}

function hashNumber(text: string): number {
  return Number.parseInt(hashOf(text, bytes * 2), 16)
}

import type { CopyKind } from '../model/copying.ts'
import { hashOf } from '../model/hash.ts'
import type { ObjectMeta } from '../model/kubernetes.ts'

/**
 * What a TenantClone remembers in `status.copied`, as text: `1.<source>.<copies>`. `source` is a digest of the source as it was when the
 * latest pass began; `copies` has six bytes of a hash for each object that was ever copied, sorted, in base64: 5,000 take 40,000
 * characters. Two names have the same hash once in 10^11 passes; then the second one is not copied, and reported as deleted here.
 */
export interface CopiedMemory {
  /** Empty: no pass has begun that was not a dry run. */
  readonly source: string
  readonly has: (kind: CopyKind, name: string) => boolean
}

const version = '1'
const bytes = 6
/** So many fit into 64 KiB. Copies beyond these come back when they are deleted, suspended as all are. */
const mostCopies = 8_000

export function copiedMemory(text: string | undefined): CopiedMemory {
  const { source, hashes } = decoded(text)
  return { source, has: (kind, name) => hashes.has(hashOfCopy(kind, name)) }
}

/** The memory with these copies added and, if it is given, with this digest of the source. */
export function remembering(text: string | undefined, { source, copies = [] }: { readonly source?: string; readonly copies?: readonly { readonly kind: CopyKind; readonly name: string }[] }): string {
  const known = decoded(text)
  const hashes = new Set([...known.hashes, ...copies.map(({ kind, name }) => hashOfCopy(kind, name))])
  const kept = [...hashes].slice(0, mostCopies).toSorted((a, b) => a - b)
  const buffer = Buffer.alloc(kept.length * bytes)
  for (const [index, hash] of kept.entries()) buffer.writeUIntBE(hash, index * bytes, bytes)
  return `${version}.${source ?? known.source}.${buffer.toString('base64')}`
}

/** Tells whether anything has changed that a pass would copy; `terms` are all else that the outcome depends on. */
export function sourceDigest(objects: readonly { readonly kind: CopyKind; readonly metadata: ObjectMeta }[], terms: unknown): string {
  const lines = objects.map(({ kind, metadata: { name, uid, generation } }) => `${kind}/${name}/${uid}/${generation ?? ''}`)
  return hashOf({ terms, lines: lines.toSorted() }, 16)
}

function decoded(text: string | undefined): { readonly source: string; readonly hashes: ReadonlySet<number> } {
  const [known, source = '', base64 = ''] = text?.split('.') ?? []
  if (known !== version) return { source: '', hashes: new Set() }
  const buffer = Buffer.from(base64, 'base64')
  const hashes = new Set<number>()
  for (let at = 0; at + bytes <= buffer.length; at += bytes) hashes.add(buffer.readUIntBE(at, bytes))
  return { source, hashes }
}

function hashOfCopy(kind: CopyKind, name: string): number {
  return Number.parseInt(hashOf(`${kind}/${name}`, bytes * 2), 16)
}

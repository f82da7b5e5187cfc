import type { CopyAction, CopyKind } from '../model/copying.ts'
import { copyKinds } from '../model/copying.ts'
import type { Reason } from '../model/reason.ts'
import type { TenantCloneSpec } from '../model/tenant-clone.ts'
import type { SeenObject } from './action.ts'

export interface AuthorizationQuestion {
  /** Namespace of the TenantClone: where copies would come. */
  readonly target: string
  readonly spec: Pick<TenantCloneSpec, 'source' | 'kinds'>
  /** CloneGrants of the source namespace; any others count for nothing. */
  readonly grants: readonly Pick<SeenObject<'CloneGrant'>, 'metadata' | 'object'>[]
  /** Of the operator itself. */
  readonly ownNamespace: string
}

export interface Unauthorized {
  readonly isAuthorized: false
  readonly reason: Extract<Reason, 'NoGrant' | 'SourceProtected' | 'SameNamespace'>
  readonly message: string
}

export type Authorization = { readonly isAuthorized: true } | Unauthorized

/**
 * The one door to a source namespace: nothing of it is read, and nothing that any store knows of it is used, before this says yes. It
 * is asked when a pass is planned and again, about grants read uncached, before each page. Whoever may not copy learns nothing: the
 * answer is the same whether there is no such namespace, no grant, one for others, or one for other kinds.
 */
export function authorizeSource({ target, spec, grants, ownNamespace }: AuthorizationQuestion): Authorization {
  const source = spec.source.namespace
  if (source === target) return refusal('SameNamespace', 'spec.source.namespace is this very namespace: nothing is copied onto itself')
  if (isProtected(target, ownNamespace)) return refusal('SourceProtected', `nothing is copied into namespace ${target}: namespaces of Kubernetes and of the operator are no tenants`)
  if (isProtected(source, ownNamespace)) return refusal('SourceProtected', `nothing is copied from namespace ${source}: namespaces of Kubernetes and of the operator are no tenants`)
  const granted = new Set(grants.flatMap((grant) => grantedKinds(grant, source, target)))
  if (kindsOf(spec).every((kind) => granted.has(kind))) return { isAuthorized: true }
  return refusal('NoGrant', `no CloneGrant in namespace ${source} allows this`)
}

/** What is copied, in the order of copying: what others name comes first. */
export function kindsOf({ kinds }: Pick<TenantCloneSpec, 'kinds'>): readonly CopyKind[] {
  return kinds === undefined ? copyKinds : copyKinds.filter((kind) => kinds.includes(kind))
}

/** In the order of a pass. A reset goes the other way: nothing that is still enabled gets what it runs from the source. */
export function passKinds(spec: Pick<TenantCloneSpec, 'kinds'>, action: CopyAction): readonly CopyKind[] {
  return action === 'Reset' ? kindsOf(spec).toReversed() : kindsOf(spec)
}

function refusal(reason: Unauthorized['reason'], message: string): Unauthorized {
  return { isAuthorized: false, reason, message }
}

function isProtected(namespace: string, ownNamespace: string): boolean {
  return namespace.startsWith('kube-') || namespace === ownNamespace
}

/** A grant that is being deleted is consent withdrawn; one that cannot be read is none. */
function grantedKinds({ metadata, object }: AuthorizationQuestion['grants'][number], source: string, target: string): readonly CopyKind[] {
  if (metadata.namespace !== source || metadata.deletionTimestamp !== undefined || !object.ok) return []
  const { to, kinds } = object.value.spec
  return to.some(({ namespace }) => namespace === target) ? kinds : []
}

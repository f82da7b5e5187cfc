import type { ApiClient } from '../kube/api-client.ts'
import { ApiFailure } from '../kube/api-failure.ts'
import type { Clock } from '../kube/clock.ts'
import { resourceOf } from '../kube/copy-object.ts'
import { copySlice } from '../kube/copy-slice.ts'
import { readObject } from '../kube/raw-objects.ts'
import type { CopyItem, CopyKind } from '../model/copying.ts'
import { decodeMetadata } from '../model/decode.ts'
import { formatInstant } from '../model/instant.ts'
import type { ObjectMeta } from '../model/kubernetes.ts'
import { label } from '../model/names.ts'
import type { TenantCloneSpec, TenantCloneStatus } from '../model/tenant-clone.ts'
import { latestRequestId, requestDue } from '../plan/clone-request.ts'
import { kindsOf } from '../plan/copy-authorization.ts'
import { orphanedItem, unusedOverrides } from '../plan/copy-item.ts'
import { isMarked } from '../plan/copy-manifest.ts'
import type { CopyOrder, CopyRequires, CopySlice, CopySliceSeen } from '../plan/copy-order.ts'
import { joinedRequires, requiresNothing } from '../plan/copy-requires.ts'
import { readAll } from './whole-list.ts'

/** A TenantClone as it is in the cluster, or as it would be once a file is applied. */
export interface PlannedClone {
  readonly namespace: string
  readonly name: string
  /** Empty: it is not in the cluster yet. */
  readonly uid: string
  readonly spec: TenantCloneSpec
  readonly status: TenantCloneStatus | undefined
}

export interface ClonePlan {
  readonly order: CopyOrder
  /** Why nothing at all would be copied. */
  readonly refusal: string | undefined
  readonly items: readonly CopyItem[]
  readonly requires: CopyRequires
}

export interface ClonePlanOptions {
  readonly client: ApiClient
  readonly clock: Clock
}

/**
 * What the operator would do now: its own code, as dry runs of the API server, with the rights of whoever asks. Throws an Error when
 * they do not suffice to read CloneGrants and objects of the source, and other ApiFailures that concern more than one object.
 */
export async function clonePlan(options: ClonePlanOptions, clone: PlannedClone): Promise<ClonePlan> {
  const copies = await copiesThere(options.client, clone)
  const order = orderOf(clone, copies, await namesOfClones(options.client, clone.namespace))
  const items = new Map<string, CopyItem>()
  let requires = requiresNothing
  for await (const outcome of outcomesOf(options, order, clone.status?.copied)) {
    if (outcome.kind === 'unauthorized') return { order, refusal: outcome.answer.message, items: [], requires: requiresNothing }
    // A list that expires on the way may begin again.
    for (const item of outcome.items) items.set(`${item.kind}/${item.name}`, item)
    requires = joinedRequires(requires, outcome.requires)
  }
  const unused = unusedOverrides(clone.spec, (kind, name) => items.has(`${kind}/${name}`))
  for (const item of [...(await orphansAmong(copies, options.client, order, items)), ...unused]) items.set(`${item.kind}/${item.name}`, item)
  return { order, refusal: undefined, items: [...items.values()], requires }
}

interface Copy {
  readonly kind: CopyKind
  readonly metadata: ObjectMeta
}

/** What this TenantClone has copied, and is there. */
async function copiesThere(client: ApiClient, { namespace, name, spec }: PlannedClone): Promise<readonly Copy[]> {
  const copies: Copy[] = []
  for (const kind of kindsOf(spec)) {
    const labelled = await readAll(client, { resource: resourceOf[kind], namespace, labelSelector: `${label.clone}=${name}` })
    const marked = labelled.flatMap(({ metadata }) => decodeMetadata(metadata) ?? []).filter((metadata) => isMarked(metadata, { clone: { name }, spec }))
    copies.push(...marked.map((metadata) => ({ kind, metadata })))
  }
  return copies
}

/** Copies whose source is gone. Those that the selector leaves out are asked for one by one. */
async function orphansAmong(copies: readonly Copy[], client: ApiClient, { spec }: CopyOrder, items: ReadonlyMap<string, CopyItem>): Promise<readonly CopyItem[]> {
  const { namespace } = spec.source
  const orphans: CopyItem[] = []
  for (const { kind, metadata: { name } } of copies.filter((copy) => !items.has(`${copy.kind}/${copy.metadata.name}`))) {
    if ((await readObject(client, { resource: resourceOf[kind], namespace, name })) === undefined) orphans.push(orphanedItem(kind, name))
  }
  return orphans
}

/** What is due: the request that has not been done yet, but for a dry run, or else what every resync does. */
function orderOf({ namespace, name, uid, spec, status }: PlannedClone, copies: readonly Copy[], clones: readonly string[]): CopyOrder {
  const { request } = spec
  const { action = 'Clone', id = latestRequestId(status) } = (request?.dryRun === true ? request : requestDue(spec, status, () => copies.map(({ metadata }) => metadata))) ?? {}
  return { clone: { namespace, name, uid }, clones, spec, action, requestId: id, dryRun: true }
}

/** Page by page; after one that is not authorized there is none. */
async function* outcomesOf({ client, clock }: ClonePlanOptions, order: CopyOrder, memory: string | undefined): AsyncGenerator<CopySliceSeen['outcome']> {
  // Whether the operator's own namespace is meant, only the operator knows; the admission policies refuse it at once.
  const options = { client, clock, events: { record: () => undefined }, copying: { ownNamespace: '', isThere: () => true } }
  const { namespace, name } = order.clone
  for (const kind of kindsOf(order.spec)) {
    for (let from: string | undefined = ''; from !== undefined; ) {
      const slice: CopySlice = { verb: 'copy', resource: 'tenantclones', namespace, name, order, kind, from, pass: formatInstant(clock.now()), memory, because: 'somebody asks what would happen' }
      const [, seen] = await copySlice(options, slice).catch(explained)
      const { outcome }: CopySliceSeen = seen.slice
      yield outcome
      if (outcome.kind === 'unauthorized') return
      from = outcome.next
    }
  }
}

async function namesOfClones(client: ApiClient, namespace: string): Promise<readonly string[]> {
  const clones = await readAll(client, { resource: 'tenantclones', namespace }).catch(explained)
  return clones.flatMap(({ metadata }) => decodeMetadata(metadata)?.name ?? [])
}

function explained(error: unknown): never {
  if (!(error instanceof ApiFailure) || error.code !== 403) throw error
  throw new Error(`a plan is made with your own rights, and they do not suffice: ${error.message} (request.dryRun: true lets the operator look instead)`, { cause: error })
}

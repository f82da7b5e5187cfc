import type { CopyItem, CopyKind } from '../model/copying.ts'
import { type Instant, formatInstant, minute, parseInstant } from '../model/instant.ts'
import type { JsonObject, KubernetesObject, ObjectMeta } from '../model/kubernetes.ts'
import type { Checked, Problem } from '../model/problem.ts'
import type { TenantClone, TenantCloneSpec, TenantCloneStatus } from '../model/tenant-clone.ts'
import { type Learned, type Plan, evidenceKey, isRefused, storeLag } from './action.ts'
import { type ConditionDraft, stalledConditions } from './conditions.ts'
import { latestRequestId, requestDue } from './clone-request.ts'
import { copiedMemory, remembering, sourceDigest } from './copied-memory.ts'
import { type AuthorizationQuestion, type Unauthorized, authorizeSource, kindsOf, passKinds } from './copy-authorization.ts'
import { orphanedItem, unusedOverrides } from './copy-item.ts'
import { isMarked } from './copy-manifest.ts'
import type { CopyEvidence, CopyOrder, CopySlice } from './copy-order.ts'
import { requiresNothing } from './copy-requires.ts'
import { type CloneReport, type Progress, cloneStatusPatch, endEvent, ended, restingConditions, withMemory, withSlice, workingConditions } from './tenant-clone-status.ts'

/** What the stores know of one TenantClone, at one moment. */
export interface ObservedTenantClone {
  readonly metadata: ObjectMeta
  /** Refused: it got past the CRD (of another version, say) and cannot be read. */
  readonly object: Checked<TenantClone>
  readonly status: TenantCloneStatus | undefined
  readonly rawStatus: JsonObject | undefined
  /** CloneGrants of the source namespace. */
  readonly grants: AuthorizationQuestion['grants']
  /** Names of the TenantClones of its namespace. */
  readonly clones: readonly string[]
  /** Of the operator itself. */
  readonly ownNamespace: string
  /** Not asked of the source before its grants have been. */
  readonly objectsIn: (kind: CopyKind, namespace: string) => readonly KubernetesObject[]
  readonly learned: Learned
}

/** How long after a pass the next one begins that nobody has asked for; milliseconds. */
const pause = 10 * minute

const nothing: Plan = { actions: [], status: undefined, events: [], requeue: { kind: 'onChange' } }

/** One that can be read and may copy. */
interface Allowed {
  readonly observed: ObservedTenantClone
  readonly spec: TenantCloneSpec
  readonly now: Instant
}

/**
 * What should happen to a TenantClone. A pass goes through the source slice by slice: one is asked for, what became of it is folded into
 * the status, then the next is asked for. So the status always says where it is, a crash loses one slice at most, and no pass needs more
 * memory than a page.
 *
 * Guarantees: nothing of the source is asked for, or told, unless a CloneGrant allows all of it. A request is done once: its id is in
 * `status.lastRequest`, and on the copies.
 */
export function planTenantClone(observed: ObservedTenantClone, now: Instant): Plan {
  const { metadata, object, grants, ownNamespace } = observed
  if (metadata.deletionTimestamp !== undefined) return nothing // what was copied stays
  if (!object.ok) return unreadable(observed, object.problems, now)
  const { spec } = object.value
  const answer = authorizeSource({ target: metadata.namespace, spec, grants, ownNamespace })
  if (!answer.isAuthorized) return unauthorized(observed, answer, now)
  const seen = sliceSeen(observed)
  if (seen?.slice.outcome.kind === 'unauthorized' && now < seen.at + storeLag) {
    return { ...unauthorized(observed, seen.slice.outcome.answer, now), requeue: { kind: 'at', at: seen.at + storeLag, because: 'the store of CloneGrants lags' } }
  }
  return allowed({ observed, spec, now })
}

function unreadable(observed: ObservedTenantClone, problems: readonly Problem[], now: Instant): Plan {
  const message = problems.map(({ path, message: text }) => `${path}: ${text}`).join('; ')
  const drafts: readonly ConditionDraft[] = [...stalledConditions('InvalidSpec', message), { type: 'Authorized', status: 'Unknown', reason: 'InvalidSpec', message: 'it cannot be read' }]
  return { ...nothing, status: cloneStatusPatch(observed, { report: { ...observed.status, progress: undefined }, drafts }, now) }
}

/** No further action. A pass that had begun goes on where it is if it may again. */
function unauthorized(observed: ObservedTenantClone, answer: Unauthorized, now: Instant): Plan {
  const { reason, message } = refusalNow(observed, answer)
  const drafts: readonly ConditionDraft[] = [...stalledConditions(reason, message), { type: 'Authorized', status: 'False', reason, message }]
  return { ...nothing, status: cloneStatusPatch(observed, { report: { ...observed.status, progress: ownProgress(observed) }, drafts }, now) }
}

/** What was allowed before, and asked for in the same words, has been revoked. */
function refusalNow({ metadata, status }: ObservedTenantClone, { reason, message }: Unauthorized): Pick<ConditionDraft, 'reason' | 'message'> {
  const before = status?.conditions?.find(({ type }) => type === 'Authorized')
  const wasAllowed = before?.status === 'True' || before?.reason === 'GrantRevoked'
  if (reason !== 'NoGrant' || !wasAllowed || before.observedGeneration !== metadata.generation) return { reason, message }
  return { reason: 'GrantRevoked', message: `${message} any more` }
}

/** Of the spec as it is now: after any change of it a pass begins anew. */
function ownProgress({ metadata, status }: ObservedTenantClone): Progress | undefined {
  return status?.observedGeneration === metadata.generation ? status?.progress : undefined
}

function sliceSeen({ metadata, learned }: ObservedTenantClone): CopyEvidence | undefined {
  const seen = learned.evidence.get(evidenceKey('tenantclones', metadata.namespace, metadata.name))
  return seen?.resource === 'tenantclones' ? seen : undefined
}

function allowed(given: Allowed): Plan {
  const { observed, spec, now } = given
  const { status } = observed
  const progress = ownProgress(observed)
  if (progress !== undefined) return proceeding(given, progress)
  const request = requestDue(spec, status, () => kindsOf(spec).flatMap((kind) => copiesOf(observed, spec, kind)))
  if (request !== undefined) return begun(given, request)
  if (spec.request?.dryRun === true) return resting(given) // a TenantClone that asks for a dry run writes nothing
  const { source } = copiedMemory(status?.copied)
  if (source === '') return begun(given, { action: 'Clone' })
  if (source === digestOf(given) && !isWorthAnotherTry(status)) return resting(given)
  const at = (parseInstant(status?.completionTime) ?? now - pause) + pause
  return now >= at ? begun(given, { action: 'Clone' }) : { ...resting(given), requeue: { kind: 'at', at, because: 'the source or the TenantClone has changed, or something failed' } }
}

/** What a pass failed at that only copies what is missing: a quota is raised, a webhook comes back. A request is not done a second time. */
function isWorthAnotherTry({ lastRequest, completionTime, items = [] }: TenantCloneStatus = {}): boolean {
  const isOfRequest = lastRequest !== undefined && lastRequest.completionTime === completionTime && lastRequest.action !== 'Clone'
  return !isOfRequest && items.some(({ result, reason }) => result === 'Failed' && (reason === 'Refused' || reason === 'Conflict'))
}

/** Of all that a pass reads: `status` of the objects is not among it. */
function digestOf({ observed, spec }: Allowed): string {
  const objects = kindsOf(spec).flatMap((kind) => selectedIn(observed, spec, kind).map((metadata) => ({ kind, metadata })))
  return sourceDigest(objects, { generation: observed.metadata.generation })
}

/** What of a kind is to be copied. */
function selectedIn({ objectsIn }: ObservedTenantClone, { source }: TenantCloneSpec, kind: CopyKind): readonly ObjectMeta[] {
  const wanted = Object.entries(source.selector?.matchLabels ?? {})
  const objects = objectsIn(kind, source.namespace).map(({ metadata }) => metadata)
  return objects.filter(({ labels }) => wanted.every(([key, value]) => labels?.[key] === value))
}

function resting({ observed, now }: Allowed): Plan {
  const report = { ...observed.status, progress: undefined }
  return { ...nothing, status: cloneStatusPatch(observed, { report, drafts: restingConditions(report) }, now) }
}

function begun(given: Allowed, { id, action, dryRun = false }: Pick<Progress, 'id' | 'action' | 'dryRun'>): Plan {
  const { observed, spec, now } = given
  const [kind = 'Integration'] = passKinds(spec, action)
  const { status } = observed
  const report: CloneReport = {
    ...status,
    progress: { ...(id !== undefined && { id }), action, ...(dryRun && { dryRun }), startTime: formatInstant(now), kind, done: 0 },
    summary: {},
    items: [],
    requires: requiresNothing,
    ...(!dryRun && { copied: remembering(status?.copied, { source: digestOf(given) }) }),
  }
  return { ...nothing, status: cloneStatusPatch(observed, { report, drafts: workingConditions(report, status, undefined) }, now) }
}

function proceeding(given: Allowed, progress: Progress): Plan {
  const { observed, spec, now } = given
  const seen = sliceSeen(observed)?.slice
  const isOfNow = seen?.pass === passOf(progress) && seen.kind === progress.kind && seen.from === (progress.next ?? '')
  if (isOfNow && seen.outcome.kind === 'done') return folded(given, progress, seen.outcome)
  const action = sliceOf(observed, spec, progress)
  const { refused } = observed.learned
  const trouble = isRefused(action, refused, now) ? `it is refused, and tried again: ${refused?.message}` : undefined
  const report: CloneReport = { ...observed.status }
  return { ...nothing, actions: [action], status: cloneStatusPatch(observed, { report, drafts: workingConditions(report, observed.status, trouble) }, now) }
}

/** Another request may begin in the same second. */
function passOf({ startTime, action, id = '', dryRun = false }: Progress): string {
  return [startTime, action, id, dryRun ? 'dry' : ''].join(' ')
}

function sliceOf({ metadata, status, clones }: ObservedTenantClone, spec: TenantCloneSpec, progress: Progress): CopySlice {
  const { namespace, name, uid } = metadata
  const { id, action, dryRun = false, kind, next = '' } = progress
  const order: CopyOrder = { clone: { namespace, name, uid }, clones, spec, action, requestId: id ?? latestRequestId(status), dryRun }
  return { verb: 'copy', resource: 'tenantclones', namespace, name, order, kind, from: next, pass: passOf(progress), memory: status?.copied, because: `${action} of ${kind}` }
}

type Done = Extract<CopyEvidence['slice']['outcome'], { readonly kind: 'done' }>

function folded(given: Allowed, progress: Progress, { next, items, requires }: Done): Plan {
  const { observed, spec, now } = given
  const added = withSlice({ ...observed.status }, { items, requires })
  const report = progress.dryRun === true ? added : withMemory(added, items)
  const kinds = passKinds(spec, progress.action)
  const kind = next === undefined ? kinds[kinds.indexOf(progress.kind) + 1] : progress.kind
  const { next: _page, ...pass } = progress
  const done = progress.done + items.length
  if (kind === undefined) return finished(given, { ...pass, done }, report)
  const going = { ...report, progress: { ...pass, kind, done, ...(next !== undefined && { next }) } }
  return { ...nothing, status: cloneStatusPatch(observed, { report: going, drafts: workingConditions(going, observed.status, undefined) }, now) }
}

function finished(given: Allowed, progress: Progress, report: CloneReport): Plan {
  const { observed, spec, now } = given
  const { has } = copiedMemory(report.copied)
  // The store may not show yet what the API server has already told, and has been copied.
  const unused = unusedOverrides(spec, (kind, name) => has(kind, name) || selectedIn(observed, spec, kind).some((metadata) => metadata.name === name))
  const whole = ended(withSlice(report, { items: [...orphans(given), ...unused], requires: requiresNothing }), progress, now)
  const isNews = progress.id !== undefined || observed.status?.completionTime === undefined
  return {
    ...nothing,
    status: cloneStatusPatch(observed, { report: whole, drafts: restingConditions(whole) }, now),
    events: isNews ? [endEvent(observed.metadata, progress, whole.summary)] : [],
  }
}

/** Copies whose source is gone: they stay. */
function orphans({ observed, spec }: Allowed): readonly CopyItem[] {
  return kindsOf(spec).flatMap((kind) => {
    const there = new Set(observed.objectsIn(kind, spec.source.namespace).map(({ metadata }) => metadata.name))
    return copiesOf(observed, spec, kind).flatMap(({ name }) => (there.has(name) ? [] : [orphanedItem(kind, name)]))
  })
}

/** What this TenantClone has copied of a kind, and is there. */
function copiesOf({ metadata: { namespace, name }, objectsIn }: ObservedTenantClone, spec: TenantCloneSpec, kind: CopyKind): readonly ObjectMeta[] {
  return objectsIn(kind, namespace).flatMap(({ metadata }) => (isMarked(metadata, { clone: { name }, spec }) ? [metadata] : []))
}

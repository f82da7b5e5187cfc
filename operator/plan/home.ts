import { type Instant, minute, parseInstant } from '../model/instant.ts'
import { annotation, homeManager, label } from '../model/names.ts'
import { type Activation, activationOf, isActivatedIn } from './activation.ts'
import { type Errand, type Evidence, type Look, type Plan, evidenceKey, storeLag } from './action.ts'
import type { Cursor } from './cursor.ts'
import type { ObservedSchedule } from './observed.ts'
import type { Standing } from './schedule-step.ts'
import type { Verdict } from './verdict.ts'

/**
 * Where a schedule is at home (cloning.md sections 3.6 and 4), told apart by the UID of its namespace: one that was deleted and
 * restored is another namespace of the same name.
 */

/** What is older than this is known to be in the namespace that the store shows: stores lag by less than 90 s, clocks by seconds. Milliseconds. */
const certainAfter = 2 * minute

type Here = Pick<ObservedSchedule, 'metadata' | 'namespace' | 'learned'>

interface Known {
  readonly uid: string
  /** The values that its label has in the store, and had when it was looked at lately. */
  readonly labels: readonly (string | undefined)[]
}

/** What is known of its namespace. A schedule that was there before a look is in the namespace that was seen then. */
function namespaceOf({ metadata, namespace, learned }: Here, now: Instant): Known | undefined {
  const evidence = lookOf({ metadata, learned })
  const seen = evidence?.object
  const found = seen ?? namespace
  if (found === undefined) return undefined
  const isFresh = seen !== undefined && evidence !== undefined && now < evidence.at + certainAfter
  const tellers = seen === undefined || seen.metadata.uid === namespace?.metadata.uid ? [namespace, ...(isFresh ? [seen] : [])] : [seen]
  return { uid: found.metadata.uid, labels: tellers.map((one) => one?.metadata.labels?.[label.activation]) }
}

function lookOf({ metadata, learned }: Pick<Here, 'metadata' | 'learned'>): Extract<Evidence, { readonly resource: 'namespaces' }> | undefined {
  const evidence = learned.evidence.get(evidenceKey('namespaces', metadata.namespace, metadata.namespace, metadata.uid))
  return evidence?.resource === 'namespaces' ? evidence : undefined
}

function isOld({ metadata }: Pick<Here, 'metadata'>, now: Instant): boolean {
  return now >= (parseInstant(metadata.creationTimestamp) ?? 0) + certainAfter
}

/** Whether what is known of its namespace can be relied on for good. */
function isCertain(observed: Here, now: Instant): boolean {
  return lookOf(observed)?.object !== undefined || (observed.namespace !== undefined && isOld(observed, now))
}

/** Whether the CronJob says that this very schedule was enabled: then all of this has been decided before. */
function wasEnabled({ metadata }: Pick<Here, 'metadata'>, cursor: Cursor | undefined): boolean {
  return cursor?.enabled === true && cursor.schedulable.uid === metadata.uid
}

/** Of what is known of its namespace the strictest counts. Undefined: nothing is known. */
function activationHere(observed: ObservedSchedule, cursor: Cursor | undefined, now: Instant): Activation | undefined {
  const known = namespaceOf(observed, now)
  if (known === undefined || !observed.spec.ok) return undefined
  const { metadata, defaultActivation, spec } = observed
  const isActiveHere = wasEnabled(observed, cursor) && isOld(observed, now)
  const answers = known.labels.map((activation) => activationOf({ metadata, suspend: spec.value.suspend, namespace: { uid: known.uid, activation }, defaultActivation, isActiveHere }))
  return answers.find(({ held }) => held !== undefined) ?? answers[0]
}

/** The verdict, and that the schedule is held, if it is. What was enabled before is not held because nothing is known for a moment. */
export function withActivation(verdict: Verdict, observed: ObservedSchedule, { cursor, now }: { readonly cursor: Cursor | undefined; readonly now: Instant }): Verdict {
  if (verdict.kind === 'invalid') return verdict
  const held = activationHere(observed, cursor, now)?.held
  return held === undefined ? verdict : { ...verdict, held }
}

/**
 * What has to be known before a schedule that wants to run is enabled for the first time: the store may still show a namespace
 * that has been deleted, and it is its UID that a restored dump carries. Undefined: all is known.
 */
export function doubtOf(observed: ObservedSchedule, verdict: Verdict, { cursor, now }: { readonly cursor: Cursor | undefined; readonly now: Instant }): Plan | undefined {
  if (verdict.kind === 'invalid' || verdict.spec.suspend === true || wasEnabled(observed, cursor) || isCertain(observed, now)) return undefined
  const { annotations = {} } = observed.metadata
  const carriesUid = annotations[annotation.home] !== undefined || annotations[annotation.activate] !== undefined
  if (!carriesUid && observed.namespace !== undefined) return undefined
  const because = 'is this the namespace that the schedule was activated in'
  const plan: Plan = { actions: [], status: undefined, events: [], requeue: { kind: 'onChange' } }
  const lookedAt = lookOf(observed)?.at ?? -Infinity
  if (now < lookedAt + storeLag) return { ...plan, requeue: { kind: 'at', at: lookedAt + storeLag, because: 'its namespace is gone, so it goes as well' } }
  return { ...plan, actions: [lookAt(observed, because)] }
}

/** About this very schedule: what was seen before it came may have been another namespace. */
function lookAt({ metadata: { namespace, uid } }: Pick<Here, 'metadata'>, because: string): Look {
  return { verb: 'look', resource: 'namespaces', namespace, name: namespace, about: uid, because }
}

/** Whether somebody has activated it, perhaps long after it was created: its generation does not tell. */
export function isActivatedByHand(observed: Here, now: Instant): boolean {
  const known = namespaceOf(observed, now)
  return known !== undefined && isActivatedIn(observed.metadata, known.uid)
}

const resources = { ScheduledIntegration: 'scheduledintegrations', IntegrationSet: 'integrationsets' } as const

/**
 * The stamp: once in the life of a schedule, when its status tells that it is active. A stamp is for good, so a young schedule's
 * namespace is looked at first, past the store.
 */
export function homeErrands(observed: ObservedSchedule, { cursor, standing, now }: { readonly cursor: Cursor | undefined; readonly standing: Standing; readonly now: Instant }): readonly Errand[] {
  const { kind, metadata, status } = observed
  const isActive = (standing.kind === 'armed' || standing.kind === 'resting') && status?.observedGeneration === (metadata.generation ?? 0) && status.conditions?.some(({ type, status: value }) => type === 'Active' && value === 'True') === true
  const known = isActive && activationHere(observed, cursor, now)?.isToBeStamped === true ? namespaceOf(observed, now) : undefined
  if (known === undefined) return []
  if (!isCertain(observed, now)) return [{ action: lookAt(observed, 'it becomes the home of the schedule') }]
  const { namespace, name, uid, resourceVersion } = metadata
  const merge = { metadata: { annotations: { [annotation.home]: known.uid } } }
  return [{ action: { verb: 'merge', resource: resources[kind], namespace, name, uid, resourceVersion, merge, fieldManager: homeManager, because: 'it is active in this namespace: a copy elsewhere must not be' } }]
}

/** When what is known of its namespace may count for less: the store is believed again. */
export function doubtEnds(observed: ObservedSchedule, now: Instant): Instant | undefined {
  const evidence = lookOf(observed)
  const labels = new Set(namespaceOf(observed, now)?.labels)
  return evidence === undefined || labels.size < 2 ? undefined : evidence.at + certainAfter
}

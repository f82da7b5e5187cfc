import { type Instant, parseInstant } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { oncePer } from '../model/once-per.ts'
import { type GateTerms, gateTermsOf } from '../model/run-terms.ts'
import type { Holder, Want } from './lock-table.ts'
import { finalCondition, isReleased, isSkipped, scheduledTime } from './run-record.ts'

/** A Job that passes the gate, with what it says of itself. */
export interface GatedRun extends Holder {
  readonly source: Job
  readonly terms: GateTerms
  /**
   * - candidate: it waits to be released.
   * - running: it was released, by the gate or by a person, and has not ended; suspended again, it may go on at any time.
   * - leaving: it was not released and is being deleted.
   * - over: it has ended, or never starts.
   */
  readonly state: 'candidate' | 'running' | 'leaving' | 'over'
  /** Which occurrence it is. Undefined: it was made by hand or on demand. */
  readonly occurrence: Instant | undefined
  /** Its place in every queue: oldest first. */
  readonly queuedAt: Instant
}

/** Undefined: it does not pass the gate, or says so in a way that this version cannot read. Such a Job is left alone. */
export const gatedRunOf: (job: Job) => GatedRun | undefined = oncePer((source: Job): GatedRun | undefined => {
  const terms = gateTermsOf(source)
  if (terms === undefined) return undefined
  const { uid, name: job, creationTimestamp } = source.metadata
  const occurrence = scheduledTime(source)
  const queuedAt = occurrence ?? parseInstant(creationTimestamp) ?? 0
  return { source, terms, uid, job, wants: wantsOf(terms), state: stateOf(source), occurrence, queuedAt }
})

function stateOf(job: Job): GatedRun['state'] {
  if (finalCondition(job) !== undefined || isSkipped(job)) return 'over'
  if (job.spec.suspend !== true || isReleased(job)) return 'running'
  return job.metadata.deletionTimestamp === undefined ? 'candidate' : 'leaving'
}

/** A run goes through its states in this order, and never back (a person who suspends a Job apart). */
const states = ['candidate', 'leaving', 'running', 'over'] as const satisfies readonly GatedRun['state'][]

/** Of the same run as two have seen it, the one that is further on. */
export function furtherOn(run: GatedRun, other: GatedRun | undefined): GatedRun {
  return other !== undefined && other.uid === run.uid && states.indexOf(other.state) > states.indexOf(run.state) ? other : run
}

export function inQueueOrder(a: GatedRun, b: GatedRun): number {
  return a.queuedAt - b.queuedAt || (a.job < b.job ? -1 : 1)
}

/** The lock that all runs of one schedulable want. No lock of a user begins so. */
export function ownLock({ uid }: { readonly uid: string }): string {
  return `=${uid}`
}

export function isOwnLock(lock: string): boolean {
  return lock.startsWith('=')
}

/**
 * Its schedulable's own lock comes first: overlapPolicy is the first answer to why it waits. A run that may overlap has it as well,
 * Shared, so that later ones of another policy know of it; it never waits for it.
 */
function wantsOf({ schedulable, overlapPolicy, locks }: GateTerms): readonly Want[] {
  const own: readonly Want[] = schedulable === undefined ? [] : [{ lock: ownLock(schedulable), mode: overlapPolicy === 'Allow' ? 'Shared' : 'Exclusive' }]
  return [...own, ...locks.map(({ name: lock, mode }) => ({ lock, mode }))]
}

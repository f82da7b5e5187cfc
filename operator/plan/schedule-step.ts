import { type Instant, parseInstant } from '../model/instant.ts'
import type { CronJob } from '../model/kubernetes.ts'
import type { Reason } from '../model/reason.ts'
import type { RunRecord } from '../model/status-schema.ts'
import type { Action } from './action.ts'
import type { Held } from './activation.ts'
import { type ArmingFrame, lookedThrough } from './arming.ts'
import { type Cursor, type Lost, cursorOf } from './cursor.ts'
import type { ObservedSchedule } from './observed.ts'
import { scheduledTime } from './run-record.ts'
import { eps } from './timing.ts'
import type { Valid, Verdict } from './verdict.ts'
import { versionsOf } from './versions.ts'

/** How a schedule stands, in the words of its conditions. */
export type Standing =
  /** The right CronJob is there and fires. */
  | { readonly kind: 'armed' }
  /** Enabled, but the next occurrence is more than 360 days away: the CronJob rests. */
  | { readonly kind: 'resting' }
  | { readonly kind: 'suspended' }
  /** As if it were suspended. */
  | ({ readonly kind: 'held' } & Held)
  /** No occurrence is left; Expired when there was none to begin with. */
  | { readonly kind: 'over'; readonly reason: 'Completed' | 'Expired' }
  | { readonly kind: 'suspendedOutOfBand' }
  /** A set without a schedule, in order: others may schedule it. */
  | { readonly kind: 'template' }
  /** On its way to one of the above. */
  | { readonly kind: 'progressing'; readonly message: string }
  /** A person must act. */
  | { readonly kind: 'stalled'; readonly reason: Reason; readonly message: string }

/** What one pass does about a schedule's CronJob. */
export interface Step {
  readonly standing: Standing
  readonly actions: readonly Action[]
  /** Occurrences that came to nothing, to be recorded before anything else happens. */
  readonly records: readonly RunRecord[]
  readonly accountedThrough: Instant | undefined
  /** Plan again at the latest then. */
  readonly wakeAt: Instant | undefined
  /** What was put right that somebody else had changed. */
  readonly repaired: string | undefined
  /** The time zone that is not trusted from now on. */
  readonly distrusts: string | undefined
}

export function step(standing: Standing, rest: Partial<Omit<Step, 'standing'>> = {}): Step {
  return { actions: [], records: [], accountedThrough: undefined, wakeAt: undefined, repaired: undefined, distrusts: undefined, ...rest, standing }
}

export function progressing(message: string, rest: Partial<Omit<Step, 'standing'>> = {}): Step {
  return step({ kind: 'progressing', message }, rest)
}

/** Everything a step is decided from, when there is a CronJob of ours that can be read. */
export interface Scene {
  readonly observed: ObservedSchedule
  readonly verdict: Verdict
  readonly cronJob: CronJob
  readonly cursor: Cursor
  readonly now: Instant
}

/** Whether it is to run: valid, not suspended, and not held either. */
export function isEnabled(verdict: Verdict): boolean {
  return verdict.kind === 'valid' && !isDisabled(verdict)
}

function isDisabled({ spec, held }: Valid): boolean {
  return spec.suspend === true || held !== undefined
}

function scheduleHashOf(verdict: Verdict, former: string): string {
  return verdict.kind === 'valid' ? verdict.scheduleHash : former
}

/** An edit of when it runs, or a change of whether it does: what lies before it is not caught up, the floor moves. */
export function isNewEpoch({ verdict, cursor }: Pick<Scene, 'verdict' | 'cursor'>): boolean {
  const enabled = isEnabled(verdict)
  return cursor.enabled !== enabled || (enabled && cursor.scheduleHash !== scheduleHashOf(verdict, cursor.scheduleHash))
}

/**
 * Whether the schedule with this hash intended a match of its expression. Of a former schedule nobody knows, and all count; of
 * the present one some may be beside its occurrences: an operator that was away for long has not replaced the expression.
 */
export function intendedBy(verdict: Verdict, scheduleHash: string | undefined): (match: Instant) => boolean {
  if (verdict.kind !== 'valid' || verdict.scheduleHash !== scheduleHash) return () => true
  const { occurrences } = verdict.rule
  return (match) => occurrences.next(match - 1) === match
}

/**
 * Whether the schedule intended what its CronJob fired. What came with the last change, or before it, was intended by another
 * schedule perhaps; a controller whose watch lags fires what was intended a moment ago.
 */
export function plannedBy({ verdict, cursor }: Pick<Scene, 'verdict' | 'cursor'>): (scheduledTime: Instant) => boolean {
  if (isNewEpoch({ verdict, cursor })) return () => true
  const isIntended = intendedBy(verdict, cursor.scheduleHash)
  return (at) => at <= cursor.floor + eps || isIntended(at)
}

/** Why an occurrence is not started that was to be: what has changed. */
export function skipReason({ verdict }: Pick<Scene, 'verdict'>): 'NotReady' | 'Suspended' | 'Edited' {
  if (verdict.kind === 'invalid') return verdict.reason === 'Unscheduled' ? 'Edited' : 'NotReady'
  return isDisabled(verdict) ? 'Suspended' : 'Edited'
}

/** Occurrences after it are to be accounted for. */
export function accountedFrom({ observed, cursor }: Pick<Scene, 'observed' | 'cursor'>): Instant {
  return Math.max(cursor.floor, parseInstant(observed.status?.accountedThrough) ?? -Infinity)
}

/**
 * From when on nobody can have fired the occurrences of a schedule whose CronJob is gone, or cannot be read: since it was
 * active, as its status says, and what it has accounted for. Undefined: it was not, or has been changed since.
 */
export function lostUntilNow({ metadata, status }: ObservedSchedule, verdict: Verdict, now: Instant): readonly Lost[] {
  const active = status?.conditions?.find(({ type }) => type === 'Active')
  const since = active?.status === 'True' ? parseInstant(active.lastTransitionTime) : undefined
  if (since === undefined || verdict.kind === 'invalid' || status?.observedGeneration !== (metadata.generation ?? 0)) return []
  return [{ after: Math.max(since, parseInstant(status.accountedThrough) ?? -Infinity), through: now, reason: 'CronJobLost', hash: verdict.scheduleHash }]
}

/** A cursor made from what is observed now. */
export function cursorNow(
  observed: ObservedSchedule,
  verdict: Verdict,
  rest: Pick<Cursor, 'floor' | 'suspend' | 'expression' | 'parkedAt'> & Partial<Pick<Cursor, 'lost' | 'untoldAfter' | 'untoldHash'>> & { readonly formerHash?: string },
): Cursor {
  const { formerHash = '', lost = [], ...own } = rest
  return {
    ...versionsOf(observed),
    scheduleHash: scheduleHashOf(verdict, formerHash),
    enabled: isEnabled(verdict),
    nudged: undefined,
    distrusted: verdict.kind === 'valid' ? verdict.distrusted : undefined,
    untoldAfter: undefined,
    untoldHash: undefined,
    ...own,
    lost: [...stillLost(observed), ...lost].slice(0, mostLost),
  }
}

/** Whoever changes his mind that often within two minutes cannot be told everything. */
const mostLost = 5

/** What the CronJob says of lost times, as far as it has not been told. */
function stillLost({ cronJob, metadata, status }: ObservedSchedule): readonly Lost[] {
  const former = cronJob === undefined ? undefined : cursorOf(cronJob)
  if (former?.schedulable.uid !== metadata.uid) return []
  const accounted = parseInstant(status?.accountedThrough) ?? -Infinity
  return former.lost.filter(({ through }) => through > accounted)
}

/** Occurrences up to here have come to something: a record, or a Job. */
export function settledThrough(observed: ObservedSchedule): Instant {
  return observed.jobs.reduce((latest, job) => Math.max(latest, scheduledTime(job) ?? latest), parseInstant(observed.status?.accountedThrough) ?? -Infinity)
}

export function frameOf(observed: ObservedSchedule, valid: Valid, floor: Instant, cronJob: CronJob | undefined): ArmingFrame {
  return {
    rule: valid.rule,
    floor,
    settledThrough: settledThrough(observed),
    lookedThrough: cronJob === undefined ? -Infinity : lookedThrough(cronJob),
    deadline: valid.workload.deadline,
  }
}

/** Whether an occurrence is left, and if not, whether there ever was one. */
export function standingWithoutNext(observed: ObservedSchedule, valid: Valid, base: Instant): Standing {
  if (valid.rule.occurrences.next(base) !== undefined) return { kind: 'resting' }
  const created = parseInstant(observed.metadata.creationTimestamp) ?? 0
  return { kind: 'over', reason: valid.rule.occurrences.next(created) === undefined ? 'Expired' : 'Completed' }
}

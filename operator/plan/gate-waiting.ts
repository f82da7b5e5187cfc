import { type Instant, formatInstant, parseInstant, second } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import type { RunReason } from '../model/reason.ts'
import { type Skipped, type Waiting, waitingOf } from '../model/run-terms.ts'
import type { Obstacle } from './gate-claims.ts'
import { skippedBecause } from './gate-clearance.ts'
import { type GatedRun, isOwnLock } from './gate-run.ts'
import { type Span, waitedTime } from './lock-table.ts'
import { eps } from './timing.ts'

/** Why a run waits, without when it began to. */
export type WaitingCause = Pick<Waiting, 'message' | 'lock' | 'holder'> & { readonly reason: RunReason & ('WaitingForLock' | 'WaitingForPrevious' | 'ReleaseRefused') }

export function causeOf({ lock, claimant: { job } }: Obstacle): WaitingCause {
  if (isOwnLock(lock)) return { reason: 'WaitingForPrevious', message: `waits until the previous run of the schedule, Job ${job}, is over`, holder: job }
  return { reason: 'WaitingForLock', message: `waits for the lock ${lock}, until Job ${job} is over`, lock, holder: job }
}

export const tableFull: WaitingCause = { reason: 'WaitingForLock', message: 'waits until other runs are over: the lock table of this namespace is full' }
export const tableLost: WaitingCause = { reason: 'WaitingForLock', message: 'waits because the lock table of this namespace was lost and is being made anew' }

/** What is to be written on a Job that waits. Undefined: it says so already. */
export function untold({ source }: GatedRun, cause: WaitingCause, now: Instant): Waiting | undefined {
  const known = waitingOf(source)
  if (known !== undefined && known.reason === cause.reason && known.lock === cause.lock && known.holder === cause.holder) return undefined
  return { since: known?.since ?? formatInstant(now), ...cause }
}

/** Why a run never starts, whatever its schedule and the locks say now. */
export function hopeless({ terms, source, occurrence }: GatedRun, now: Instant): Skipped | undefined {
  if (terms.held === true) return skippedBecause('NotReady', 'its schedule was not in order when it was made: see the condition Ready of the schedule')
  if (terms.schedulable === undefined || occurrence === undefined || waitingOf(source) !== undefined) return undefined
  // A Job that was made at the end of that time is seen a moment after it.
  const latest = Math.max(occurrence + terms.startingDeadlineSeconds * second, bornAt(source) + eps)
  return now <= latest ? undefined : skippedBecause('OperatorDown', 'the operator was not there to start it within startingDeadlineSeconds of its time')
}

function bornAt({ metadata }: Job): Instant {
  return parseInstant(metadata.creationTimestamp) ?? 0
}

/** When a run that waits has waited for as long as it may; time without an operator does not count. Undefined: it does not wait yet. */
export function patienceEnds({ source, terms }: GatedRun, spans: readonly Span[], now: Instant): Instant | undefined {
  const since = parseInstant(waitingOf(source)?.since)
  return since === undefined ? undefined : now + terms.maxWaitSeconds * second - waitedTime(spans, since, now)
}

export function waitedTooLong({ terms }: GatedRun): Skipped {
  return skippedBecause('WaitedTooLong', `it waited for longer than its maxWaitSeconds (${terms.maxWaitSeconds})`)
}

import { type Instant, formatInstant, parseInstant } from '../model/instant.ts'
import type { CronJob } from '../model/kubernetes.ts'
import type { RunReason } from '../model/reason.ts'
import type { RunRecord } from '../model/status-schema.ts'
import { expressionOf } from './arming.ts'
import type { ObservedSchedule } from './observed.ts'
import { finalCondition, isMarked, jobNameAt, scheduledTime, startsLate, timeOf } from './run-record.ts'
import { jobsToTell, patienceOf, runNamer } from './runs.ts'
import { matchesIn } from './timing.ts'
import type { Valid } from './verdict.ts'

/** How many occurrences one pass accounts for; after longer outages the next pass goes on. */
const perPass = 500

/** Occurrences after `base` that came to nothing, oldest first, and up to where all are accounted for. */
export interface Accounts {
  readonly records: readonly RunRecord[]
  readonly through: Instant | undefined
  /** When the next occurrence can be judged. */
  readonly next: Instant | undefined
}

/**
 * What became of the occurrences of an enabled schedule: each has a Job; or the controller says that it was there (L) and the
 * Job is gone; or the controller can start it no more. Anything later than that is not judged yet. `eps` covers watches that lag.
 */
export function accountsOf(observed: ObservedSchedule, cronJob: CronJob, valid: Valid, { base, now }: { readonly base: Instant; readonly now: Instant }): Accounts {
  const told = new Set([...recordedTimes(observed), ...jobsToTell(observed, now).map(scheduledTime), ...observed.jobs.filter(isMarked).map(scheduledTime)])
  const waiting = new Set(observed.jobs.map(scheduledTime).filter((time) => !told.has(time)))
  const patience = patienceOf(cronJob, valid)
  const lost: RunRecord[] = []
  let through: Instant | undefined
  let at = valid.rule.occurrences.next(base)
  for (let count = 0; at !== undefined && count < perPass; count++) {
    if (waiting.has(at)) break // its Job will be told once the list has room
    if (!told.has(at)) {
      if (now <= at + patience) break
      lost.push(lostRecord(observed, cronJob, at))
    }
    through = at
    at = valid.rule.occurrences.next(at)
  }
  return { records: mended(observed, valid, { lost, now }), through, next: at === undefined ? undefined : at + patience + 1 }
}

/** Those that may still start late wait for it; what was waiting is given up where a later one starts in its place. */
function mended(observed: ObservedSchedule, valid: Valid, { lost, now }: { readonly lost: readonly RunRecord[]; readonly now: Instant }): readonly RunRecord[] {
  const waiting = lateList(observed)
  const mayStart = (record: RunRecord) => record.reason === 'NotStarted' && now <= lastStart(valid, timeOf(record)) && !isChangedUnseen(observed)
  const list = [...waiting, ...lost.filter(mayStart)]
  const chosen = new Set(madeUp(valid, list))
  const outcomeOf = (record: RunRecord): RunRecord => {
    if (chosen.has(record)) return { ...record, outcome: 'Waiting', reason: 'StartsLate', message: 'it was not started in time: it starts late, when no other run is in progress' }
    return chosen.size > 0 && list.includes(record) ? missedRecord(record, 'a later run was missed as well, and starts in its place') : record
  }
  return lost.length === 0 ? [] : [...waiting.filter((record) => !chosen.has(record)).map(outcomeOf), ...lost.map(outcomeOf)]
}

/** Whether its spec was changed since the status was written: suspended and enabled again, perhaps, and then nothing is made up for. */
function isChangedUnseen({ metadata, status }: ObservedSchedule): boolean {
  return status?.observedGeneration !== undefined && status.observedGeneration !== (metadata.generation ?? 0)
}

/** Occurrences that wait to be started late, oldest first. One whose Job is there is told by that, as soon as the gate has looked at it. */
export function lateList({ status, jobs }: ObservedSchedule): readonly RunRecord[] {
  const isMade = ({ jobName }: RunRecord) => jobs.some(({ metadata }) => metadata.name === jobName)
  return (status?.runs ?? []).filter((record) => startsLate(record) && !isMade(record)).toSorted((a, b) => timeOf(a) - timeOf(b))
}

/** No longer list is made up for, and of a longer one its later part. */
const longestList = 10

/** Those of a list, oldest first, that missedRunPolicy makes up for. */
export function madeUp({ spec }: Valid, list: readonly RunRecord[]): readonly RunRecord[] {
  switch (spec.missedRunPolicy) {
    case 'Skip':
      return []
    case 'RunLatest':
      return list.slice(-1)
    case 'RunAll':
      return list.slice(-longestList)
  }
}

/** The last instant at which the run of an occurrence may start. */
export function lastStart({ spec }: Valid, occurrence: Instant): Instant {
  return occurrence + spec.startingDeadlineSeconds * 1000
}

/**
 * Whether a Job may have been there for a match that has none, as far as facts tell. The controller has gone past it (L), but it
 * skips what it was too late for; so that alone proves nothing. A Job was there if L is this very match. It may have been there
 * if Jobs get lost: the one of L is not there either, or there are as many later ones as the controller keeps.
 */
export function isEvidenceGone(observed: ObservedSchedule, cronJob: CronJob, match: Instant): boolean {
  const { metadata, spec, status } = cronJob
  const looked = parseInstant(status?.lastScheduleTime)
  if (looked === undefined || match > looked || match <= (parseInstant(metadata.creationTimestamp) ?? 0)) return false
  if (match === looked) return true
  const told = knownTimes(observed)
  if (!told.has(looked)) return true
  const ends = observed.jobs.filter((job) => (scheduledTime(job) ?? 0) > match).map((job) => finalCondition(job)?.type)
  const isFull = (type: string, limit = defaultLimit) => ends.filter((end) => end === type).length >= limit
  return isFull('Complete', spec.successfulJobsHistoryLimit) || isFull('Failed', spec.failedJobsHistoryLimit)
}

/** Of Kubernetes, where a CronJob says nothing. */
const defaultLimit = 1

/** Occurrences that have a record or a Job. */
export function knownTimes(observed: ObservedSchedule): ReadonlySet<Instant | undefined> {
  return new Set([...recordedTimes(observed), ...observed.jobs.map(scheduledTime)])
}

/** Occurrences that have a record, also those whose Job is gone by now. */
function recordedTimes(observed: ObservedSchedule): readonly (Instant | undefined)[] {
  return (observed.status?.runs ?? []).map((record) => parseInstant(record.scheduledTime))
}

/** Matches in (after, through] of the expression on the server that have no record and no Job, oldest first; no more than one pass tells. */
export function untoldMatches(observed: ObservedSchedule, cronJob: CronJob, { after, through }: { readonly after: Instant; readonly through: Instant }): readonly Instant[] {
  const accounted = Math.max(after, parseInstant(observed.status?.accountedThrough) ?? after)
  const told = knownTimes(observed)
  return matchesIn(expressionOf(cronJob), accounted, through, Infinity).filter((match) => !told.has(match)).slice(0, perPass)
}

const evidenceGone = { outcome: 'Unknown', reason: 'EvidenceGone', message: 'the CronJob controller went past it, and there is no Job' } as const
const notStarted = { outcome: 'Missed', reason: 'NotStarted', message: 'no Job was made for it in time: was kube-controller-manager down, or the quota used up?' } as const

/** Of a match that came to nothing, or of which nothing is left. */
export function lostRecord(observed: ObservedSchedule, cronJob: CronJob, at: Instant): RunRecord {
  const identity = { name: runNamer(observed)(at), jobName: jobNameAt(cronJob.metadata.name, at), scheduledTime: formatInstant(at) }
  return { ...identity, ...(isEvidenceGone(observed, cronJob, at) ? evidenceGone : notStarted) }
}

/** A run that was to start late, and will not. */
export function missedRecord({ name, jobName, scheduledTime: at }: RunRecord, message: string): RunRecord {
  return { name, jobName, scheduledTime: at, outcome: 'Missed', reason: 'NotStarted', message }
}

/** The m that a park caught in flight and that did not start. */
export function skippedRecord(observed: ObservedSchedule, cronJob: CronJob, at: Instant, why: RunReason): RunRecord {
  return {
    name: runNamer(observed)(at),
    jobName: jobNameAt(cronJob.metadata.name, at),
    scheduledTime: formatInstant(at),
    outcome: 'Skipped',
    reason: why,
    message: 'the schedule was changed before it started',
  }
}

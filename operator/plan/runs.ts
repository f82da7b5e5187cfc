import { type Instant, parseInstant } from '../model/instant.ts'
import type { CronJob, Job } from '../model/kubernetes.ts'
import type { RunRecord } from '../model/status-schema.ts'
import type { ObservedSchedule } from './observed.ts'
import { type Counts, isFinal, isMarked, recordOf, recount, runNameAt, scheduledTime, timeOf } from './run-record.ts'
import type { Valid } from './verdict.ts'
import { eps, longestDeadline } from './timing.ts'

/** The part of a status that tells of runs. */
export interface RunLedger {
  /** Newest first: the latest ten and those that are not over. */
  readonly runs: readonly RunRecord[]
  readonly counts: Counts
  /** Occurrences up to here have a record or had one. */
  readonly accountedThrough: Instant | undefined
  /** Records whose outcome is news against the status that is there. */
  readonly news: readonly RunRecord[]
  /** When a run whose Job is not in the store can be given up. */
  readonly next: Instant | undefined
}

const kept = 10
/** What the CRD allows. Runs in progress come first, so it must not be less than `kept`. */
const longestList = 50

/** Names a run of this schedule for people. */
export function runNamer(observed: ObservedSchedule): (at: Instant) => string {
  const spec = observed.spec.ok ? observed.spec.value : undefined
  return (at) => runNameAt(spec?.runName ?? observed.metadata.name, spec?.schedule.timeZone ?? 'Etc/UTC', at)
}

interface LedgerInput {
  /** Records of occurrences without a Job. */
  readonly extra: readonly RunRecord[]
  readonly accountedThrough: Instant | undefined
  /** Whether the schedule intended a Job that the CronJob controller made for this time, or may have. */
  readonly isPlanned: (scheduledTime: Instant) => boolean
  readonly now: Instant
}

/** The ledger in the status, brought up to what Jobs tell and to `extra` records of occurrences without a Job. */
export function ledger(observed: ObservedSchedule, { extra, accountedThrough, isPlanned, now }: LedgerInput): RunLedger {
  const before = observed.status?.runs ?? []
  const known = new Map(before.map((record) => [identity(record), record]))
  const nameAt = runNamer(observed)
  const fromJobs = jobsToTell(observed).map((job) => planned(recordOf(job, nameAt), isPlanned))
  const missing = withoutJob(observed, before)
  const gone = missing.filter((record) => visibleFrom(record) < now).map(evidenceGone)
  const records = new Map(known)
  for (const record of [...extra, ...fromJobs, ...gone]) {
    if (isNoNews(known.get(identity(record)), record)) continue
    records.delete(record.jobName ?? '') // a Job that shows up after its occurrence was recorded as missed
    records.set(identity(record), record)
  }
  const changed = [...records].filter(([key, record]) => previous(known, key, record)?.outcome !== record.outcome)
  const counts = changed.reduce((sum, [key, record]) => recount(sum, previous(known, key, record)?.outcome, record.outcome), observed.status?.counts ?? {})
  const waiting = missing.map(visibleFrom).filter((from) => from >= now)
  return {
    runs: latest(observed, [...records.values()]),
    counts,
    accountedThrough,
    news: changed.map(([, record]) => record),
    next: waiting.length === 0 ? undefined : Math.min(...waiting) + 1,
  }
}

/** A run at a time that nobody intended is told as that, and not followed. */
function planned(record: RunRecord, isPlanned: LedgerInput['isPlanned']): RunRecord {
  const at = parseInstant(record.scheduledTime)
  if (at === undefined || isPlanned(at)) return record
  const { reason: _itsOwn, completionTime: _notFollowed, ...begun } = record
  return { ...begun, outcome: 'Unplanned', message: 'its Job was made for a time that the schedule does not intend' }
}

/**
 * A run is recorded when it begins and when it ends: a write of status in between would tell next to nothing. And the end of a
 * Job is final: one that has not ended comes from a store that is older than the status.
 */
function isNoNews(known: RunRecord | undefined, record: RunRecord): boolean {
  if (known === undefined || known.outcome === record.outcome) return known !== undefined
  if (known.outcome === 'Unplanned') return true
  return isFinal(known.outcome) && known.outcome !== 'Unknown' && !isFinal(record.outcome)
}

/**
 * Jobs with a record, and as many new ones as the list has room for, oldest first: one that is counted must be listed until it
 * is marked, or the next pass would count it again; and until its end is seen, or that would never be counted.
 */
export function jobsToTell(observed: ObservedSchedule): readonly Job[] {
  const known = new Map((observed.status?.runs ?? []).map((record) => [identity(record), record]))
  const isKnown = ({ metadata }: Job) => known.has(metadata.uid) || known.has(metadata.name)
  const told = observed.jobs.filter(isKnown)
  const mustStay = [...known.values()].filter(keepsItsPlace(observed)).length
  const fresh = observed.jobs.filter((job) => !isMarked(job) && !isKnown(job)).toSorted((a, b) => bornAt(a) - bornAt(b))
  return [...told, ...fresh.slice(0, Math.max(0, longestList - mustStay))]
}

function bornAt(job: Job): Instant {
  return scheduledTime(job) ?? parseInstant(job.metadata.creationTimestamp) ?? 0
}

/** Whether a record must not leave the list yet. */
function keepsItsPlace({ jobs }: ObservedSchedule): (record: RunRecord) => boolean {
  const unmarked = new Set(jobs.filter((job) => !isMarked(job)).map(({ metadata }) => metadata.uid))
  return ({ outcome, jobUID }) => !isFinal(outcome) || (jobUID !== undefined && unmarked.has(jobUID))
}

function identity(record: RunRecord): string {
  return record.jobUID ?? record.jobName ?? record.name
}

function previous(known: ReadonlyMap<string, RunRecord>, key: string, record: RunRecord): RunRecord | undefined {
  return known.get(key) ?? known.get(record.jobName ?? '')
}

/** Runs in progress whose Job is not in the store. */
function withoutJob(observed: ObservedSchedule, before: readonly RunRecord[]): readonly RunRecord[] {
  const present = new Set(observed.jobs.map((job) => job.metadata.uid))
  return before.filter((record) => !isFinal(record.outcome) && record.jobUID !== undefined && !present.has(record.jobUID))
}

/** Every store shows the Job of a run by then: another operator may have recorded what our store does not show yet. */
function visibleFrom(record: RunRecord): Instant {
  return timeOf(record) + longestDeadline + eps
}

/** Nobody can tell any more how it ended. */
function evidenceGone(record: RunRecord): RunRecord {
  return { ...record, outcome: 'Unknown', reason: 'EvidenceGone', message: 'its Job was deleted before its end was seen' }
}

/** Newest first: those that must stay, and the latest others in the room that is left. */
function latest(observed: ObservedSchedule, records: readonly RunRecord[]): readonly RunRecord[] {
  const sorted = records.toSorted((a, b) => timeOf(b) - timeOf(a) || (identity(a) < identity(b) ? 1 : -1))
  const staying = new Set(sorted.filter(keepsItsPlace(observed)))
  const others = sorted.filter((record) => !staying.has(record)).slice(0, Math.max(0, kept - staying.size))
  const listed = new Set([...staying, ...others])
  return sorted.filter((record) => listed.has(record)).slice(0, longestList)
}

/** How long after its time a Job may still be made, as far as anybody's clock can tell; milliseconds. */
export function patienceOf(cronJob: CronJob, valid: Valid): number {
  return (cronJob.spec.startingDeadlineSeconds ?? valid.workload.deadline) * 1000 + eps
}

/** A Job that has to go, and when it may. */
export interface Surplus {
  readonly job: Job
  readonly from: Instant
}

/**
 * Finished Jobs beyond the user's history limits, oldest first; only those whose end is recorded. The controller makes a Job
 * again that is deleted before its cache shows that it was made: so it must have gone on to a later match, or be out of time.
 * And its end must be old enough for every operator to have seen the record.
 */
export function surplusJobs(observed: ObservedSchedule, cronJob: CronJob, valid: Valid): readonly Surplus[] {
  const final = new Set((observed.status?.runs ?? []).filter(({ outcome }) => isFinal(outcome)).map(({ jobUID }) => jobUID))
  const listed = new Set((observed.status?.runs ?? []).map(({ jobUID }) => jobUID))
  const last = parseInstant(cronJob.status?.lastScheduleTime) ?? -Infinity
  const isTold = ({ metadata }: Job) => final.has(metadata.uid) || !listed.has(metadata.uid)
  const from = (at: Instant | undefined) => (at === undefined || at < last ? -Infinity : at + patienceOf(cronJob, valid) + 1)
  const nameAt = runNamer(observed)
  const outcomes = observed.jobs.map((job) => {
    const { outcome, completionTime } = recordOf(job, nameAt)
    return { job, outcome, at: bornAt(job), ended: parseInstant(completionTime) ?? -Infinity }
  })
  const beyond = (limit: number, succeeded: boolean) =>
    outcomes
      .filter(({ outcome }) => isFinal(outcome) && (outcome === 'Succeeded') === succeeded)
      .toSorted((a, b) => b.at - a.at)
      .slice(limit)
  return [...beyond(valid.spec.successfulJobsHistoryLimit, true), ...beyond(valid.spec.failedJobsHistoryLimit, false)]
    .filter(({ job }) => job.metadata.deletionTimestamp === undefined && isMarked(job) && isTold(job))
    .map(({ job, ended }) => ({ job, from: Math.max(from(scheduledTime(job)), ended + eps) }))
    .toReversed()
}

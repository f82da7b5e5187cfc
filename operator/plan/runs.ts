import { type Instant, formatInstant, parseInstant } from '../model/instant.ts'
import type { CronJob, Job } from '../model/kubernetes.ts'
import type { RunReason } from '../model/reason.ts'
import type { RunRecord } from '../model/status-schema.ts'
import type { ObservedSchedule } from './observed.ts'
import { type Counts, isFinal, isMarked, jobNameAt, recordOf, recount, runNameAt, scheduledTime, timeOf } from './run-record.ts'
import type { Valid } from './verdict.ts'
import { eps } from './timing.ts'

/** The part of a status that tells of runs. */
export interface RunLedger {
  /** Newest first: the latest ten and those that are not over. */
  readonly runs: readonly RunRecord[]
  readonly counts: Counts
  /** Occurrences up to here have a record or had one. */
  readonly accountedThrough: Instant | undefined
  /** Records whose outcome is news against the status that is there. */
  readonly news: readonly RunRecord[]
}

const kept = 10
const longestList = 50
/** How many occurrences one pass accounts for; after longer outages the next pass goes on. */
const perPass = 500

/** Names a run of this schedule for people. */
export function runNamer(observed: ObservedSchedule): (at: Instant) => string {
  const spec = observed.spec.ok ? observed.spec.value : undefined
  return (at) => runNameAt(spec?.runName ?? observed.metadata.name, spec?.schedule.timeZone ?? 'Etc/UTC', at)
}

/** The ledger in the status, brought up to what Jobs tell and to `extra` records of occurrences without a Job. */
export function ledger(observed: ObservedSchedule, extra: readonly RunRecord[], accountedThrough: Instant | undefined): RunLedger {
  const before = observed.status?.runs ?? []
  const known = new Map(before.map((record) => [identity(record), record]))
  const nameAt = runNamer(observed)
  const fromJobs = observed.jobs
    .filter((job) => !isMarked(job) || known.has(job.metadata.uid) || known.has(job.metadata.name))
    .map((job) => recordOf(job, nameAt))
  const now = new Map(known)
  for (const record of [...extra, ...fromJobs, ...vanished(observed, before)]) {
    // A run is recorded when it begins and when it ends: a write of status in between would tell next to nothing.
    if (known.get(identity(record))?.outcome === record.outcome) continue
    now.delete(record.jobName ?? '') // a Job that shows up after its occurrence was recorded as missed
    now.set(identity(record), record)
  }
  const changed = [...now].filter(([key, record]) => previous(known, key, record)?.outcome !== record.outcome)
  const counts = changed.reduce((sum, [key, record]) => recount(sum, previous(known, key, record)?.outcome, record.outcome), observed.status?.counts ?? {})
  return { runs: latest([...now.values()]), counts, accountedThrough, news: changed.map(([, record]) => record) }
}

function identity(record: RunRecord): string {
  return record.jobUID ?? record.jobName ?? record.name
}

function previous(known: ReadonlyMap<string, RunRecord>, key: string, record: RunRecord): RunRecord | undefined {
  return known.get(key) ?? known.get(record.jobName ?? '')
}

/** A run in progress whose Job is gone: nobody can tell any more how it ended. */
function vanished(observed: ObservedSchedule, before: readonly RunRecord[]): readonly RunRecord[] {
  const present = new Set(observed.jobs.map((job) => job.metadata.uid))
  return before
    .filter((record) => !isFinal(record.outcome) && record.jobUID !== undefined && !present.has(record.jobUID))
    .map((record) => ({ ...record, outcome: 'Unknown', reason: 'EvidenceGone', message: 'its Job was deleted before its end was seen' }))
}

function latest(records: readonly RunRecord[]): readonly RunRecord[] {
  const sorted = records.toSorted((a, b) => timeOf(b) - timeOf(a) || (identity(a) < identity(b) ? 1 : -1))
  return sorted.filter((record, index) => index < kept || !isFinal(record.outcome)).slice(0, longestList)
}

/** Occurrences after `base` that came to nothing, oldest first, and up to where all are accounted for. */
export interface Accounts {
  readonly records: readonly RunRecord[]
  readonly through: Instant | undefined
  /** When the next occurrence can be judged. */
  readonly next: Instant | undefined
}

/**
 * What became of the occurrences of an armed CronJob: each has a Job; or the controller says that it was there (L) and the
 * Job is gone; or it can start no more. Anything later than that is not judged yet. `eps` covers watches that lag.
 */
export function accountsOf(observed: ObservedSchedule, cronJob: CronJob, valid: Valid, { base, now }: { readonly base: Instant; readonly now: Instant }): Accounts {
  const withJob = new Set(observed.jobs.map(scheduledTime))
  const last = parseInstant(cronJob.status?.lastScheduleTime) ?? -Infinity
  const patience = (cronJob.spec.startingDeadlineSeconds ?? valid.workload.deadline) * 1000 + eps
  const nameAt = runNamer(observed)
  const records: RunRecord[] = []
  let through: Instant | undefined
  let at = valid.rule.occurrences.next(base)
  for (let count = 0; at !== undefined && count < perPass; count++) {
    if (!withJob.has(at)) {
      if (now <= at + patience) break
      records.push(lostRecord(at, jobNameAt(cronJob.metadata.name, at), { name: nameAt(at), wasThere: at <= last }))
    }
    through = at
    at = valid.rule.occurrences.next(at)
  }
  return { records, through, next: at === undefined ? undefined : at + patience + 1 }
}

function lostRecord(at: Instant, jobName: string, { name, wasThere }: { readonly name: string; readonly wasThere: boolean }): RunRecord {
  const common = { name, jobName, scheduledTime: formatInstant(at) }
  return wasThere
    ? { ...common, outcome: 'Unknown', reason: 'EvidenceGone', message: 'the CronJob controller went past it, and there is no Job' }
    : { ...common, outcome: 'Missed', reason: 'NotStarted', message: 'no Job was made for it in time: was kube-controller-manager down, or the quota used up?' }
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

/** Finished Jobs beyond the user's history limits, oldest first; only those whose end is recorded, and which the controller has behind it. */
export function surplusJobs(observed: ObservedSchedule, cronJob: CronJob, valid: Valid): readonly Job[] {
  const final = new Set((observed.status?.runs ?? []).filter(({ outcome }) => isFinal(outcome)).map(({ jobUID }) => jobUID))
  const listed = new Set((observed.status?.runs ?? []).map(({ jobUID }) => jobUID))
  const last = parseInstant(cronJob.status?.lastScheduleTime) ?? -Infinity
  const trimmable = (job: Job) =>
    isMarked(job) && (final.has(job.metadata.uid) || !listed.has(job.metadata.uid)) && (scheduledTime(job) ?? -Infinity) <= last
  const nameAt = runNamer(observed)
  const outcomes = observed.jobs.map((job) => ({ job, outcome: recordOf(job, nameAt).outcome, at: scheduledTime(job) ?? parseInstant(job.metadata.creationTimestamp) ?? 0 }))
  const beyond = (limit: number, succeeded: boolean) =>
    outcomes
      .filter(({ outcome }) => isFinal(outcome) && (outcome === 'Succeeded') === succeeded)
      .toSorted((a, b) => b.at - a.at)
      .slice(limit)
  return [...beyond(valid.spec.successfulJobsHistoryLimit, true), ...beyond(valid.spec.failedJobsHistoryLimit, false)]
    .map(({ job }) => job)
    .filter((job) => job.metadata.deletionTimestamp === undefined && trimmable(job))
    .toReversed()
}

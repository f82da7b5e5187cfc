import { type Instant, parseInstant } from '../model/instant.ts'
import type { CronJob, Job } from '../model/kubernetes.ts'
import type { ObservedSchedule } from './observed.ts'
import { isFinal, isGated, isMarked, isSkipped, recordOf, scheduledTime } from './run-record.ts'
import { bornAt, runNamer } from './runs.ts'
import { eps, longestDeadline } from './timing.ts'
import type { Verdict } from './verdict.ts'

/** A Job that has to go, and when it may. */
export interface Surplus {
  readonly job: Job
  readonly from: Instant
  readonly because: string
}

/**
 * Finished Jobs beyond the user's history limits, and all that never start, oldest first; only those whose end is recorded. The
 * controller makes a Job again that is deleted before its cache shows that it was made: so it must have gone on to a later match,
 * or be out of time. And its end must be old enough for every operator to have seen the record.
 */
export function surplusJobs(observed: ObservedSchedule, cronJob: CronJob, verdict: Verdict): readonly Surplus[] {
  const records = observed.status?.runs ?? []
  const final = new Set(records.filter(({ outcome }) => isFinal(outcome)).map(({ jobUID }) => jobUID))
  const listed = new Set(records.map(({ jobUID }) => jobUID))
  const isTold = (job: Job) => final.has(job.metadata.uid) ? isMarked(job) || isGated(job) : isMarked(job) && !listed.has(job.metadata.uid)
  const over = verdict.kind === 'valid' ? beyondLimits(observed, verdict) : []
  const skipped = observed.jobs.filter(isSkipped).map((job) => ({ job, ended: scheduledTime(job) === undefined ? bornAt(job) : -Infinity, because: 'it never starts' }))
  return [...over, ...skipped]
    .filter(({ job }) => job.metadata.deletionTimestamp === undefined && isTold(job))
    .map(({ job, ended, because }) => ({ job, because, from: Math.max(decidedFrom(cronJob, scheduledTime(job)), ended + eps) }))
    .toSorted((a, b) => bornAt(a.job) - bornAt(b.job))
}

/** From when on the CronJob controller does not make the Job of an occurrence again. */
function decidedFrom({ spec, status }: CronJob, at: Instant | undefined): Instant {
  if (at === undefined || at < (parseInstant(status?.lastScheduleTime) ?? -Infinity)) return -Infinity
  return at + (spec.startingDeadlineSeconds ?? longestDeadline / 1000) * 1000 + eps + 1
}

function beyondLimits(observed: ObservedSchedule, { spec }: Verdict & { readonly kind: 'valid' }): readonly { readonly job: Job; readonly ended: Instant; readonly because: string }[] {
  const nameAt = runNamer(observed)
  const ended = observed.jobs.filter((job) => !isSkipped(job)).flatMap((job) => {
    const { outcome, completionTime } = recordOf(job, nameAt)
    return isFinal(outcome) ? [{ job, succeeded: outcome === 'Succeeded', ended: parseInstant(completionTime) ?? -Infinity }] : []
  })
  const beyond = (limit: number, which: boolean) =>
    ended.filter(({ succeeded }) => succeeded === which).toSorted((a, b) => bornAt(b.job) - bornAt(a.job)).slice(limit)
  return [...beyond(spec.successfulJobsHistoryLimit, true), ...beyond(spec.failedJobsHistoryLimit, false)].map(({ job, ended }) => ({ job, ended, because: 'beyond the history limit' }))
}

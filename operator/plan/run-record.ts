import { type Instant, formatInstant, minute, parseInstant } from '../model/instant.ts'
import type { Job, JobCondition } from '../model/kubernetes.ts'
import { annotation, scheduledTimestampAnnotation } from '../model/names.ts'
import type { Outcome, RunRecord, ScheduleStatus } from '../model/status-schema.ts'
import { instantsOfLocal, offsetAt } from '../model/time-zone.ts'

export type Counts = NonNullable<ScheduleStatus['counts']>

/** Whether a run is over. Only final outcomes are counted. */
export function isFinal(outcome: Outcome): boolean {
  return outcome !== 'Running' && outcome !== 'Waiting'
}

/** Whether it is an occurrence without a Job that we are going to start late. */
export function startsLate({ outcome, jobUID, reason }: RunRecord): boolean {
  return outcome === 'Waiting' && jobUID === undefined && reason === 'StartsLate'
}

/** The occurrence that a Job was made for (KCM's own annotation), undefined for a Job made by hand. */
export function scheduledTime(job: Job): Instant | undefined {
  return parseInstant(job.metadata.annotations?.[scheduledTimestampAnnotation])
}

/** The name under which the CronJob controller makes the Job of an occurrence: at most one Job for each minute. */
export function jobNameAt(cronJobName: string, at: Instant): string {
  return `${cronJobName}-${Math.floor(at / minute)}`
}

/** `<runName>-YYYYMMDD-HHMM` on the wall clock of the zone; in an hour that the clock repeats, with the offset from UTC. */
export function runNameAt(runName: string, timeZone: string, at: Instant): string {
  const offset = offsetAt(timeZone, at)
  const local = new Date(at + offset).toISOString()
  const name = `${runName}-${local.slice(0, 10).replaceAll('-', '')}-${local.slice(11, 16).replace(':', '')}`
  return instantsOfLocal(timeZone, at + offset).kind === 'twice' ? `${name}${offsetText(offset)}` : name
}

function offsetText(offset: number): string {
  const minutes = Math.abs(Math.round(offset / minute))
  const two = (value: number) => String(value).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`
}

/** Whether the record of this Job was in the status once: the mark is written only after the record. */
export function isMarked(job: Job): boolean {
  return job.metadata.annotations?.[annotation.runName] !== undefined
}

/** What a Job tells of its run. */
export function recordOf(job: Job, nameAt: (at: Instant) => string): RunRecord {
  const at = scheduledTime(job)
  // A Job made by hand has no scheduled time: it is listed from its creation on.
  const startTime = job.status?.startTime ?? (at === undefined ? job.metadata.creationTimestamp : undefined)
  const end = finalCondition(job)
  const completionTime = job.status?.completionTime ?? end?.lastTransitionTime
  return {
    name: nameAt(at ?? parseInstant(job.metadata.creationTimestamp) ?? 0),
    jobName: job.metadata.name,
    jobUID: job.metadata.uid,
    ...(at === undefined ? {} : { scheduledTime: formatInstant(at) }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(end === undefined || completionTime === undefined ? {} : { completionTime }),
    outcome: outcomeOf(job, end),
    ...(end?.reason === undefined || end.reason === '' || end.type === 'Complete' ? {} : { reason: end.reason }),
    ...(end?.message === undefined || end.message === '' || end.type === 'Complete' ? {} : { message: end.message.slice(0, 1024) }),
  }
}

/** The condition that says that a Job has ended, and how. */
export function finalCondition(job: Job): JobCondition | undefined {
  return job.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')
}

/** design/runs.md section 4. The only FailJob rule that we write is the template's exit codes. */
function outcomeOf(job: Job, end: JobCondition | undefined): Outcome {
  if (end === undefined) return job.spec.suspend === true ? 'Waiting' : 'Running'
  if (end.type === 'Complete') return 'Succeeded'
  return end.reason === 'PodFailurePolicy' ? 'CompletedWithErrors' : 'Failed'
}

/** When a run was due, for ordering; one made by hand when it started. */
export function timeOf(record: RunRecord): Instant {
  return parseInstant(record.scheduledTime) ?? parseInstant(record.startTime) ?? 0
}

const counter: Readonly<Record<Outcome, keyof Counts | undefined>> = {
  Waiting: undefined,
  Running: undefined,
  Succeeded: 'succeeded',
  CompletedWithErrors: 'completedWithErrors',
  Failed: 'failed',
  Skipped: 'skipped',
  Missed: 'missed',
  Unknown: 'unknown',
  Unplanned: 'unplanned',
  Replaced: 'replaced',
}

/** The counts after a run's outcome changed from `before` (undefined: it is new) to `after`. Each run counts in exactly one. */
export function recount(counts: Counts, before: Outcome | undefined, after: Outcome): Counts {
  if (before === after) return counts
  const less = before === undefined ? undefined : counter[before]
  const more = counter[after]
  return {
    ...counts,
    ...(less === undefined ? {} : { [less]: Math.max(0, (counts[less] ?? 0) - 1) }),
    ...(more === undefined ? {} : { [more]: (counts[more] ?? 0) + 1 }),
  }
}

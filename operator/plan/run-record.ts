import { type Instant, formatInstant, minute, parseInstant, second } from '../model/instant.ts'
import type { Job, JobCondition } from '../model/kubernetes.ts'
import { annotation, scheduledTimestampAnnotation } from '../model/names.ts'
import type { RunReason } from '../model/reason.ts'
import { replacedOf, skippedOf, stuckOf, waitingOf } from '../model/run-terms.ts'
import { type MemberRecord, type Outcome, type RunRecord, type ScheduleStatus, outcomes } from '../model/status-schema.ts'
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

/**
 * Whether the record of this Job was in the status once: the mark is written only after the record. A run of the gate has its
 * name from the moment of its release, so its mark is another annotation, and written only when its record has to make room.
 */
export function isMarked(job: Job): boolean {
  return job.metadata.annotations?.[isGated(job) ? annotation.recorded : annotation.runName] !== undefined
}

/** Whether it was born suspended, to be released by the gate. */
export function isGated(job: Job): boolean {
  return job.metadata.annotations?.[annotation.gate] !== undefined
}

/** Whether the gate has released it. Suspended since, it was suspended by a person. */
export function isReleased(job: Job): boolean {
  return job.metadata.annotations?.[annotation.released] !== undefined
}

/** Whether it will never start: the gate has decided so. A person who releases it all the same makes it a run. */
export function isSkipped(job: Job): boolean {
  return job.spec.suspend === true && !isReleased(job) && skippedOf(job) !== undefined
}

/** Whether the gate has still to decide what becomes of it. */
export function isWaitingAtGate(job: Job): boolean {
  return isGated(job) && job.spec.suspend === true && !isReleased(job) && skippedOf(job) === undefined && finalCondition(job) === undefined && job.metadata.deletionTimestamp === undefined
}

/**
 * The gate needs some milliseconds for what may start at once: a status that tells of a run before that is written twice. Until
 * then (creationTimestamp has whole seconds), a Job that waits at the gate without a word of why is not told. Undefined: it is.
 */
export function tellableFrom(job: Job): Instant | undefined {
  if (!isGated(job) || job.spec.suspend !== true || isReleased(job)) return undefined
  if (waitingOf(job) !== undefined || skippedOf(job) !== undefined) return undefined
  return (parseInstant(job.metadata.creationTimestamp) ?? 0) + newborn
}

/** Milliseconds. */
const newborn = 3 * second

/** What a Job tells of its run. `members`: of a Job that runs a set. */
export function recordOf(job: Job, nameAt: (at: Instant) => string, members: readonly MemberRecord[] = []): RunRecord {
  const at = scheduledTime(job)
  // A Job made by hand has no scheduled time: it is listed from its creation on.
  const startTime = job.status?.startTime ?? (at === undefined ? job.metadata.creationTimestamp : undefined)
  const end = finalCondition(job)
  const completionTime = job.status?.completionTime ?? end?.lastTransitionTime
  return {
    name: job.metadata.annotations?.[annotation.runName] ?? nameAt(at ?? parseInstant(job.metadata.creationTimestamp) ?? 0),
    jobName: job.metadata.name,
    jobUID: job.metadata.uid,
    ...(at === undefined ? {} : { scheduledTime: formatInstant(at) }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(end === undefined || completionTime === undefined ? {} : { completionTime }),
    ...bounded(outcomeOf(job, end)),
    ...(members.length === 0 ? {} : { members: [...members] }),
  }
}

/** The condition that says that a Job has ended, and how. */
export function finalCondition(job: Job): JobCondition | undefined {
  return job.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')
}

/** How a run stands: its outcome, and why, where there is more to say. */
export type RunStanding = Pick<RunRecord, 'outcome' | 'reason' | 'message'>

function bounded({ outcome, reason = '', message = '' }: RunStanding): RunStanding {
  return { outcome, ...(reason === '' ? {} : { reason }), ...(message === '' ? {} : { message: message.slice(0, longestMessage) }) }
}

const longestMessage = 1024

/** What the gate, the next run and the watch over its pod have written on the Job counts only as long as it can be true. */
function outcomeOf(job: Job, end: JobCondition | undefined): RunStanding {
  const successor = replacedOf(job)
  if (successor !== undefined && !hasEndedByItself(job, end)) return { outcome: 'Replaced', reason: replacedReason, message: `the next run, Job ${successor.by}, took its place` }
  if (end !== undefined) return endOf(end)
  if (job.spec.suspend === true) return heldBack(job)
  const stuck = isUp(job) ? undefined : stuckOf(job)
  return stuck === undefined ? { outcome: 'Running' } : { outcome: 'Running', reason: stuck.reason, message: stuck.message }
}

const replacedReason: RunReason = 'NextRunStarted'
const suspendedReason: RunReason = 'JobSuspended'

/** Whether a pod of it is up, as its controller tells. */
export function isUp(job: Job): boolean {
  return (job.status?.ready ?? 0) > 0
}

/** Before it was deleted: pods that are being stopped can fail too. */
function hasEndedByItself({ metadata, status }: Job, end: JobCondition | undefined): boolean {
  const ended = parseInstant(status?.completionTime ?? end?.lastTransitionTime)
  return end !== undefined && ended !== undefined && ended < (parseInstant(metadata.deletionTimestamp) ?? Infinity)
}

function heldBack(job: Job): RunStanding {
  const skipped = isSkipped(job) ? skippedOf(job) : undefined
  if (skipped !== undefined) return skipped
  if (!isGated(job) || isReleased(job)) return { outcome: 'Waiting', reason: suspendedReason, message: 'its Job was suspended by hand' }
  const waiting = waitingOf(job)
  if (waiting === undefined) return { outcome: 'Waiting' }
  // Not who has the lock: with a hundred runs behind it, each new holder would be a hundred writes of status.
  const message = waiting.lock === undefined ? waiting.message : `waits for the lock ${waiting.lock}`
  return { outcome: 'Waiting', reason: waiting.reason, message }
}

/** design/runs.md section 4. The only FailJob rule that we write is the template's exit codes. */
function endOf({ type, reason, message }: JobCondition): RunStanding {
  if (type === 'Complete') return { outcome: 'Succeeded' }
  return { outcome: reason === 'PodFailurePolicy' ? 'CompletedWithErrors' : 'Failed', reason, message }
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

/** How many runs ended how, for each final outcome. */
export function countersOf(counts: Counts = {}): ReadonlyMap<Outcome, number> {
  return new Map(outcomes.flatMap((outcome) => {
    const name = counter[outcome]
    return name === undefined ? [] : [[outcome, counts[name] ?? 0] as const]
  }))
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

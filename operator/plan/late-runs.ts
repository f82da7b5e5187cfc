import { type Instant, formatInstant, second } from '../model/instant.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { isJsonObject } from '../model/json.ts'
import { scheduledTimestampAnnotation } from '../model/names.ts'
import type { RunRecord } from '../model/status-schema.ts'
import { offsetAt } from '../model/time-zone.ts'
import { knownTimes, lastStart, lateList, madeUp, missedRecord, skippedRecord } from './accounts.ts'
import { type Action, evidenceKey, isHistory, storeLag } from './action.ts'
import { evidenceOf, expressionOf } from './arming.ts'
import { ownerOf, ownerReference } from './cron-job.ts'
import { newLocksLease } from './housekeeping.ts'
import { lostWithCronJob } from './lost-runs.ts'
import type { ObservedSchedule } from './observed.ts'
import { finalCondition, isFinal, isSkipped, timeOf } from './run-record.ts'
import { patienceOf } from './runs.ts'
import { type Scene, isEnabled, isNewEpoch, skipReason } from './schedule-step.ts'
import { quiet } from './timing.ts'
import type { Valid } from './verdict.ts'

/** What is to be done now about runs that start late, and what became of those that do not. */
export interface LateRuns {
  readonly records: readonly RunRecord[]
  readonly actions: readonly Action[]
  readonly wakeAt: Instant | undefined
}

export const noLateRuns: LateRuns = { records: [], actions: [], wakeAt: undefined }

/** How old a look may be that a run is started upon; milliseconds. */
const freshly = 5 * second

/**
 * Runs that the CronJob controller did not start in time, and that we start (design/time.md section 4, I10). They are a list in
 * the status, written there before the first of them starts: occurrences that are settled as not fired, so the controller can
 * not start them any more. One starts when no run of the schedule is in progress and the next occurrence is not near.
 */
export function lateRuns(scene: Scene): LateRuns {
  const list = lateList(scene.observed)
  if (list.length === 0) return noLateRuns
  const { verdict } = scene
  if (verdict.kind === 'invalid' || !isEnabled(verdict) || isNewEpoch(scene)) return { ...noLateRuns, records: list.map((record) => calledOff(scene, record)) }
  const records = list.flatMap((record) => (timeOf(record) <= scene.cursor.floor ? [calledOff(scene, record)] : givenUp(scene, verdict, { record, list })))
  if (records.length > 0) return { ...noLateRuns, records }
  const [first] = list
  return first === undefined ? noLateRuns : start({ ...scene, verdict }, first)
}

/** The schedule was changed before it could start: it starts nothing of the past. */
function calledOff(scene: Scene, record: RunRecord): RunRecord {
  if (scene.cursor.lost.some(({ reason, through }) => reason === 'CronJobLost' && timeOf(record) <= through)) return lostWithCronJob(record)
  return skippedRecord(scene.observed, scene.cronJob, timeOf(record), skipReason(scene))
}

/** Too late by now; or another one is to start in its place. */
function givenUp({ observed, now }: Scene, valid: Valid, { record, list }: { readonly record: RunRecord; readonly list: readonly RunRecord[] }): readonly RunRecord[] {
  const missed = (message: string) => [missedRecord(record, message)]
  if (now > lastStart(valid, timeOf(record))) return missed('it could not be started within startingDeadlineSeconds')
  if (!madeUp(valid, list).includes(record)) return missed('missedRunPolicy does not make up for it')
  const holder = evidenceOf(observed, record.jobName ?? '')?.object
  const isForeign = holder !== undefined && holder.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && isOwn(observed, uid)) !== true
  return isForeign ? missed('a Job of its name belongs to somebody else') : []
}

function isOwn({ metadata, cronJob }: ObservedSchedule, uid: string): boolean {
  return uid === metadata.uid || uid === cronJob?.metadata.uid
}

function start(scene: Scene & { readonly verdict: Valid }, record: RunRecord): LateRuns {
  const { observed, verdict, cronJob, now } = scene
  const over = lastStart(verdict, timeOf(record)) + 1
  if (isBusy(observed)) return { ...noLateRuns, wakeAt: over }
  const next = verdict.rule.occurrences.next(now)
  if (next !== undefined && next - now <= quiet) return { ...noLateRuns, wakeAt: Math.min(over, next + quiet) }
  const later = undecidedAfter(scene, timeOf(record))
  if (later !== undefined) return { ...noLateRuns, wakeAt: Math.min(over, later + patienceOf(cronJob, verdict) + 1) }
  if (observed.locksLease === undefined) return { ...noLateRuns, actions: [newLocksLease(observed.metadata.namespace)] }
  const { namespace, name } = cronJob.metadata
  const seen = observed.learned.evidence.get(evidenceKey('cronjobs', namespace, name))
  if (seen === undefined || now > seen.at + freshly) return { ...noLateRuns, actions: [{ verb: 'look', resource: 'cronjobs', namespace, name, because: 'a run is to start late, unless somebody has changed something' }] }
  // By another operator for a newer schedule, perhaps: our store will show it.
  if (seen.object?.metadata.resourceVersion !== cronJob.metadata.resourceVersion) return { ...noLateRuns, wakeAt: seen.at + freshly + 1 }
  return create(scene, record)
}

/**
 * RunLatest starts one run after an outage, not one for each occurrence that is judged while it ends: an occurrence that is due and
 * has neither a Job nor a record yet may turn out to be the latest that was missed, also where the controller has gone past it (it
 * skips what it is too late for). The first of such.
 */
function undecidedAfter({ observed, verdict, cronJob, now }: Scene & { readonly verdict: Valid }, late: Instant): Instant | undefined {
  if (verdict.spec.missedRunPolicy !== 'RunLatest') return undefined
  const known = knownTimes(observed)
  const { occurrences } = verdict.rule
  let at = occurrences.next(Math.max(late, now - patienceOf(cronJob, verdict) - 1))
  while (at !== undefined && at <= now && known.has(at)) at = occurrences.next(at)
  return at !== undefined && at <= now ? at : undefined
}

/** Whether a run of the schedule is in progress, as far as Jobs or the status tell. */
function isBusy({ jobs, status }: ObservedSchedule): boolean {
  return jobs.some((job) => finalCondition(job) === undefined && !isSkipped(job)) || (status?.runs ?? []).some(({ outcome, jobUID }) => !isFinal(outcome) && jobUID !== undefined)
}

function create(scene: Scene & { readonly verdict: Valid }, record: RunRecord): LateRuns {
  const { observed, now } = scene
  const { jobName: name = '' } = record
  const there = evidenceOf(observed, name)
  if (there?.object !== undefined && now < there.at + storeLag) return { ...noLateRuns, wakeAt: there.at + storeLag } // the store will show it
  const action: Action = { verb: 'create', resource: 'jobs', namespace: observed.metadata.namespace, name, object: lateJob(scene, name, timeOf(record)), because: 'it was not started in time' }
  return isHistory(action, observed.learned.written, now) ? { ...noLateRuns, wakeAt: now + storeLag } : { ...noLateRuns, actions: [action] }
}

/**
 * The Job that the CronJob controller would have made, with another controller: the schedule itself, so that nobody counts it as
 * the CronJob's. Its name is the lock. The Lease as second owner keeps it in progress when the schedule is deleted.
 */
function lateJob({ observed, verdict, cronJob }: Scene & { readonly verdict: Valid }, name: string, at: Instant): JsonObject {
  const { metadata: owner, locksLease: lease } = observed
  const { metadata, spec } = verdict.workload.jobTemplate.make()
  const { labels, annotations } = objectIn(metadata)
  const owners: readonly Json[] = [
    ownerReference(ownerOf(observed)),
    ...(lease === undefined ? [] : [{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: lease.metadata.name, uid: lease.metadata.uid }]),
  ]
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: owner.namespace,
      labels,
      annotations: { ...objectIn(annotations), [scheduledTimestampAnnotation]: timestampIn(expressionOf(cronJob).timeZone, at) },
      ownerReferences: owners,
    },
    spec,
  }
}

function objectIn(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

/** RFC 3339 on the wall clock of the CronJob's zone, as the CronJob controller writes it. */
function timestampIn(timeZone: string, at: Instant): string {
  const offset = Math.trunc(offsetAt(timeZone, at) / 60_000)
  if (offset === 0) return formatInstant(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const size = Math.abs(offset)
  return `${formatInstant(at + offset * 60_000).slice(0, -1)}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

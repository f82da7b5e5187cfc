import { hashOf } from '../model/hash.ts'
import { type Instant, parseInstant } from '../model/instant.ts'
import type { CronJob } from '../model/kubernetes.ts'
import { label } from '../model/names.ts'
import { oncePer } from '../model/once-per.ts'
import type { RunReason } from '../model/reason.ts'
import type { Skipped } from '../model/run-terms.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import type { RunRecord } from '../model/status-schema.ts'
import type { Look } from './action.ts'
import { cronJobName } from './cron-job.ts'
import { cursorOf } from './cursor.ts'
import { type ObservedGate, type SchedulableReference, type SeenSchedulable, freshCronJob, freshJob, freshSchedulable } from './gate-observed.ts'
import type { GatedRun } from './gate-run.ts'
import { isFinal } from './run-record.ts'
import { schedulableOf } from './schedulable.ts'
import { ruleOf } from './schedule-rule.ts'
import { memberAdmission } from './set-run-records.ts'

/**
 * Whether a run may still start, locks apart.
 * - clear: an uncached look says so.
 * - unknown: nobody has looked lately.
 * - notNow: a change of its set's Job will tell.
 * - dropped: it never starts.
 */
export type Clearance =
  | { readonly kind: 'clear' }
  | { readonly kind: 'unknown'; readonly look: Look }
  | { readonly kind: 'notNow' }
  | { readonly kind: 'dropped'; readonly skipped: Skipped }

const clear: Clearance = { kind: 'clear' }

export function skippedBecause(reason: RunReason, message: string): Skipped {
  return { outcome: reason === 'OperatorDown' ? 'Missed' : 'Skipped', reason, message }
}

function dropped(reason: RunReason, message: string): Clearance {
  return { kind: 'dropped', skipped: skippedBecause(reason, message) }
}

export function clearanceOf(observed: ObservedGate, run: GatedRun, now: Instant): Clearance {
  if (run.source.metadata.labels?.[label.member] !== undefined) return clearanceOfMember(observed, run, now)
  const { schedulable } = run.terms
  return schedulable === undefined ? clear : clearanceOfRun(observed, { run, schedulable }, now)
}

function clearanceOfMember(observed: ObservedGate, { source }: GatedRun, now: Instant): Clearance {
  const controller = source.metadata.ownerReferences?.find((owner) => owner.controller === true)
  if (controller === undefined) return { kind: 'notNow' }
  if (memberAdmission(source, observed.jobNamed(controller.name)) !== 'mayStart') return { kind: 'notNow' }
  const look = { verb: 'look', resource: 'jobs', namespace: observed.namespace, name: controller.name, about: controller.uid, because: 'a member of a set is to start, unless the set is over' } as const
  const seen = freshJob(observed, look, { now })
  const admission = seen === undefined ? undefined : memberAdmission(source, seen.object)
  if (admission === 'mayStart') return clear
  // What was seen for the member before this one does not have this one in its list; no change of the set-run Job would wake us again.
  return admission === undefined || admission === 'notYet' ? { kind: 'unknown', look } : { kind: 'notNow' }
}

interface RunOf {
  readonly run: GatedRun
  readonly schedulable: SchedulableReference
}

function clearanceOfRun(observed: ObservedGate, { run, schedulable }: RunOf, now: Instant): Clearance {
  const look = lookAtSchedulable(observed, schedulable)
  const seen = freshSchedulable(observed, look, { now })
  const known = observed.schedulable(schedulable)
  // The store may show what was changed after the look.
  if (seen === undefined || isBehind(seen.object, known)) return { kind: 'unknown', look }
  const skipped = objection({ run, schedulable }, seen.object)
  if (skipped !== undefined) return { kind: 'dropped', skipped }
  return run.occurrence === undefined || seen.object === undefined ? clear : clearanceOfTime(observed, { schedulable, seen: seen.object, occurrence: run.occurrence }, now)
}

function lookAtSchedulable({ namespace }: ObservedGate, { kind, name, uid }: SchedulableReference): Look {
  const resource = kind === 'IntegrationSet' ? 'integrationsets' : 'scheduledintegrations'
  return { verb: 'look', resource, namespace, name, about: uid, because: 'a run is to start, unless its schedule has been changed' }
}

function isBehind(seen: SeenSchedulable | undefined, known: SeenSchedulable | undefined): boolean {
  return seen?.metadata.uid === known?.metadata.uid && (seen?.metadata.generation ?? 0) < (known?.metadata.generation ?? 0)
}

interface Answer {
  seen: SeenSchedulable | undefined
  objection: Skipped | undefined
}

/** A thousand runs that wait are asked about again in each pass, and their schedules have not changed. */
const lately = oncePer((_run: GatedRun): { answer: Answer | undefined } => ({ answer: undefined }))

/** What the schedulable itself has against a run. It may as well be asked of a store: what that says is to be looked at then. */
function objection(of: RunOf, seen: SeenSchedulable | undefined): Skipped | undefined {
  const memory = lately(of.run)
  if (memory.answer === undefined || memory.answer.seen !== seen) memory.answer = { seen, objection: objectionAnew(of, seen) }
  return memory.answer.objection
}

function objectionAnew({ run, schedulable }: RunOf, seen: SeenSchedulable | undefined): Skipped | undefined {
  if (seen === undefined || seen.metadata.uid !== schedulable.uid || seen.metadata.deletionTimestamp !== undefined) return skippedBecause('ScheduleDeleted', 'its schedule was deleted before it started')
  // By hand and on demand runs what is disabled, at any time.
  if (run.occurrence === undefined) return undefined
  if (!seen.object.ok) return skippedBecause('NotReady', 'its schedule cannot be read any more')
  const { suspend, schedule } = schedulableOf(seen.object.value)
  if (suspend === true) return skippedBecause('Suspended', 'the schedule was disabled before it started')
  const rule = schedule === undefined ? undefined : ruleOf(schedule)
  if (rule?.ok !== true || rule.value.occurrences.next(run.occurrence - 1) !== run.occurrence) return skippedBecause('Edited', 'the schedule does not intend a run at its time')
  return recorded(run, seen.status?.runs ?? [])
}

/** An occurrence that has come to something never comes to something else. */
function recorded({ uid, occurrence }: GatedRun, records: readonly RunRecord[]): Skipped | undefined {
  const record = records.find(({ scheduledTime, outcome, jobUID }) => jobUID !== uid && isFinal(outcome) && parseInstant(scheduledTime) === occurrence)
  if (record === undefined) return undefined
  const { outcome, reason = '', message = '' } = record
  if (outcome === 'Skipped' || outcome === 'Missed') return { outcome, reason, message }
  return skippedBecause('AlreadyRan', `there was a run for its time before: ${record.jobName ?? record.name}`)
}

interface TimeOf {
  readonly schedulable: SchedulableReference
  readonly seen: SeenSchedulable
  readonly occurrence: Instant
}

/** Its time must be after the last change of the schedule. That is on the CronJob, which the store may show as it was before that. */
function clearanceOfTime(observed: ObservedGate, time: TimeOf, now: Instant): Clearance {
  const { schedulable: { kind, name, uid }, seen } = time
  const known = observed.cronJobOf(time.schedulable)
  if (isCurrent(known, seen)) return clearanceByCursor(known, time)
  const look = { verb: 'look', resource: 'cronjobs', namespace: observed.namespace, name: cronJobName(kind, name), about: uid, because: 'a run is to start, unless its schedule was changed after its time' } as const
  const looked = freshCronJob(observed, look, { now })
  return looked === undefined ? { kind: 'unknown', look } : clearanceByCursor(looked.object, time)
}

function isCurrent(cronJob: CronJob | undefined, { metadata }: SeenSchedulable): boolean {
  const written = cronJob === undefined ? undefined : cursorOf(cronJob)?.schedulable
  return written?.uid === metadata.uid && written.generation >= (metadata.generation ?? 0)
}

/** Without a cursor there is no floor: that its Job was made says enough. A change that the cursor does not tell of yet is one after it. */
function clearanceByCursor(cronJob: CronJob | undefined, { seen, occurrence }: TimeOf): Clearance {
  const cursor = cronJob === undefined ? undefined : cursorOf(cronJob)
  if (cursor === undefined || cursor.schedulable.uid !== seen.metadata.uid) return clear
  if (!cursor.enabled) return dropped('NotReady', 'the schedule was disabled, or not in order, after its time')
  const schedule = seen.object.ok ? schedulableOf(seen.object.value).schedule : undefined
  const isOfNow = schedule !== undefined && cursor.scheduleHash === hashOfSchedule(schedule)
  return isOfNow && occurrence > cursor.floor ? clear : dropped('Edited', 'the schedule was changed after its time')
}

/** As verdict.ts makes it. */
const hashOfSchedule = oncePer((schedule: Schedule) => hashOf(schedule, 16))

/** Whether the stores show a reason to look at a run that waits. They may be behind: only a look drops it. */
export function isSuspicious(observed: ObservedGate, run: GatedRun): boolean {
  const { schedulable } = run.terms
  if (schedulable === undefined) return false
  const seen = observed.schedulable(schedulable)
  if (objection({ run, schedulable }, seen) !== undefined || seen === undefined) return true
  if (run.occurrence === undefined) return false
  const cronJob = observed.cronJobOf(schedulable)
  return isCurrent(cronJob, seen) && clearanceByCursor(cronJob, { schedulable, seen, occurrence: run.occurrence }).kind === 'dropped'
}

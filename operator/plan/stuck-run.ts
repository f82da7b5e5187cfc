import { type Instant, formatInstant, minute, parseInstant } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import { type Stuck, stuckOf } from '../model/run-terms.ts'
import { type Action, type Learned, type ObjectReference, type Plan, evidenceKey } from './action.ts'
import { finalCondition, isUp } from './run-record.ts'
import { isSetRun } from './set-run-records.ts'
import { type Diagnosis, whyStuck } from './stuck-reason.ts'

export interface ObservedStart {
  readonly job: Job
  /** Whose run it is, for the event: what a user looks at. */
  readonly regarding: ObjectReference
  /** What the run is called, for people. */
  readonly name: string
  readonly learned: Learned
}

/** When the pods of a run are looked at for the first time, and how far apart at most later on; milliseconds. */
const firstLook = minute
const longestPause = 30 * minute

/**
 * A run that may run and whose pod does not come up within a minute says why (design/runs.md section 2): one uncached look at its
 * pods and events, written onto the Job for whoever tells of the run, and an event. Looked at again after 1, 2, 4 ... and then
 * every 30 minutes; over as soon as a pod is up. Nothing is decided by it: the run goes on, or ends, without.
 */
export function planStuckRun({ job, regarding, name, learned }: ObservedStart, now: Instant): Plan {
  const nothing: Plan = { actions: [], status: undefined, events: [], requeue: { kind: 'onChange' } }
  const known = stuckOf(job)
  if (isToBeCleared(job)) return { ...nothing, actions: [cleared(job)] }
  if (!isStarting(job)) return nothing
  const { last, next } = looks(startOf(job), now)
  const requeue = { kind: 'at' as const, at: next, because: 'its pod is not up yet' }
  if (last === undefined || (parseInstant(known?.at) ?? -Infinity) >= last) return { ...nothing, requeue }
  const seen = learned.evidence.get(evidenceKey('pods', job.metadata.namespace, job.metadata.name))
  if (seen?.resource !== 'pods' || seen.at < last) return { ...nothing, actions: [look(job)] }
  const found = whyStuck(seen.pods)
  if (found === undefined) return { ...nothing, actions: known === undefined ? [] : [cleared(job)], requeue }
  const event = { regarding, type: 'Warning' as const, reason: 'RunStuck' as const, message: `run ${name} does not start: ${found.message}`, action: 'Run' }
  return { ...nothing, actions: [told(job, { found, known, at: seen.at })], events: [event], requeue }
}

/** All others need no pass: most Jobs that exist have ended. */
export function isToBeWatched(job: Job): boolean {
  return isStarting(job) || isToBeCleared(job)
}

/** A later pod of the run may hang for another reason. */
function isToBeCleared(job: Job): boolean {
  return isUp(job) && stuckOf(job) !== undefined && finalCondition(job) === undefined
}

/** Whether its pod should be up by and by. The members of a set have pods, its own Job has none. */
function isStarting(job: Job): boolean {
  return job.spec.suspend !== true && job.metadata.deletionTimestamp === undefined && finalCondition(job) === undefined && !isSetRun(job) && !isUp(job)
}

function startOf({ metadata, status }: Job): Instant {
  const { [annotation.released]: released } = metadata.annotations ?? {}
  return Math.max(...[metadata.creationTimestamp, status?.startTime, released].map((text) => parseInstant(text) ?? 0))
}

/** The last look that is due by now, and the one after it. */
function looks(start: Instant, now: Instant): { readonly last: Instant | undefined; readonly next: Instant } {
  let last: Instant | undefined
  let next = start + firstLook
  for (let pause = firstLook; next <= now; pause = Math.min(2 * pause, longestPause)) {
    last = next
    next += Math.min(2 * pause, longestPause)
  }
  return { last, next }
}

function look({ metadata: { namespace, name, uid } }: Job): Action {
  return { verb: 'lookAtPods', resource: 'pods', namespace, name, uid, because: 'its pod does not come up' }
}

const path = `/metadata/annotations/${annotation.stuck.replaceAll('~', '~0').replaceAll('/', '~1')}`

/** `since` is when it was first seen to hang, whatever the reason was then. */
function told(job: Job, { found: { reason, message }, known, at }: { readonly found: Diagnosis; readonly known: Stuck | undefined; readonly at: Instant }): Action {
  const { namespace, name, uid, resourceVersion } = job.metadata
  const stuck: Stuck = { reason, message, since: known?.since ?? formatInstant(at), at: new Date(at).toISOString() }
  return { verb: 'patch', resource: 'jobs', namespace, name, uid, resourceVersion, patch: [{ op: 'add', path, value: JSON.stringify(stuck) }], because: `its pod does not come up: ${reason}` }
}

function cleared({ metadata: { namespace, name, uid, resourceVersion } }: Job): Action {
  return { verb: 'patch', resource: 'jobs', namespace, name, uid, resourceVersion, patch: [{ op: 'remove', path }], because: 'its pod came up' }
}

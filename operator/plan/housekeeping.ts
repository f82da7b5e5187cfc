import { type Instant, parseInstant } from '../model/instant.ts'
import type { CronJob, Job, Json } from '../model/kubernetes.ts'
import { annotation, locksLease, manager } from '../model/names.ts'
import type { Action, JsonPatch } from './action.ts'
import type { ObservedSchedule } from './observed.ts'
import { finalCondition, isGated, isMarked, isReleased, isSkipped, scheduledTime } from './run-record.ts'
import { kept, runNamer } from './runs.ts'
import { type Surplus, surplusJobs } from './surplus-jobs.ts'
import type { Verdict } from './verdict.ts'

/** What is due now, and when something will be that nothing else tells. */
export interface Housekeeping {
  readonly actions: readonly Action[]
  readonly wakeAt: Instant | undefined
}

/**
 * What is due on the Jobs of a schedule: each gets its run's name once its record is in the status, in the same write as a
 * second owner (see `secondOwner`); and finished ones beyond the history limits go, and those that never start.
 */
export function housekeeping(observed: ObservedSchedule, verdict: Verdict, { cronJob, now }: { readonly cronJob: CronJob; readonly now: Instant }): Housekeeping {
  const surplus = surplusJobs(observed, cronJob, verdict)
  const due = surplus.filter(({ from }) => from <= now)
  const later = surplus.filter(({ from }) => from > now).map(({ from }) => from)
  const going = new Set(due.map(({ job }) => job.metadata.uid))
  const unmarked = observed.jobs.filter((job) => job.metadata.deletionTimestamp === undefined && !going.has(job.metadata.uid) && lacksMark(observed, job))
  if (unmarked.length > 0 && observed.locksLease === undefined) return { actions: [newLocksLease(observed.metadata.namespace)], wakeAt: undefined }
  const marks = unmarked.map((job) => mark(observed, job))
  return { actions: [...marks, ...due.map(removal)], wakeAt: later.length === 0 ? undefined : Math.min(...later) }
}

/**
 * A Job that the gate releases gets name and second owner by that. It is marked for good only when its record has to make room
 * for others: mostly it is deleted before, and the write is saved.
 */
function lacksMark({ status }: ObservedSchedule, job: Job): boolean {
  const place = (status?.runs ?? []).findIndex(({ jobUID }) => jobUID === job.metadata.uid)
  if (place === -1 || isMarked(job)) return false
  if (!isGated(job)) return true
  const isOver = finalCondition(job) !== undefined || isSkipped(job)
  return (isOver && place >= kept) || (isReleased(job) && job.metadata.annotations?.[annotation.runName] === undefined)
}

/** The lock table of a namespace. It is made with the first run there, and never removed: runs in progress refer to it. */
export function newLocksLease(namespace: string): Action & { readonly verb: 'create' } {
  return {
    verb: 'create',
    resource: 'leases',
    namespace,
    name: locksLease,
    object: {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: locksLease, namespace, labels: { 'app.kubernetes.io/managed-by': manager } },
      spec: { holderIdentity: manager },
    },
    because: 'runs in this namespace name it as their second owner',
  }
}

function mark(observed: ObservedSchedule, job: Job): Action {
  const { namespace, name, uid, resourceVersion } = job.metadata
  const at = scheduledTime(job) ?? parseInstant(job.metadata.creationTimestamp) ?? 0
  const { [annotation.runName]: runName = runNamer(observed)(at) } = job.metadata.annotations ?? {}
  const recorded = isGated(job) ? { [annotation.recorded]: 'true' } : {}
  const patch: JsonPatch = [
    { op: 'add', path: '/metadata/annotations', value: { ...job.metadata.annotations, [annotation.runName]: runName, ...recorded } },
    ...secondOwner(observed, job),
  ]
  return { verb: 'patch', resource: 'jobs', namespace, name, uid, resourceVersion, patch, because: 'name the run' }
}

/**
 * A run in progress must not end because its schedule is deleted. Background deletion leaves it to the CronJob's `orphan`
 * finalizer; a foreground deletion (Argo CD's prune) spares only what has another owner (design/runs.md, measured).
 */
function secondOwner({ locksLease: lease }: ObservedSchedule, job: Job): JsonPatch {
  const owners = job.metadata.ownerReferences ?? []
  if (lease === undefined || owners.some(({ uid }) => uid === lease.metadata.uid)) return []
  const value = [...owners, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: lease.metadata.name, uid: lease.metadata.uid }]
  return [{ op: 'add', path: '/metadata/ownerReferences', value: value.map((owner): Json => ({ ...owner })) }]
}

function removal({ job, because }: Surplus): Action {
  const { namespace, name, uid } = job.metadata
  return { verb: 'delete', resource: 'jobs', namespace, name, uid, propagationPolicy: 'Background', because }
}

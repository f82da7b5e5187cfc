import { type Instant, parseInstant } from '../model/instant.ts'
import type { CronJob, Job, Json } from '../model/kubernetes.ts'
import { annotation, locksLease, manager } from '../model/names.ts'
import type { Action, JsonPatch } from './action.ts'
import type { ObservedSchedule } from './observed.ts'
import { isMarked, scheduledTime } from './run-record.ts'
import { runNamer, surplusJobs } from './runs.ts'
import type { Verdict } from './verdict.ts'

/** What is due now, and when something will be that nothing else tells. */
export interface Housekeeping {
  readonly actions: readonly Action[]
  readonly wakeAt: Instant | undefined
}

/**
 * What is due on the Jobs of a schedule: each gets its run's name once its record is in the status, in the same write as a
 * second owner (see `secondOwner`); and finished ones beyond the history limits go.
 */
export function housekeeping(observed: ObservedSchedule, verdict: Verdict, { cronJob, now }: { readonly cronJob: CronJob; readonly now: Instant }): Housekeeping {
  const recorded = new Set((observed.status?.runs ?? []).map(({ jobUID }) => jobUID))
  const unmarked = observed.jobs.filter((job) => !isMarked(job) && recorded.has(job.metadata.uid) && job.metadata.deletionTimestamp === undefined)
  if (unmarked.length > 0 && observed.locksLease === undefined) return { actions: [newLocksLease(observed.metadata.namespace)], wakeAt: undefined }
  const marks = unmarked.map((job) => mark(observed, job))
  const surplus = verdict.kind === 'valid' ? surplusJobs(observed, cronJob, verdict) : []
  const due = surplus.filter(({ from }) => from <= now)
  const later = surplus.filter(({ from }) => from > now).map(({ from }) => from)
  return { actions: [...marks, ...due.map(({ job }) => removal(job))], wakeAt: later.length === 0 ? undefined : Math.min(...later) }
}

/** The lock table of a namespace. It is made with the first run there, and never removed: runs in progress refer to it. */
export function newLocksLease(namespace: string): Action {
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
  const patch: JsonPatch = [
    { op: 'add', path: '/metadata/annotations', value: { ...job.metadata.annotations, [annotation.runName]: runNamer(observed)(at) } },
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

function removal(job: Job): Action {
  const { namespace, name, uid } = job.metadata
  return { verb: 'delete', resource: 'jobs', namespace, name, uid, propagationPolicy: 'Background', because: 'beyond the history limit' }
}

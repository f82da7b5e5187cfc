import { type Instant, day, parseInstant } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { label, locksLease, manager } from '../model/names.ts'
import type { Plan } from './action.ts'
import { cronJobName } from './cron-job.ts'
import { finalCondition, isSkipped, jobNameAt, scheduledTime } from './run-record.ts'
import { controllerUid } from './set-run-records.ts'

export interface ObservedUnownedJob {
  readonly job: Job
  /** Whether a schedule that is there tells of this run: then its history limits say how long the Job stays. */
  readonly isTold: boolean
}

/** How long the Jobs of a schedule that was deleted are kept; milliseconds. */
const keptFor = day

/**
 * Runs outlive their schedule (design/runs.md, Deletion), and nobody's history limits clear them away: a Job that has ended, or
 * that never starts, is deleted a day later. It is ours if its second owner is the lock table of its namespace, which we
 * wrote, or if it has the very name that the CronJob of its schedule gave it: a copy of another name is somebody else's.
 */
export function planUnownedJob({ job, isTold }: ObservedUnownedJob, now: Instant): Plan {
  const nothing: Plan = { actions: [], status: undefined, events: [], requeue: { kind: 'onChange' } }
  if (!isLeftBehind(job) || !isOurs(job)) return nothing
  const due = isTold ? now + keptFor : endOf(job) + keptFor
  if (now < due) return { ...nothing, requeue: { kind: 'at', at: due, because: 'its schedule is gone' } }
  const { namespace, name, uid } = job.metadata
  return { ...nothing, actions: [{ verb: 'delete', resource: 'jobs', namespace, name, uid, propagationPolicy: 'Background', because: 'its schedule is gone, and it ended a day ago' }] }
}

/** Whether it is over and nobody controls it: the garbage collector takes the owner off when that is deleted. */
export function isLeftBehind(job: Job): boolean {
  return controllerUid(job) === undefined && job.metadata.deletionTimestamp === undefined && (finalCondition(job) !== undefined || isSkipped(job))
}

function endOf(job: Job): Instant {
  const { metadata, status } = job
  const ended = status?.completionTime ?? finalCondition(job)?.lastTransitionTime ?? metadata.creationTimestamp
  return Math.max(parseInstant(ended) ?? 0, parseInstant(metadata.creationTimestamp) ?? 0)
}

function isOurs(job: Job): boolean {
  const { name, labels = {}, ownerReferences = [] } = job.metadata
  if (labels[label.managedBy] !== manager || labels[label.member] !== undefined) return false
  if (ownerReferences.some((owner) => owner.kind === 'Lease' && owner.name === locksLease)) return true
  const { [label.schedule]: schedule, [label.set]: set } = labels
  const at = scheduledTime(job)
  const cronJob = schedule === undefined ? set && cronJobName('IntegrationSet', set) : cronJobName('ScheduledIntegration', schedule)
  return at !== undefined && cronJob !== undefined && name === jobNameAt(cronJob, at)
}

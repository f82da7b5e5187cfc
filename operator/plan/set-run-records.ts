import { hashOf } from '../model/hash.ts'
import { formatInstant, parseInstant } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { annotation, setRunManager } from '../model/names.ts'
import { type MemberProgress, progressOf } from '../model/run-terms.ts'
import type { MemberRecord } from '../model/status-schema.ts'
import { finalCondition, recordOf } from './run-record.ts'

/** The API server refuses Job names that are longer: pods carry them as a label. */
const longestJobName = 63

/** Whether a Job runs a set: its members are Jobs, and the operator is its controller. */
export function isSetRun(job: Job): boolean {
  return job.spec.managedBy === setRunManager
}

/** The name of a member's Job, by the member's place in the set (from 0). It is the lock: no member has two Jobs. */
export function memberJobName(setRun: string, index: number): string {
  const whole = `${setRun}-${index}`
  if (whole.length <= longestJobName) return whole
  const end = `-${hashOf(setRun, 10)}-${index}`
  return `${setRun.slice(0, longestJobName - end.length).replace(/[.-]+$/, '')}${end}`
}

/** UID of the controller of an object. */
export function controllerUid({ metadata }: Pick<Job, 'metadata'>): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid
}

/** Whether a run of a set is bound to fail: from then on nothing of it starts any more (Kubernetes: KEP-3998). */
function isFailing({ status }: Job): boolean {
  return status?.conditions?.some((condition) => condition.type === 'FailureTarget' && condition.status === 'True') === true
}

/**
 * - mayStart: it belongs to a run of a set that goes on, and is in its list.
 * - notYet: it is not in the list yet, or somebody has suspended the run; a change of the set-run Job will tell.
 * - never: the run is over, failing, being deleted or gone; or the list says that this member is over. The controller of set runs
 *   or the garbage collector removes it.
 */
export type Admission = 'mayStart' | 'notYet' | 'never'

/**
 * What the gate has to know before it lets the member of a set start, besides its locks. `setRun`: what an uncached look at its
 * controller saw. A member is in the list before it starts, so one that was deleted by hand is never made and started again.
 */
export function memberAdmission(member: Job, setRun: Job | undefined): Admission {
  if (setRun === undefined || setRun.metadata.uid !== controllerUid(member) || setRun.metadata.deletionTimestamp !== undefined) return 'never'
  if (finalCondition(setRun) !== undefined || isFailing(setRun)) return 'never'
  const listed = progressOf(setRun)?.find(({ uid }) => uid === member.metadata.uid)
  if (listed?.outcome !== undefined) return 'never'
  return listed === undefined || setRun.spec.suspend === true ? 'notYet' : 'mayStart'
}

/** When the gate let a member start; Kubernetes' Job controller says it a moment later. Undefined: it has not started. */
export function startOf(job: Job): string | undefined {
  const released = parseInstant(job.metadata.annotations?.[annotation.released])
  return released === undefined ? job.status?.startTime : formatInstant(released)
}

/**
 * The members of a run of a set, in their order, as a record tells them; none before it has begun. `jobs`: the Jobs that it
 * controls. Works also when the run is over and its Jobs are gone.
 */
export function memberRecords(setRun: Job, jobs: readonly Job[]): readonly MemberRecord[] {
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]))
  return (progressOf(setRun) ?? []).map((member, index) => memberRecord(member, memberJobName(setRun.metadata.name, index), byUid.get(member.uid ?? '')))
}

function memberRecord({ name, uid, ...told }: MemberProgress, jobName: string, job: Job | undefined): MemberRecord {
  const known = { name, ...(uid === undefined ? {} : { jobName }) }
  if (told.outcome !== undefined) return { ...known, ...told, outcome: told.outcome }
  if (job === undefined) return { ...known, ...told, outcome: uid === undefined ? 'Waiting' : 'Running' }
  const { completionTime, outcome, reason, message } = recordOf(job, () => name)
  const startTime = startOf(job)
  return {
    ...known,
    outcome,
    ...(startTime === undefined ? {} : { startTime }),
    ...(completionTime === undefined ? {} : { completionTime }),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  }
}

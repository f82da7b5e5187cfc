import { type Instant, hour, parseInstant } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import type { RunReason } from '../model/reason.ts'
import type { MemberProgress } from '../model/run-terms.ts'
import { type Evidence, type Learned, evidenceKey, postponement } from './action.ts'
import { isFinal, isReleased, recordOf } from './run-record.ts'
import { controllerUid, startOf } from './set-run-records.ts'

/** One member of a set that runs, as far as stores and looks tell. */
export interface Member {
  readonly index: number
  readonly jobName: string
  /** What the list on the set-run Job says of it. */
  readonly listed: MemberProgress
}

/**
 * - pending: it has no Job. `refused`: the API server refused to make one lately.
 * - begun: it has a Job that has not ended.
 * - unseen: it had a Job that is in no store: a look has to tell.
 * - gone: its Job was deleted before its end was seen.
 * - blocked: something that is being deleted still has the name of its Job.
 * - ended: it is over, or never starts.
 */
export type MemberStanding =
  | { readonly kind: 'pending'; readonly refused?: { readonly message: string; readonly retryAt: Instant } | undefined }
  | { readonly kind: 'begun'; readonly job: Job }
  | { readonly kind: 'unseen' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'blocked'; readonly until: Instant }
  | { readonly kind: 'ended'; readonly as: MemberProgress }

/** What is known of the run of the set. */
interface Scene {
  readonly setRun: Job
  /** The Jobs that it controls, by their names. */
  readonly jobs: ReadonlyMap<string, Job>
  readonly learned: Learned
  readonly now: Instant
  /** Since when a member could have had its Job. */
  readonly since: Instant
}

/** How old a look may be that is decided upon; milliseconds. */
export const freshly = 5_000
/** For how long the API server may refuse the Job of a member (a quota, say) until it counts as failed; milliseconds. */
const longestRefusal = hour

export function standingOf(member: Member, scene: Scene): MemberStanding {
  const { listed, jobName } = member
  if (listed.outcome !== undefined) return { kind: 'ended', as: listed }
  const seen = freshLook(scene, jobName)
  const job = scene.jobs.get(jobName) ?? ownJob(scene, seen?.object)
  if (job !== undefined && (listed.uid === undefined || listed.uid === job.metadata.uid)) return standingOfJob(listed, job)
  if (listed.uid !== undefined) return { kind: seen === undefined ? 'unseen' : 'gone' }
  if (seen?.object !== undefined) return taken(scene, { member, holder: seen.object, until: seen.at + freshly })
  return pending(member, scene)
}

function freshLook({ learned, now, setRun }: Scene, jobName: string): (Evidence & { readonly resource: 'jobs' }) | undefined {
  const seen = learned.evidence.get(evidenceKey('jobs', setRun.metadata.namespace, jobName))
  return seen?.resource === 'jobs' && now <= seen.at + freshly ? seen : undefined
}

function ownJob({ setRun }: Scene, job: Job | undefined): Job | undefined {
  return job !== undefined && controllerUid(job) === setRun.metadata.uid ? job : undefined
}

function standingOfJob(listed: MemberProgress, job: Job): MemberStanding {
  return isFinal(recordOf(job, () => listed.name).outcome) ? { kind: 'ended', as: progressOfJob(listed.name, job) } : { kind: 'begun', job }
}

/** The list is kept small: it is part of the Job. */
const longestMessage = 256

/** What the list says of a member that has a Job. */
export function progressOfJob(name: string, job: Job): MemberProgress {
  const { outcome, reason, message, completionTime } = recordOf(job, () => name)
  const startTime = startOf(job)
  const begun = { name, uid: job.metadata.uid, ...(startTime === undefined ? {} : { startTime }) }
  if (outcome === 'Waiting' || outcome === 'Running') return begun
  return {
    ...begun,
    ...(completionTime === undefined ? {} : { completionTime }),
    outcome,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message: message.slice(0, longestMessage) }),
  }
}

const nameTaken: RunReason = 'JobNameTaken'
const refusedByServer: RunReason = 'JobRefused'

/** Somebody else's Job is never adopted. What is left of an earlier run of this name, or is being deleted, is waited for. */
function taken({ setRun }: Scene, { member, holder, until }: { readonly member: Member; readonly holder: Job; readonly until: Instant }): MemberStanding {
  const { deletionTimestamp, ownerReferences = [] } = holder.metadata
  const isLeft = ownerReferences.some(({ kind, name, controller }) => controller === true && kind === 'Job' && name === setRun.metadata.name)
  if (isLeft || deletionTimestamp !== undefined) return { kind: 'blocked', until }
  const message = `the name ${member.jobName} is taken by a Job that does not belong to this run`
  return { kind: 'ended', as: { name: member.listed.name, outcome: 'Failed', reason: nameTaken, message } }
}

function pending({ listed: { name }, jobName }: Member, { setRun, learned, now, since }: Scene): MemberStanding {
  const { namespace } = setRun.metadata
  const refused = postponement({ verb: 'create', resource: 'jobs', namespace, name: jobName, object: {}, because: '' }, learned.postponed, now)
  if (refused === undefined) return { kind: 'pending' }
  if (now < since + longestRefusal) return { kind: 'pending', refused }
  return { kind: 'ended', as: { name, outcome: 'Failed', reason: refusedByServer, message: refused.message.slice(0, longestMessage) } }
}

/** Whether the gate has not let it start: then it can be called off without a trace. */
export function hasNotStarted(job: Job): boolean {
  return job.spec.suspend === true && !isReleased(job) && job.status?.startTime === undefined
}

/** The end of the latest member that has ended. */
export function latestEnd(members: readonly MemberProgress[]): Instant | undefined {
  const ends = members.flatMap(({ completionTime }) => parseInstant(completionTime) ?? [])
  return ends.length === 0 ? undefined : Math.max(...ends)
}

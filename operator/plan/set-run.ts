import { type Instant, parseInstant, second } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { type MemberProgress, type SetTerms, progressOf, setTermsOf } from '../model/run-terms.ts'
import type { Action, Learned, Plan } from './action.ts'
import { finalCondition, isUp } from './run-record.ts'
import { setRunEvents } from './set-run-events.ts'
import { newMemberJob, stop } from './set-run-jobs.ts'
import { type Member, type MemberStanding, freshly, hasNotStarted, progressOfJob, standingOf } from './set-run-member.ts'
import { isSetRun, memberJobName } from './set-run-records.ts'
import { type SetRunEnd, type SetRunReason, failureOf, failuresOf, setRunStatusPatch, settledFailure, startTimeOf } from './set-run-status.ts'
import { earliest } from './timing.ts'

/** What the stores know of one run of a set, at one moment. */
export interface ObservedSetRun {
  /** The Job that runs the set. */
  readonly setRun: Job
  /** The Jobs that it controls. */
  readonly jobs: readonly Job[]
  readonly learned: Learned
}

interface Judged {
  readonly member: Member
  readonly standing: MemberStanding
}

interface Scene {
  readonly setRun: Job
  /** By their names. */
  readonly jobs: ReadonlyMap<string, Job>
  readonly terms: SetTerms
  readonly judged: readonly Judged[]
  readonly startTime: Instant
  readonly failing: SetRunEnd | undefined
  readonly now: Instant
}

const nothing: Plan = { actions: [], status: undefined, events: [], requeue: { kind: 'onChange' } }

/** When a pass that asked for Jobs looks what became of it, should no store tell; milliseconds. */
const answered = second

/**
 * What should happen to a Job that runs a set (design/runs.md section 3): the operator is its controller. It works from the copy of
 * the set on that Job, never from the IntegrationSet, which may have changed or be gone.
 *
 * Guarantees: no member has two Jobs that start. A member's Job is made under a name that only it can have, and waits at the gate
 * until the list on the set-run Job has its UID; one that is in the list is never made again. That the run fails is settled in its
 * status (FailureTarget) before anything is called off for it; the gate sees that, so within a second nothing starts any more.
 * Assumes: set-run Jobs and their members come from one store, so whoever sees the list has seen the Jobs in it.
 */
export function planSetRun({ setRun, jobs, learned }: ObservedSetRun, now: Instant): Plan {
  if (!isSetRun(setRun) || setRun.metadata.deletionTimestamp !== undefined || finalCondition(setRun) !== undefined) return nothing
  const listed = progressOf(setRun)
  if (setRun.spec.suspend === true && listed === undefined) return nothing // it waits at the gate, or was skipped there
  const terms = setTermsOf(setRun)
  const startTime = startTimeOf(setRun, jobs, now)
  const since = sinceOf(listed, startTime)
  const byName = new Map(jobs.map((job) => [job.metadata.name, job]))
  const known = { setRun, jobs: byName, learned, now, since }
  const judged = membersOf(setRun, terms, listed).map((member) => ({ member, standing: standingOf(member, known) }))
  const failing = settledFailure(setRun) ?? failureNow(terms, judged, { startTime, now })
  return planned({ setRun, jobs: byName, terms: terms ?? noTerms, judged, startTime, failing, now })
}

const noTerms: SetTerms = { v: 1, execution: 'Sequential', onMemberFailure: 'Abort', members: [] }

/** From when on the next member could have had its Job. */
function sinceOf(listed: readonly MemberProgress[] = [], startTime: Instant): Instant {
  return Math.max(startTime, ...listed.map(({ completionTime }) => parseInstant(completionTime) ?? startTime))
}

function membersOf(setRun: Job, terms: SetTerms | undefined, listed: readonly MemberProgress[] | undefined): readonly Member[] {
  const names = terms?.members.map(({ name }) => name) ?? listed?.map(({ name }) => name) ?? []
  return names.map((name, index) => {
    const jobName = memberJobName(setRun.metadata.name, index)
    return { index, jobName, listed: listed?.find((one) => one.name === name) ?? { name } }
  })
}

const unreadable: SetRunEnd = {
  reason: 'SnapshotUnreadable',
  message: 'the copy of the set on this Job is missing or cannot be read: something has changed its annotations',
}

/** Undefined: it may still succeed, or (Continue) other members are to run before it fails. */
function failureNow(terms: SetTerms | undefined, judged: readonly Judged[], { startTime, now }: Pick<Scene, 'startTime' | 'now'>): SetRunEnd | undefined {
  if (terms === undefined) return unreadable
  const members = judged.map(({ member, standing }) => progressOfMember(member, standing, undefined))
  const isOver = judged.every(({ standing }) => standing.kind === 'ended' || standing.kind === 'gone')
  if (failuresOf(members).length > 0 && (isOver || terms.onMemberFailure === 'Abort')) return failureOf(members)
  if (isOver || !isOutOfTime(terms, startTime, now)) return undefined
  return { reason: 'DeadlineExceeded', message: `the set was active longer than its timeoutSeconds (${terms.timeoutSeconds})` }
}

function isOutOfTime({ timeoutSeconds }: SetTerms, startTime: Instant, now: Instant): boolean {
  return timeoutSeconds !== undefined && now >= startTime + timeoutSeconds * second
}

function planned(scene: Scene): Plan {
  const { setRun, jobs, judged, failing, now } = scene
  const isOpen = judged.some(({ standing: { kind } }) => kind === 'begun' || kind === 'unseen')
  const isSettling = failing !== undefined && settledFailure(setRun) === undefined
  const isOver = !isOpen && (failing !== undefined || judged.every(({ standing }) => standing.kind === 'ended'))
  const stopped = stoppedBecause(scene)
  const members = judged.map(({ member, standing }) => closed(progressOfMember(member, standing, stopped), isOver ? failing : undefined))
  const errands = isSettling ? [] : errandsOf(scene)
  const ready = [...jobs.values()].filter((job) => job.metadata.deletionTimestamp === undefined && isUp(job)).length
  const wakeAt = wakeAtOf(scene, errands)
  return {
    actions: [],
    errands: errands.map((action) => ({ action })),
    status: setRunStatusPatch({ setRun, members, ready, startTime: scene.startTime, failing, isOver, now }),
    events: setRunEvents(setRun, members),
    requeue: wakeAt === undefined ? { kind: 'onChange' } : { kind: 'at', at: wakeAt, because: 'the set runs' },
  }
}

/** Why we call members off. That some are still running when a member has failed does not give the set more time. */
function stoppedBecause({ setRun, terms, startTime, now }: Scene): SetRunReason | undefined {
  const settled = settledFailure(setRun)?.reason
  return settled === 'MemberFailed' && isOutOfTime(terms, startTime, now) ? 'DeadlineExceeded' : settled
}

/** What the list says of a member, as it stands now. */
function progressOfMember({ listed }: Member, standing: MemberStanding, stopped: SetRunReason | undefined): MemberProgress {
  switch (standing.kind) {
    case 'ended':
      return standing.as
    case 'begun':
      return progressOfJob(listed.name, standing.job)
    case 'gone':
      return withoutJob(listed, stopped)
    case 'pending':
      return standing.refused === undefined ? { name: listed.name } : { name: listed.name, reason: 'JobRefused', message: standing.refused.message }
    case 'unseen':
    case 'blocked':
      return listed
  }
}

/** We call off what waits when a run fails, and stop what runs when it is out of time; all else was done by somebody else. */
function withoutJob({ name, uid, startTime }: MemberProgress, stopped: SetRunReason | undefined): MemberProgress {
  const known = { name, ...(uid === undefined ? {} : { uid }), ...(startTime === undefined ? {} : { startTime }) }
  if (stopped !== undefined && startTime === undefined) return { ...known, outcome: 'NotStarted', reason: stopped }
  if (stopped !== undefined && stopped !== 'MemberFailed') return { ...known, outcome: 'Failed', reason: stopped, message: 'it was stopped with the set' }
  return { ...known, outcome: 'Unknown', reason: 'EvidenceGone', message: 'its Job was deleted before its end was seen' }
}

/** A member that has not had its turn when the run has failed never starts. */
function closed(member: MemberProgress, failed: SetRunEnd | undefined): MemberProgress {
  return failed === undefined || member.outcome !== undefined ? member : { name: member.name, outcome: 'NotStarted', reason: failed.reason }
}

function errandsOf(scene: Scene): readonly Action[] {
  const { setRun, judged, failing } = scene
  const { namespace } = setRun.metadata
  const looks = judged.flatMap(({ member, standing }): readonly Action[] =>
    standing.kind === 'unseen' ? [{ verb: 'look', resource: 'jobs', namespace, name: member.jobName, because: 'the Job of a member is in no store' }] : [],
  )
  return [...looks, ...(failing === undefined ? creations(scene) : stops(scene)), ...strays(scene)]
}

/** Sequential: the first member that is not over, if it has no Job yet. Parallel: all that have none. */
function creations({ setRun, terms, judged }: Scene): readonly Action[] {
  if (setRun.spec.suspend === true) return []
  const open = judged.filter(({ standing }) => standing.kind !== 'ended' && standing.kind !== 'gone')
  const due = terms.execution === 'Sequential' ? open.slice(0, 1) : open
  return due.flatMap(({ member: { index, jobName }, standing }) => {
    const template = terms.members[index]?.job
    return standing.kind !== 'pending' || standing.refused !== undefined || template === undefined ? [] : [newMemberJob(setRun, jobName, template)]
  })
}

/** A member that fails lets those run on that have started; a set that is out of time does not. */
function stops(scene: Scene): readonly Action[] {
  const reason = stoppedBecause(scene)
  return scene.judged.flatMap(({ standing }) => {
    if (standing.kind !== 'begun' || standing.job.metadata.deletionTimestamp !== undefined) return []
    if (hasNotStarted(standing.job)) return [stop(standing.job, 'IfUnchanged')]
    return reason === 'MemberFailed' ? [] : [stop(standing.job, 'InAnyCase')]
  })
}

/** Made a second time by somebody who had not seen the first: it is in no list, so it has not started and never will. */
function strays({ judged, jobs }: Scene): readonly Action[] {
  return judged.flatMap(({ member: { listed, jobName } }) => {
    const job = jobs.get(jobName)
    const isListed = (listed.uid === undefined && listed.outcome === undefined) || listed.uid === job?.metadata.uid
    return job === undefined || isListed || job.metadata.deletionTimestamp !== undefined || !hasNotStarted(job) ? [] : [stop(job, 'IfUnchanged')]
  })
}

function wakeAtOf({ terms, judged, jobs, startTime, now }: Scene, errands: readonly Action[]): Instant | undefined {
  const deadline = terms.timeoutSeconds === undefined || isOutOfTime(terms, startTime, now) ? undefined : startTime + terms.timeoutSeconds * second
  const answer = errands.some(({ verb }) => verb === 'create') ? now + answered : undefined
  return earliest(deadline, answer, ...judged.map(({ member, standing }) => {
    if (standing.kind === 'blocked') return standing.until + 1
    if (standing.kind === 'pending') return standing.refused?.retryAt
    return standing.kind === 'begun' && !jobs.has(member.jobName) ? now + freshly : undefined // seen by looks only
  }))
}

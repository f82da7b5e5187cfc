import { type Instant, formatInstant, parseInstant } from '../model/instant.ts'
import { asJson, isSameJson } from '../model/json.ts'
import type { Job, JobCondition, JsonObject } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import { type MemberProgress, progressOf, progressText } from '../model/run-terms.ts'
import type { StatusPatch } from './action.ts'
import { latestEnd } from './set-run-member.ts'
import { outcomeWords } from './schedule-status.ts'

/** Why a run of a set fails, or why it has succeeded. */
export interface SetRunEnd {
  readonly reason: SetRunReason
  readonly message: string
}

/** Reasons of the conditions of a Job that runs a set. */
export type SetRunReason =
  /** Complete: all members have succeeded. */
  | 'MembersSucceeded'
  /** Failed: a member failed, came to its end with errors, did not start in time, or its Job was deleted. */
  | 'MemberFailed'
  /** Failed: the set ran out of time. Kubernetes' own word for it. */
  | 'DeadlineExceeded'
  /** Failed: the copy of the set on the Job is missing, or cannot be read. */
  | 'SnapshotUnreadable'

export interface SetRunState {
  readonly setRun: Job
  readonly members: readonly MemberProgress[]
  /** Pods that are up, by member. */
  readonly ready: number
  readonly startTime: Instant
  /** Undefined: it is not settled that the run fails. */
  readonly failing: SetRunEnd | undefined
  /** Whether nothing of it runs or is going to. */
  readonly isOver: boolean
  readonly now: Instant
}

/**
 * The status of a Job that runs a set, and its list of members, in one write upon this very version. The API server holds others'
 * controllers to what Kubernetes' own does (ValidateJobStatusUpdate): counters never decrease; startTime is set once; conditions
 * that end a Job come with FailureTarget or SuccessCriteriaMet, with a startTime and nothing active; only Complete has a completionTime.
 */
export function setRunStatusPatch(state: SetRunState): StatusPatch {
  const { setRun, members } = state
  const { namespace, name, uid, resourceVersion, annotations } = setRun.metadata
  const live = annotations?.[annotation.progress]
  return {
    resource: 'jobs',
    namespace,
    name,
    uid,
    resourceVersion,
    live: asJson(setRun.status),
    status: statusOf(state),
    annotation: { name: annotation.progress, live, value: live !== undefined && isSameList(setRun, members) ? live : progressText(members) },
  }
}

function isSameList(setRun: Job, members: readonly MemberProgress[]): boolean {
  const listed = progressOf(setRun)
  return listed !== undefined && isSameJson(listed.map(asJson), members.map(asJson))
}

function statusOf(state: SetRunState): JsonObject {
  const { setRun, members, startTime } = state
  const active = members.filter(({ uid, outcome }) => uid !== undefined && outcome === undefined).length
  const live = setRun.status ?? {}
  const isComplete = state.isOver && state.failing === undefined
  const completionTime = isComplete ? formatInstant(Math.max(startTime, latestEnd(members) ?? state.now)) : undefined
  return {
    startTime: live.startTime ?? formatInstant(startTime),
    completionTime,
    active: counter(active),
    ready: Math.min(state.ready, active),
    succeeded: counter(Math.max(live.succeeded ?? 0, members.filter(({ outcome }) => outcome === 'Succeeded').length)),
    failed: counter(Math.max(live.failed ?? 0, failuresOf(members).length)),
    conditions: listed(conditionsOf(state).map(asJson)),
  }
}

/** The API server leaves an empty list out, and a zero. */
function listed<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length === 0 ? undefined : items
}

function counter(value: number): number | undefined {
  return value === 0 ? undefined : value
}

function conditionsOf({ setRun, failing, isOver, now }: SetRunState): readonly JobCondition[] {
  const live = setRun.status?.conditions ?? []
  const at = formatInstant(now)
  const condition = (type: string, { reason, message }: SetRunEnd) => ({ type, status: 'True', lastProbeTime: at, lastTransitionTime: at, reason, message })
  const wanted = failing === undefined
    ? (isOver ? [condition('SuccessCriteriaMet', succeeded), condition('Complete', succeeded)] : [])
    : [condition('FailureTarget', failing), ...(isOver ? [condition('Failed', failing)] : [])]
  return [...live, ...wanted.filter(({ type }) => !live.some((before) => before.type === type && before.status === 'True'))]
}

const succeeded: SetRunEnd = { reason: 'MembersSucceeded', message: 'all members have succeeded' }

/** Members that make the set fail. "Completed with errors" counts as failure; a member that never started does not count. */
export function failuresOf(members: readonly MemberProgress[]): readonly MemberProgress[] {
  return members.filter(({ outcome }) => outcome !== undefined && outcome !== 'Succeeded' && outcome !== 'NotStarted')
}

const longestMessage = 1_000

/** Which members failed and why, in words. */
export function failureOf(members: readonly MemberProgress[]): SetRunEnd {
  const said = failuresOf(members).map(({ name, outcome, reason }) => {
    const words = outcome === undefined || outcome === 'NotStarted' ? 'did not start' : outcomeWords[outcome]
    return `${name} ${words}${reason === undefined ? '' : ` (${reason})`}`
  })
  return { reason: 'MemberFailed', message: said.join('; ').slice(0, longestMessage) }
}

/** That the run fails was settled in an earlier pass. */
export function settledFailure({ status }: Job): SetRunEnd | undefined {
  const target = status?.conditions?.find((condition) => condition.type === 'FailureTarget' && condition.status === 'True')
  if (target === undefined) return undefined
  const reason = reasons.find((known) => known === target.reason) ?? 'MemberFailed'
  return { reason, message: target.message ?? '' }
}

const reasons = ['MemberFailed', 'DeadlineExceeded', 'SnapshotUnreadable'] as const satisfies readonly SetRunReason[]

/** When it began: with its first Job, so that a crash between two writes does not give it more time. */
export function startTimeOf(setRun: Job, jobs: Iterable<Job>, now: Instant): Instant {
  const made = [...jobs].map(({ metadata }) => parseInstant(metadata.creationTimestamp) ?? now)
  return parseInstant(setRun.status?.startTime) ?? Math.min(now, ...made)
}

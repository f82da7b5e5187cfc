import { type Instant, parseInstant } from '../model/instant.ts'
import type { CronJob, Job } from '../model/kubernetes.ts'
import type { MemberRecord, RunRecord } from '../model/status-schema.ts'
import type { ObservedSchedule } from './observed.ts'
import { type Counts, isFinal, isMarked, recordOf, recount, runNameAt, scheduledTime, tellableFrom, timeOf } from './run-record.ts'
import { isSetRun, memberRecords } from './set-run-records.ts'
import { earliest, eps, longestDeadline } from './timing.ts'
import type { Valid } from './verdict.ts'

/** The part of a status that tells of runs. */
export interface RunLedger {
  /** Newest first: the latest ten and those that are not over. */
  readonly runs: readonly RunRecord[]
  readonly counts: Counts
  /** Occurrences up to here have a record or had one. */
  readonly accountedThrough: Instant | undefined
  /** Records whose outcome is news against the status that is there. */
  readonly news: readonly RunRecord[]
  /** When a run whose Job is not in the store can be given up, or one that has just been born is told. */
  readonly next: Instant | undefined
  /** A run has just been born, and nothing else is news: the status waits for what the gate makes of it, until then at the latest. */
  readonly hold: Instant | undefined
}

/** How many records a status holds of runs that are over. */
export const kept = 10
/** What the CRD allows. Runs in progress come first, so it must not be less than `kept`. */
const longestList = 50

/** Names a run of this schedule for people. */
export function runNamer(observed: ObservedSchedule): (at: Instant) => string {
  const spec = observed.spec.ok ? observed.spec.value : undefined
  return (at) => runNameAt(spec?.runName ?? observed.metadata.name, spec?.schedule?.timeZone ?? 'Etc/UTC', at)
}

interface LedgerInput {
  /** Records of occurrences without a Job. */
  readonly extra: readonly RunRecord[]
  readonly accountedThrough: Instant | undefined
  /** Whether the schedule intended a Job that the CronJob controller made for this time, or may have. */
  readonly isPlanned: (scheduledTime: Instant) => boolean
  readonly now: Instant
}

/** The ledger in the status, brought up to what Jobs tell and to `extra` records of occurrences without a Job. */
export function ledger(observed: ObservedSchedule, { extra, accountedThrough, isPlanned, now }: LedgerInput): RunLedger {
  const before = observed.status?.runs ?? []
  const known = new Map(before.map((record) => [identity(record), record]))
  const nameAt = runNamer(observed)
  const fromJobs = jobsToTell(observed, now).map((job) => planned(recordOf(job, nameAt, membersIn(observed, job)), isPlanned))
  const missing = withoutJob(observed, before)
  const gone = missing.filter((record) => visibleFrom(record) < now).map(evidenceGone)
  const news = [...extra, ...fromJobs, ...gone].filter((record) => isNews(known, record))
  const records = new Map(known)
  for (const record of news) {
    records.delete(record.jobName ?? '') // a Job that shows up after its occurrence was recorded as missed
    records.set(identity(record), record)
  }
  const changed = [...records].filter(([key, record]) => previous(known, key, record)?.outcome !== record.outcome)
  const counts = changed.reduce((sum, [key, record]) => recount(sum, previous(known, key, record)?.outcome, record.outcome), observed.status?.counts ?? {})
  const waiting = missing.map(visibleFrom).filter((from) => from >= now)
  const born = earliest(...observed.jobs.map(tellableFrom).filter((from) => from !== undefined && from > now))
  return {
    runs: latest(observed, [...records.values()]),
    counts,
    accountedThrough,
    news: changed.map(([, record]) => record),
    next: earliest(...waiting.map((from) => from + 1), born),
    hold: news.length > 0 ? undefined : born,
  }
}

function membersIn({ membersOf }: ObservedSchedule, job: Job): readonly MemberRecord[] {
  return isSetRun(job) ? memberRecords(job, membersOf(job)) : []
}

/** A run at a time that nobody intended is told as that, and not followed. One that has not started may never do. */
function planned(record: RunRecord, isPlanned: LedgerInput['isPlanned']): RunRecord {
  const at = parseInstant(record.scheduledTime)
  const isBegun = record.outcome !== 'Waiting' && record.outcome !== 'Skipped' && record.outcome !== 'Missed'
  if (at === undefined || !isBegun || isPlanned(at)) return record
  const { reason: _itsOwn, completionTime: _notFollowed, ...begun } = record
  return { ...begun, outcome: 'Unplanned', message: 'its Job was made for a time that the schedule does not intend' }
}

/**
 * A run is recorded when it begins, when it ends, and when why it waits or hangs is another reason: any other write of status in
 * between would tell next to nothing. And the end of a Job is final: one that has not ended comes from a store that is older than
 * the status. So is what was recorded of an occurrence without a Job, as long as its Job only waits: it will not be released.
 */
function isNews(known: ReadonlyMap<string, RunRecord>, record: RunRecord): boolean {
  const itself = known.get(identity(record))
  const before = itself ?? known.get(record.jobName ?? '')
  if (before === undefined) return true
  if (before.outcome === record.outcome) return itself === undefined || (!isFinal(record.outcome) && !saysTheSame(itself, record))
  if (itself === undefined) return record.outcome !== 'Waiting' || !isFinal(before.outcome)
  if (before.outcome === 'Unplanned') return false
  return !isFinal(before.outcome) || before.outcome === 'Unknown' || isFinal(record.outcome)
}

function saysTheSame(before: RunRecord, record: RunRecord): boolean {
  const members = new Map((before.members ?? []).map((member) => [member.name, member]))
  const isSame = before.reason === record.reason && (record.outcome !== 'Waiting' || before.message === record.message)
  return isSame && (record.members ?? []).every((member) => isAsBefore(members.get(member.name), member))
}

/** A member that has just been made starts at once, or says why not: its birth alone is no news. */
function isAsBefore(before: MemberRecord | undefined, { outcome, reason }: MemberRecord): boolean {
  return (before?.outcome === outcome && before.reason === reason) || (outcome === 'Waiting' && reason === undefined)
}

/**
 * Jobs with a record, and as many new ones as the list has room for, oldest first: one that is counted must be listed until it
 * is marked, or the next pass would count it again; and until its end is seen, or that would never be counted. Not those that
 * the gate is about to release.
 */
export function jobsToTell(observed: ObservedSchedule, now: Instant): readonly Job[] {
  const known = new Map((observed.status?.runs ?? []).map((record) => [identity(record), record]))
  const isKnown = ({ metadata }: Job) => known.has(metadata.uid) || known.has(metadata.name)
  const jobs = observed.jobs.filter((job) => now >= (tellableFrom(job) ?? -Infinity))
  const told = jobs.filter(isKnown)
  const mustStay = [...known.values()].filter(keepsItsPlace(observed)).length
  const fresh = jobs.filter((job) => !isMarked(job) && !isKnown(job)).toSorted((a, b) => bornAt(a) - bornAt(b))
  return [...told, ...fresh.slice(0, Math.max(0, longestList - mustStay))]
}

/** When a run was due; one made by hand when it was made. */
export function bornAt(job: Job): Instant {
  return scheduledTime(job) ?? parseInstant(job.metadata.creationTimestamp) ?? 0
}

/** Whether a record must not leave the list yet. */
function keepsItsPlace({ jobs }: ObservedSchedule): (record: RunRecord) => boolean {
  const unmarked = new Set(jobs.filter((job) => !isMarked(job)).map(({ metadata }) => metadata.uid))
  return ({ outcome, jobUID }) => !isFinal(outcome) || (jobUID !== undefined && unmarked.has(jobUID))
}

function identity(record: RunRecord): string {
  return record.jobUID ?? record.jobName ?? record.name
}

function previous(known: ReadonlyMap<string, RunRecord>, key: string, record: RunRecord): RunRecord | undefined {
  return known.get(key) ?? known.get(record.jobName ?? '')
}

/** Runs in progress whose Job is not in the store. */
function withoutJob(observed: ObservedSchedule, before: readonly RunRecord[]): readonly RunRecord[] {
  const present = new Set(observed.jobs.map((job) => job.metadata.uid))
  return before.filter((record) => !isFinal(record.outcome) && record.jobUID !== undefined && !present.has(record.jobUID))
}

/** Every store shows the Job of a run by then: another operator may have recorded what our store does not show yet. */
function visibleFrom(record: RunRecord): Instant {
  return timeOf(record) + longestDeadline + eps
}

/** Nobody can tell any more how it ended. */
function evidenceGone(record: RunRecord): RunRecord {
  return { ...record, outcome: 'Unknown', reason: 'EvidenceGone', message: 'its Job was deleted before its end was seen' }
}

/** Newest first: the latest ten, and older ones that must stay; what must stay has the first claim to the room. */
function latest(observed: ObservedSchedule, records: readonly RunRecord[]): readonly RunRecord[] {
  const sorted = records.toSorted((a, b) => timeOf(b) - timeOf(a) || (identity(a) < identity(b) ? 1 : -1))
  const staying = new Set(sorted.filter(keepsItsPlace(observed)))
  const others = sorted.slice(0, kept).filter((record) => !staying.has(record)).slice(0, Math.max(0, longestList - staying.size))
  const listed = new Set([...staying, ...others])
  return sorted.filter((record) => listed.has(record)).slice(0, longestList)
}

/** How long after its time a Job may still be made, as far as anybody's clock can tell; milliseconds. */
export function patienceOf(cronJob: CronJob, valid: Valid): number {
  return (cronJob.spec.startingDeadlineSeconds ?? valid.workload.deadline) * 1000 + eps
}

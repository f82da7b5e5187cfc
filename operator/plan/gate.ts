import { type Instant, parseInstant, second } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { replacedOf } from '../model/run-terms.ts'
import { type Action, type Errand, type Plan, type Requeue, isHistory, storeLag } from './action.ts'
import { release, removeReplaced, replace, skip, tell, writeTable } from './gate-actions.ts'
import { type Decision, decide } from './gate-decision.ts'
import type { ObservedGate } from './gate-observed.ts'
import { type LockTable, heartbeat, lockTableOf, lockTableText, withHeartbeat } from './lock-table.ts'
import { finalCondition } from './run-record.ts'
import { earliest } from './timing.ts'

/** Telling a thousand runs why they wait must not keep the next one from starting. */
const toldAtOnce = 100

/**
 * What should happen to the runs of a namespace that wait for permission (design/runs.md section 2).
 *
 * Guarantees: whoever is released is in the lock table, which is written first, and only upon the version that was read; each
 * Job is released or skipped once, upon its version. So two operators, an operator that crashes anywhere, and stores that lag
 * never make two holders. Assumes: what was seen finished, gone or skipped stays so.
 */
export function planGate(observed: ObservedGate, now: Instant): Plan {
  if (isTableBehind(observed, now)) return { actions: [], status: undefined, events: [], requeue: { kind: 'at', at: now + storeLag, because: 'the lock table was written and is not seen' } }
  const decision = decide(observed, now)
  const { write, next } = tableWrite(observed, decision, now)
  const isFirst = write !== undefined && observed.lease === undefined
  const errands = errandsOf(observed, isFirst ? { ...decision, released: [] } : decision, now)
  return { actions: write === undefined ? [] : [write], errands, status: undefined, events: [], requeue: requeueOf(earliest(next, decision.wakeAt, recheckAt(observed, now))) }
}

function requeueOf(at: Instant | undefined): Requeue {
  return at === undefined ? { kind: 'onChange' } : { kind: 'at', at, because: 'a run waits' }
}

/** Nothing can be decided on locks while the store shows the table as it was before our own write. */
function isTableBehind({ namespace, lease, learned }: ObservedGate, now: Instant): boolean {
  return lease !== undefined && isHistory(writeTable(namespace, lease, ''), learned.written, now)
}

interface TableWrite {
  readonly write: Action | undefined
  /** When there is one to be made though nothing happens. */
  readonly next: Instant | undefined
}

function tableWrite(observed: ObservedGate, { table, waitingSince }: Decision, now: Instant): TableWrite {
  const { namespace, lease } = observed
  const seen = lease === undefined ? undefined : lockTableOf(lease)
  const before = seen?.kind === 'table' ? seen.table : undefined
  const beatAt = waitingSince === undefined ? undefined : (table.alive ?? -Infinity) + heartbeat
  const isSame = before === undefined ? table.holders.size === 0 && table.rebuiltAt === undefined : lockTableText(table) === lockTableText(before)
  const due = earliest(beatAt, isSame ? undefined : dueAt(observed, before, table))
  if (due === undefined || now < due) return { write: undefined, next: due }
  const text = lockTableText(waitingSince === undefined ? { ...table, down: [] } : withHeartbeat(table, now, waitingSince))
  return { write: writeTable(namespace, lease, text), next: waitingSince === undefined ? undefined : now + heartbeat }
}

/**
 * A run that is seen finished has its locks no more, whatever the table says: to strike it out can wait for the next run that is to be
 * written down. Where runs come one after the other that halves the writes, and nobody waits until their own write is seen.
 */
const strikeOutWithin = 3 * second

/** When a change of the table is to be written at the latest. */
function dueAt({ jobNamed }: ObservedGate, before: LockTable | undefined, table: LockTable): Instant {
  const isGrown = [...table.holders.keys()].some((uid) => before?.holders.has(uid) !== true)
  if (before === undefined || isGrown) return -Infinity
  const ends = [...before.holders.values()].flatMap(({ uid, job }) => (table.holders.has(uid) ? [] : [endOf(uid, jobNamed(job))]))
  return (earliest(...ends) ?? -Infinity) + strikeOutWithin
}

/** By the store, which shows it for some time yet; only seconds are known. */
function endOf(uid: string, job: Job | undefined): Instant {
  const end = job?.metadata.uid === uid ? finalCondition(job) : undefined
  return parseInstant(end?.lastTransitionTime) ?? -Infinity
}

/** Those that start come first. */
function errandsOf(observed: ObservedGate, { released, skipped, replaced, waits, looks }: Decision, now: Instant): readonly Errand[] {
  return [
    ...released.map((run) => ({ action: release(run, observed.lease, now) })),
    ...skipped.map(({ run, skipped: why }) => skip(run, why)),
    ...looks.map((action) => ({ action })),
    ...replaced.map(({ job, by }) => replace(job, by)),
    ...toRemove(observed).filter(observed.isToldReplaced).map(removeReplaced),
    ...waits.slice(0, toldAtOnce).map(tell),
  ]
}

/** Runs whose place another one takes. They go once their story has been told, or nobody could tell it any more. */
function toRemove({ jobs }: ObservedGate): readonly Job[] {
  return jobs.filter((job) => replacedOf(job) !== undefined && job.metadata.deletionTimestamp === undefined && finalCondition(job) === undefined)
}

/** Whether a record tells of it is seen by a store: no longer than a moment later, should its change not wake us. */
function recheckAt(observed: ObservedGate, now: Instant): Instant | undefined {
  return toRemove(observed).length === 0 ? undefined : now + 10 * second
}

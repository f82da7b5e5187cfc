import { type Instant, second } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { replacedOf } from '../model/run-terms.ts'
import { type Action, type Errand, type Plan, type Requeue, isHistory, storeLag } from './action.ts'
import { release, removeReplaced, replace, skip, tell, writeTable } from './gate-actions.ts'
import { type Decision, decide } from './gate-decision.ts'
import type { ObservedGate } from './gate-observed.ts'
import { heartbeat, lockTableOf, lockTableText, withHeartbeat } from './lock-table.ts'
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
  const { write, nextBeat } = tableWrite(observed, decision, now)
  const isFirst = write !== undefined && observed.lease === undefined
  const errands = errandsOf(observed, isFirst ? { ...decision, released: [] } : decision, now)
  return { actions: write === undefined ? [] : [write], errands, status: undefined, events: [], requeue: requeueOf(earliest(nextBeat, decision.wakeAt, recheckAt(observed, now))) }
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
  readonly nextBeat: Instant | undefined
}

function tableWrite({ namespace, lease }: ObservedGate, { table, waitingSince }: Decision, now: Instant): TableWrite {
  const seen = lease === undefined ? undefined : lockTableOf(lease)
  const before = seen?.kind === 'table' ? lockTableText(seen.table) : undefined
  const isBeatDue = waitingSince !== undefined && now >= (table.alive ?? -Infinity) + heartbeat
  const isSame = before === undefined ? table.holders.size === 0 && table.rebuiltAt === undefined : lockTableText(table) === before
  if (isSame && !isBeatDue) return { write: undefined, nextBeat: waitingSince === undefined ? undefined : (table.alive ?? now) + heartbeat }
  const text = lockTableText(waitingSince === undefined ? { ...table, down: [] } : withHeartbeat(table, now, waitingSince))
  return { write: writeTable(namespace, lease, text), nextBeat: waitingSince === undefined ? undefined : now + heartbeat }
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

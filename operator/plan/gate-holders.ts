import { type Instant, second } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { type Look, evidenceKey } from './action.ts'
import { type Freshness, type ObservedGate, freshJob } from './gate-observed.ts'
import type { GatedRun } from './gate-run.ts'
import { type Holder, type LockTable, emptyTable, lockTableOf } from './lock-table.ts'
import { finalCondition, isSkipped } from './run-record.ts'
import { eps } from './timing.ts'

/** Who has which locks, as the table says and Jobs confirm. */
export interface Holding {
  /** Without those that are over, with those that somebody else has released. */
  readonly table: LockTable
  /** Runs that are in progress, as a store says, and not in the table: they count until a look has told. */
  readonly unconfirmed: readonly Holder[]
  readonly looks: readonly Look[]
}

type Named = Pick<Holder, 'uid' | 'job'>

export function holdingNow(observed: ObservedGate, runs: readonly GatedRun[], now: Instant): Holding {
  const running = runs.filter(({ state, wants }) => state === 'running' && wants.length > 0)
  const seen = observed.lease === undefined ? ({ kind: 'absent' } as const) : lockTableOf(observed.lease)
  if (seen.kind === 'table') return confirmed(observed, { table: seen.table, running, now })
  if (seen.kind === 'absent' && running.length === 0) return { table: emptyTable, unconfirmed: [], looks: [] }
  return { table: { ...emptyTable, holders: byUid(running), rebuiltAt: now }, unconfirmed: [], looks: [] }
}

/**
 * A table was lost: what another operator, or an older store of ours, knows to be released may not be in the new one yet. Until
 * all stores show it, and no release is on its way any more, nothing is granted. Undefined: it was not lost lately.
 */
export function rebuiltUntil({ rebuiltAt }: LockTable, now: Instant): Instant | undefined {
  const until = (rebuiltAt ?? -Infinity) + eps
  return now < until ? until : undefined
}

interface Confirming {
  readonly table: LockTable
  readonly running: readonly GatedRun[]
  readonly now: Instant
}

function confirmed(observed: ObservedGate, { table, running, now }: Confirming): Holding {
  const left = [...table.holders.values()].filter((holder) => !isOver(observed, holder) || observed.unfinishedOf(holder.uid).length > 0)
  const foreign = running.filter((run) => !table.holders.has(run.uid) && !isOver(observed, run))
  // Only upon a look at this very moment: or an operator whose store lags would bring back what others have just freed.
  const found = foreign.filter((run) => isThere(observed, run, { now, within: second }))
  const unknown = foreign.filter((run) => !found.includes(run))
  const unseen = left.filter((holder) => !isOver(observed, holder) && observed.jobNamed(holder.job)?.metadata.uid !== holder.uid && !isThere(observed, holder, { now, within: unseenFor }))
  return {
    table: { ...table, holders: byUid([...left, ...found]) },
    unconfirmed: unknown,
    looks: [...unseen.map((holder) => lookAtRun(observed, holder, 'it holds locks and is not seen')), ...unknown.map((run) => lookAtRun(observed, run, 'it runs without having its locks'))],
  }
}

function byUid(holders: readonly Holder[]): ReadonlyMap<string, Holder> {
  return new Map(holders.map(({ uid, job, wants }) => [uid, { uid, job, wants }]))
}

export function lookAtRun({ namespace }: ObservedGate, { uid, job }: Named, because: string): Look {
  return { verb: 'look', resource: 'jobs', namespace, name: job, about: uid, because }
}

/** Whether a run has ended, is gone or never starts: facts that stay, whoever has seen them and when. */
export function isOver(observed: ObservedGate, named: Named): boolean {
  const known = observed.jobNamed(named.job)
  if (known?.metadata.uid === named.uid && isEnded(known)) return true
  const seen = observed.learned.evidence.get(evidenceKey('jobs', observed.namespace, named.job, named.uid))
  return seen?.resource === 'jobs' && (seen.object?.metadata.uid !== named.uid || isEnded(seen.object))
}

function isEnded(job: Job): boolean {
  return finalCondition(job) !== undefined || isSkipped(job)
}

/** How often it is made sure that a holder which no store shows is still there; milliseconds. */
const unseenFor = 30 * second

/** Whether a look has seen it lately, not over. */
function isThere(observed: ObservedGate, named: Named, freshness: Freshness): boolean {
  const seen = freshJob(observed, lookAtRun(observed, named, ''), freshness)
  return seen?.object?.metadata.uid === named.uid && !isEnded(seen.object)
}

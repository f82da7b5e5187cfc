import type { Instant } from '../model/instant.ts'
import { parseInstant } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { type Skipped, replacedOf, waitingOf } from '../model/run-terms.ts'
import { type Look, evidenceKey, postponement } from './action.ts'
import { type Wait, release } from './gate-actions.ts'
import { Claims } from './gate-claims.ts'
import { type Holding, holdingNow, isOver, rebuiltUntil } from './gate-holders.ts'
import { type Judgement, type Scene, judge } from './gate-judgement.ts'
import type { ObservedGate } from './gate-observed.ts'
import { type GatedRun, furtherOn, gatedRunOf, inQueueOrder, ownLock } from './gate-run.ts'
import { hopeless, patienceEnds, untold } from './gate-waiting.ts'
import { type LockTable, TableRoom, downtimes } from './lock-table.ts'
import { earliest } from './timing.ts'

/** What one look at all runs of a namespace finds to be done; nothing of it is done yet. */
export interface Decision {
  /** Everybody who may run has its locks in it. */
  readonly table: LockTable
  readonly released: readonly GatedRun[]
  readonly skipped: readonly { readonly run: GatedRun; readonly skipped: Skipped }[]
  /** What is to be told. */
  readonly waits: readonly Wait[]
  readonly replaced: readonly { readonly job: Job; readonly by: string }[]
  readonly looks: readonly Look[]
  /** When the first of those began to wait that are left waiting. Undefined: none is. */
  readonly waitingSince: Instant | undefined
  readonly wakeAt: Instant | undefined
}

/** More would hold up those that are looked at first. */
const looksAtOnce = 64

export function decide(observed: ObservedGate, now: Instant): Decision {
  const runs = observed.jobs.flatMap((job) => asSeen(observed, job) ?? [])
  const candidates = runs.filter((run) => run.state === 'candidate' && !isOver(observed, run)).toSorted(inQueueOrder)
  const holding = holdingNow(observed, runs, now)
  const scene: Scene = {
    observed,
    now,
    holders: holding.table.holders,
    claims: claimsOf(observed, holding, candidates),
    successors: successorsOf(candidates, now),
    room: new TableRoom(holding.table),
    downtimes: downtimes(holding.table, now),
    rebuiltUntil: rebuiltUntil(holding.table, now),
    refusalOf: (run) => postponement(release(run, observed.lease, now), observed.learned.postponed, now),
  }
  return gathered(scene, holding, candidates.map((run) => judgedInTurn(scene, run)))
}

/** A look may have seen it further on than the store shows. */
function asSeen({ namespace, learned }: ObservedGate, job: Job): GatedRun | undefined {
  const run = gatedRunOf(job)
  if (run === undefined || run.state === 'over') return undefined
  const seen = learned.evidence.get(evidenceKey('jobs', namespace, run.job, run.uid))
  return furtherOn(run, seen?.resource === 'jobs' && seen.object !== undefined ? gatedRunOf(seen.object) : undefined)
}

/** Who has locks before any run that waits is asked about. */
function claimsOf(observed: ObservedGate, { table, unconfirmed }: Holding, candidates: readonly GatedRun[]): Claims {
  const claims = new Claims()
  for (const holder of [...table.holders.values(), ...unconfirmed]) claims.add(holder, 'holds')
  const schedulables = new Map(candidates.flatMap(({ terms: { schedulable, overlapPolicy } }) => (schedulable === undefined || overlapPolicy === 'Allow' ? [] : [[schedulable.uid, schedulable]])))
  for (const schedulable of schedulables.values()) {
    for (const { metadata: { uid, name: job } } of observed.ungatedRunsOf(schedulable)) {
      if (!isOver(observed, { uid, job })) claims.add({ uid, job, wants: [{ lock: ownLock(schedulable), mode: 'Shared' }] }, 'holds')
    }
  }
  return claims
}

/** Of each schedulable the youngest run that waits, if its policy is to wait alone. */
function successorsOf(candidates: readonly GatedRun[], now: Instant): ReadonlyMap<string, GatedRun> {
  const successors = new Map<string, GatedRun>()
  for (const run of candidates) {
    const { schedulable, overlapPolicy } = run.terms
    if (schedulable === undefined || hopeless(run, now) !== undefined) continue
    if (overlapPolicy === 'Queue' || overlapPolicy === 'Replace') successors.set(schedulable.uid, run)
  }
  return successors
}

interface Judged {
  readonly run: GatedRun
  readonly judgement: Judgement
}

/** Those after it see what it came to. */
function judgedInTurn(scene: Scene, run: GatedRun): Judged {
  const judgement = judge(scene, run)
  const isOut = judgement.kind === 'skip' || judgement.kind === 'absent'
  if (!isOut && !scene.holders.has(run.uid)) scene.claims.add(run, judgement.kind === 'release' ? 'holds' : 'waits')
  return { run, judgement }
}

function gathered({ now, downtimes, rebuiltUntil }: Scene, { table, looks }: Holding, judged: readonly Judged[]): Decision {
  const released = judged.flatMap(({ run, judgement }) => (judgement.kind === 'release' ? [run] : []))
  const granted = released.filter(({ wants }) => wants.length > 0).map(({ uid, job, wants }) => [uid, { uid, job, wants }] as const)
  const wanted = [...looks, ...judged.flatMap(({ judgement }) => (judgement.kind === 'look' ? [judgement.look] : []))]
  const waiting = judged.flatMap(({ run, judgement }) => (judgement.kind === 'wait' || judgement.kind === 'replace' ? [{ run, cause: judgement.cause }] : []))
  const replaced = judged.flatMap(({ run, judgement }) => (judgement.kind === 'replace' ? judgement.jobs.map((job) => ({ job, by: run.job })) : []))
  const ends = waiting.map(({ run }) => patienceEnds(run, downtimes, now))
  return {
    table: granted.length === 0 ? table : { ...table, holders: new Map([...table.holders, ...granted]) },
    released,
    skipped: judged.flatMap(({ run, judgement }) => (judgement.kind === 'skip' ? [{ run, skipped: judgement.skipped }] : [])),
    waits: waiting.flatMap(({ run, cause }) => {
      const told = untold(run, cause, now)
      return told === undefined ? [] : [{ run, waiting: { ...told, reason: cause.reason } }]
    }),
    replaced: replaced.filter(({ job }) => replacedOf(job) === undefined),
    looks: [...new Map(wanted.map((look) => [evidenceKey(look.resource, look.namespace, look.name, look.about), look])).values()].slice(0, looksAtOnce),
    waitingSince: waiting.map(({ run }) => parseInstant(waitingOf(run.source)?.since) ?? now).reduce(earliestOf, undefined),
    wakeAt: earliest(waiting.length === 0 ? undefined : rebuiltUntil, after(ends.reduce(earliestOf, undefined))),
  }
}

function earliestOf(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  return earliest(a, b)
}

function after(instant: Instant | undefined): Instant | undefined {
  return instant === undefined ? undefined : instant + 1
}

import type { Instant } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { type Skipped, waitingOf } from '../model/run-terms.ts'
import type { Look, Postponement } from './action.ts'
import type { Claimant, Claims, Obstacle } from './gate-claims.ts'
import { type Clearance, clearanceOf, isSuspicious, skippedBecause } from './gate-clearance.ts'
import { isOver, lookAtRun } from './gate-holders.ts'
import { type ObservedGate, freshJob } from './gate-observed.ts'
import { type GatedRun, gatedRunOf, inQueueOrder, isOwnLock, ownLock } from './gate-run.ts'
import { type WaitingCause, causeOf, hopeless, patienceEnds, tableFull, tableLost, waitedTooLong } from './gate-waiting.ts'
import type { Holder, Span, TableRoom } from './lock-table.ts'

/** Everything that one run is judged by. Runs are judged oldest first, and `claims` knows what those before it came to. */
export interface Scene {
  readonly observed: ObservedGate
  readonly now: Instant
  /** Who is in the lock table, by UID: also runs that were granted their locks and not released yet. */
  readonly holders: ReadonlyMap<string, Holder>
  readonly claims: Claims
  /** By UID of a schedulable, the youngest of its runs that wait. */
  readonly successors: ReadonlyMap<string, GatedRun>
  readonly room: TableRoom
  readonly downtimes: readonly Span[]
  readonly rebuiltUntil: Instant | undefined
  /** What the API server had lately against releasing it. */
  readonly refusalOf: (run: GatedRun) => Postponement | undefined
}

/**
 * - release: it has its locks, or is to be granted them now.
 * - skip: it never starts.
 * - look: only the API server can tell. It keeps its place.
 * - wait: it keeps its place.
 * - replace: it keeps its place, and these have to go.
 * - absent: others need not wait for it, because something else comes first.
 */
export type Judgement =
  | { readonly kind: 'release' }
  | { readonly kind: 'skip'; readonly skipped: Skipped }
  | { readonly kind: 'look'; readonly look: Look }
  | { readonly kind: 'wait'; readonly cause: WaitingCause }
  | { readonly kind: 'replace'; readonly cause: WaitingCause; readonly jobs: readonly Job[] }
  | { readonly kind: 'absent' }

/** The rule book of the gate for one run that waits (design/runs.md section 2), in the order in which its rules count. */
export function judge(scene: Scene, run: GatedRun): Judgement {
  const skipped = hopeless(run, scene.now)
  if (skipped !== undefined) return { kind: 'skip', skipped }
  const isHolder = scene.holders.has(run.uid)
  const obstacle = isHolder ? undefined : scene.claims.obstacleOf(run, waitingOf(run.source))
  const superseded = supersession(scene, run, obstacle)
  if (superseded !== undefined) return superseded
  if (obstacle !== undefined) return blocked(scene, run, obstacle)
  if (scene.rebuiltUntil !== undefined && !isHolder && run.wants.length > 0) return patient(scene, run, tableLost)
  return free(scene, run, isHolder)
}

/** Nothing is in its way. */
function free(scene: Scene, run: GatedRun, isHolder: boolean): Judgement {
  const stop = hindrance(clearanceOf(scene.observed, run, scene.now))
  if (stop !== undefined) return stop
  const refusal = scene.refusalOf(run)
  if (refusal !== undefined) return patient(scene, run, { reason: 'ReleaseRefused', message: `may start, and the API server refuses to let it: ${refusal.message}` })
  if (!isHolder && run.wants.length > 0 && !scene.room.take(run)) return patient(scene, run, tableFull)
  return { kind: 'release' }
}

/** Undefined: it may start. */
function hindrance(clearance: Clearance): Judgement | undefined {
  switch (clearance.kind) {
    case 'clear':
      return undefined
    case 'unknown':
      return { kind: 'look', look: clearance.look }
    case 'notNow':
      return { kind: 'absent' }
    case 'dropped':
      return { kind: 'skip', skipped: clearance.skipped }
  }
}

/**
 * At most one run of a schedule waits: the youngest. With Replace an older one does not even start. The younger one must be
 * certain to want to start, or a Job that is dropped in the end would have cost another its place.
 */
function supersession({ observed, successors, holders, now }: Scene, run: GatedRun, obstacle: Obstacle | undefined): Judgement | undefined {
  const { schedulable, overlapPolicy } = run.terms
  const successor = successors.get(schedulable?.uid ?? '')
  if (successor === undefined || successor.uid === run.uid || overlapPolicy === 'Allow') return undefined
  if (successor.terms.overlapPolicy === 'Queue' && obstacle === undefined) return undefined
  if (inQueueOrder(run, successor) > 0 || holders.has(successor.uid)) return undefined
  const clearance = clearanceOf(observed, successor, now)
  if (clearance.kind === 'unknown') return { kind: 'look', look: clearance.look }
  if (clearance.kind !== 'clear') return undefined
  return { kind: 'skip', skipped: skippedBecause('Superseded', `a later run of the schedule, Job ${successor.job}, took its place`) }
}

/** Something is in its way. */
function blocked(scene: Scene, run: GatedRun, obstacle: Obstacle): Judgement {
  const { observed, now } = scene
  const stop = isSuspicious(observed, run) ? hindrance(clearanceOf(observed, run, now)) : undefined
  if (stop !== undefined) return stop
  if (run.terms.overlapPolicy === 'Skip' && isOwnLock(obstacle.lock)) return stillRunning(scene, obstacle)
  const judgement = patient(scene, run, causeOf(obstacle))
  return run.terms.overlapPolicy === 'Replace' && judgement.kind === 'wait' ? replacing(scene, run, judgement.cause) : judgement
}

/** A store that is behind may show a run that has ended: a run is skipped for one that is there. */
function stillRunning({ observed, now }: Scene, { claimant }: Obstacle): Judgement {
  const look = lookAtRun(observed, claimant, 'a run is to be skipped, unless the previous one is over')
  if (freshJob(observed, look, { now }) === undefined) return { kind: 'look', look }
  return { kind: 'skip', skipped: skippedBecause('StillRunning', `the previous run, Job ${claimant.job}, was not over`) }
}

function patient({ downtimes, now }: Scene, run: GatedRun, cause: WaitingCause): Judgement {
  const end = patienceEnds(run, downtimes, now)
  return end !== undefined && end < now ? { kind: 'skip', skipped: waitedTooLong(run) } : { kind: 'wait', cause }
}

/** Found first, done later: nothing is stopped for a run that would have to wait for others as well, or is not to start. */
function replacing({ observed, claims, now }: Scene, run: GatedRun, cause: WaitingCause): Judgement {
  const { schedulable } = run.terms
  if (schedulable === undefined) return { kind: 'wait', cause }
  const previous = new Set(claims.obstaclesOf({ ...run, wants: [{ lock: ownLock(schedulable), mode: 'Exclusive' }] }).map(({ uid }) => uid))
  const inTheWay = claims.obstaclesOf(run)
  if (inTheWay.some(({ uid, standing }) => standing === 'waits' || !previous.has(uid))) return { kind: 'wait', cause }
  const jobs = [...new Set(inTheWay.flatMap((claimant) => inProgress(observed, claimant) ?? []))]
  const clearance = jobs.length === 0 ? undefined : hindrance(clearanceOf(observed, run, now))
  return clearance ?? { kind: 'replace', cause, jobs }
}

/** Undefined: it is going already, or was never released. */
function inProgress(observed: ObservedGate, claimant: Claimant): Job | undefined {
  const job = observed.jobNamed(claimant.job)
  if (job?.metadata.uid !== claimant.uid || job.metadata.deletionTimestamp !== undefined || isOver(observed, claimant)) return undefined
  return gatedRunOf(job)?.state === 'candidate' ? undefined : job
}

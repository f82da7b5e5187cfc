import { type Instant, parseInstant } from '../model/instant.ts'
import type { CronJob } from '../model/kubernetes.ts'
import { type Action, type Plan, type Requeue, evidenceKey, isRefused } from './action.ts'
import { armedStep } from './armed-step.ts'
import { expressionOf } from './arming.ts'
import { cronJobName, ownerOf, parkPatch, patchCronJob } from './cron-job.ts'
import { cursorOf } from './cursor.ts'
import { firstStep } from './first-step.ts'
import { doubtEnds, doubtOf, homeErrands, withActivation } from './home.ts'
import { housekeeping } from './housekeeping.ts'
import { lateRuns, noLateRuns } from './late-runs.ts'
import type { ObservedSchedule } from './observed.ts'
import { parkedStep, standingOf } from './parked-step.ts'
import { lostRuns, noLostRuns } from './lost-runs.ts'
import { ledger } from './runs.ts'
import { scheduleEvents } from './schedule-events.ts'
import { accountedThroughOf, scheduleStatusOf } from './schedule-status.ts'
import { type Step, cursorNow, lostUntilNow, plannedBy, progressing, step } from './schedule-step.ts'
import { earliest } from './timing.ts'
import { type Verdict, verdictOn } from './verdict.ts'
import { isAheadOfUs, versionsOf } from './versions.ts'
import { withTrust } from './zone-trust.ts'

const statusResources = { ScheduledIntegration: 'scheduledintegrations', IntegrationSet: 'integrationsets' } as const

const nothing: Plan = { actions: [], status: undefined, events: [], requeue: { kind: 'onChange' } }

/** How far apart the objects of one `kubectl apply` can be seen; milliseconds. */
const togetherWithin = 5_000

/** How long the store may take to show a CronJob that a look has seen; milliseconds. */
const storeLag = 30_000

/**
 * What should happen to a schedulable and its CronJob (design/time.md section 4: park, decide, arm).
 *
 * Guarantees: planning on the result of a plan ends in a plan without actions. Every write names the version that it was
 * decided upon. Assumes: the stores have been complete at some time, and lag by less than 90 s.
 */
export function planSchedule(observed: ObservedSchedule, now: Instant): Plan {
  if (observed.metadata.deletionTimestamp !== undefined) return nothing
  const judged = verdictOn(observed)
  const patience = patienceUntil(observed, judged)
  if (patience !== undefined && now < patience) return { ...nothing, requeue: { kind: 'at', at: patience, because: 'its templates may be on their way' } }
  const cronJob = ownCronJob(observed)
  const cursor = cronJob === undefined ? undefined : cursorOf(cronJob)
  if (cursor !== undefined && isAheadOfUs(cursor, observed)) return nothing // I5b: our stores are older than what it was written from
  const doubt = doubtOf(observed, judged, { cursor, now })
  if (doubt !== undefined) return doubt
  const allowed = withActivation(judged, observed, { cursor, now })
  const verdict = cronJob === undefined || cursor === undefined ? allowed : withTrust(allowed, { observed, cronJob, cursor, now })
  const next = withoutRefused(observed, nextStep(observed, verdict, now), now)
  const scene = cronJob === undefined || cursor === undefined ? undefined : { observed, verdict, cronJob, cursor, now }
  const lost = scene === undefined ? noLostRuns : lostRuns(scene)
  const late = scene === undefined || lost.isOpen || next.records.length > 0 ? noLateRuns : lateRuns(scene)
  // What was lost comes before all that can be said of later occurrences.
  const { records, accountedThrough } = lost.isOpen ? lost : { ...next, records: [...next.records, ...late.records] }
  const isPlanned = scene === undefined ? () => true : plannedBy(scene)
  const accounts = ledger(observed, { extra: records, accountedThrough: latestOf(accountedThrough, accountedThroughOf(observed)), isPlanned, now })
  const input = { observed, verdict, cronJob, standing: next.standing, ledger: accounts, now }
  const { namespace, name, uid, resourceVersion } = observed.metadata
  const tidy = cronJob === undefined || records.length > 0 ? undefined : housekeeping(observed, verdict, { cronJob, now })
  const own = [...next.actions, ...(tidy?.actions ?? [])]
  // The gate is about to start a run that has just been born: told a moment later, that is one write instead of two.
  const isHeld = accounts.hold !== undefined && next.actions.length === 0
  const status = { resource: statusResources[observed.kind], namespace, name, uid, resourceVersion, live: observed.rawStatus, status: scheduleStatusOf(input) }
  return {
    // A run that starts late must not wait behind other requests: it could come just before the next one.
    actions: [...own, ...(own.length > 0 ? [] : late.actions)],
    // The pass that sees what the actions did tells it. A refused action does nothing, and that must be told now.
    errands: own.length + late.actions.length > 0 ? [] : homeErrands(observed, { cursor, standing: next.standing, now }),
    status: isHeld || (next.actions.length > 0 && next.standing.kind !== 'stalled') ? undefined : status,
    events: isHeld ? [] : scheduleEvents(input, next),
    requeue: requeueOf(next.standing, earliest(next.wakeAt, tidy?.wakeAt, lost.wakeAt, late.wakeAt, accounts.next, doubtEnds(observed, now))),
  }
}

function requeueOf({ kind }: Step['standing'], wakeAt: Instant | undefined): Requeue {
  return wakeAt === undefined ? { kind: 'onChange' } : { kind: 'at', at: wakeAt, because: kind }
}

function latestOf(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

/** Applied together, a schedule can be seen before its templates: that is no reason for an alarm. Undefined: no patience is due. */
function patienceUntil({ metadata, status }: ObservedSchedule, verdict: Verdict): Instant | undefined {
  if (status !== undefined || verdict.kind !== 'invalid' || !mayBeOnItsWay.has(verdict.reason)) return undefined
  return (parseInstant(metadata.creationTimestamp) ?? 0) + togetherWithin
}

const mayBeOnItsWay: ReadonlySet<string> = new Set(['IntegrationNotFound', 'IntegrationSetNotFound'])

/** The CronJob, if this very schedulable controls it. */
function ownCronJob({ cronJob, metadata }: ObservedSchedule): CronJob | undefined {
  return cronJob?.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === metadata.uid) === true ? cronJob : undefined
}

function nextStep(observed: ObservedSchedule, verdict: Verdict, now: Instant): Step {
  const { cronJob } = observed
  if (cronJob === undefined) return withoutCronJob(observed, verdict, now)
  if (ownCronJob(observed) === undefined) return nameTaken(cronJob)
  if (cronJob.metadata.deletionTimestamp !== undefined) return progressing('waiting until the deleted CronJob is gone')
  const cursor = cursorOf(cronJob)
  if (cursor === undefined || cursor.schedulable.uid !== observed.metadata.uid) return lostCursor(observed, cronJob, verdict, now)
  const scene = { observed, verdict, cronJob, cursor, now }
  return cronJob.spec.suspend === true ? parkedStep(scene) : armedStep(scene)
}

function withoutCronJob(observed: ObservedSchedule, verdict: Verdict, now: Instant): Step {
  if (verdict.kind === 'invalid') return step(standingOf(verdict))
  const { namespace, name } = observed.metadata
  const seen = observed.learned.evidence.get(evidenceKey('cronjobs', namespace, cronJobName(observed.kind, name)))
  if (seen?.object !== undefined && now < seen.at + storeLag) return progressing('waiting until the CronJob is seen', { wakeAt: seen.at + storeLag })
  return firstStep(observed, verdict, now)
}

/** I12: never adopt, never delete and create again. */
function nameTaken({ metadata }: CronJob): Step {
  const message = `the name ${metadata.name} is taken by a CronJob that does not belong to this schedule: delete or rename that CronJob, or give the schedule another name`
  return step({ kind: 'stalled', reason: 'CronJobNameTaken', message })
}

/** The versions that all writes of this pass are made from: a refused write is the same one as long as they are. */
function withBasis(observed: ObservedSchedule, actions: readonly Action[]): readonly Action[] {
  const { schedulable, template, members } = versionsOf(observed)
  const versions = [schedulable, template, ...members].map((version) => `${version?.uid}/${version?.generation}`).join('/')
  return actions.map((action) => (action.verb === 'create' || action.verb === 'patch' ? { ...action, basis: `${action.because.split(':', 1)[0]} ${versions}` } : action))
}

/** The API server refused what is to be written, and will again (too large, a quota, a policy): said, and tried again later. */
function withoutRefused(observed: ObservedSchedule, next: Step, now: Instant): Step {
  const { refused } = observed.learned
  const actions = withBasis(observed, next.actions)
  if (refused === undefined || !actions.some((action) => isRefused(action, refused, now))) return { ...next, actions }
  const message = `the API server refuses to write the CronJob: ${refused.message}`
  return { ...next, actions, standing: { kind: 'stalled', reason: 'CronJobRefused', message }, wakeAt: refused.retryAt }
}

/** Nobody can tell what the CronJob was written from: park it, decide what is in flight, and start from now. */
function lostCursor(observed: ObservedSchedule, cronJob: CronJob, verdict: Verdict, now: Instant): Step {
  const because = 'the cursor of the CronJob is lost'
  const cursor = cursorNow(observed, verdict, { floor: now, suspend: true, expression: expressionOf(cronJob), parkedAt: now, lost: lostUntilNow(observed, verdict, now) })
  const patch = parkPatch(cronJob, cursor, verdict.kind === 'invalid' ? ownerOf(observed) : undefined)
  return progressing(because, { actions: [patchCronJob(cronJob, patch, because)], repaired: because })
}

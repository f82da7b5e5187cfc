import { type Instant, minute, second } from '../model/instant.ts'
import { accountsOf, untoldMatches } from './accounts.ts'
import type { Action } from './action.ts'
import { expressionOf, expressionToArm, farthest, firesNothingElse, floorUnder, horizonOnServer, isExpressionOurs, lookedThrough, quietUntil } from './arming.ts'
import { type Candidate, extraIsNear, isBetter, longestWindow, sameExpression } from './candidates.ts'
import { deadlineField, driftOf, ownerOf, parkPatch, patchCronJob, rewrite } from './cron-job.ts'
import type { Cursor } from './cursor.ts'
import { type Scene, type Step, accountedFrom, cursorNow, frameOf, intendedBy, isEnabled, isNewEpoch, progressing, settledThrough, step } from './schedule-step.ts'
import { nudgeOf } from './nudge.ts'
import type { Horizon } from './static-horizon.ts'
import { earliest, matchesIn, quiet, settledAge } from './timing.ts'
import type { Valid } from './verdict.ts'
import { isMadeFromThese } from './versions.ts'

/** How long an edit waits for a run that both schedules intend: less than a minute, so that it counts from before the next one. Milliseconds. */
const longestWait = 55 * second
/** When an expression that ends is replaced at the very latest, or else parked; milliseconds before. */
const lastMoment = minute

/** What to do about a CronJob that fires. Each line is a rule of design/time.md section 4, the most urgent one first. */
export function armedStep(scene: Scene): Step {
  const { verdict, cronJob, cursor } = scene
  if (cursor.suspend) return repair(scene, 'somebody released the CronJob', 'the CronJob was released by hand and has been suspended again')
  if (!isExpressionOurs(cronJob, cursor)) return repair(scene, 'somebody changed the expression', 'the expression of the CronJob was changed by hand')
  if (verdict.kind === 'invalid') return park(scene, 'the schedule is not valid')
  if (!isEnabled(verdict)) return park(scene, 'the schedule is suspended')
  if (isNewEpoch(scene)) return edit(scene, verdict)
  return steady(scene, verdict)
}

/** Park at once: suspended, the expression unchanged, and nothing up to now is made up for later. */
function park(scene: Scene, because: string): Step {
  return parkWith(scene, { floor: scene.now, lost: [] }, { because, repaired: undefined })
}

/** Somebody made it fire something else: until now the CronJob was not what it is to be. */
function repair(scene: Scene, because: string, repaired: string): Step {
  return parkWith(scene, { floor: scene.now, lost: [{ after: accountedFrom(scene), through: scene.now, reason: 'CronJobLost', hash: scene.cursor.scheduleHash }] }, { because, repaired })
}

/** Nothing more is to fire for a while, though nobody has changed anything: what came to nothing before may still start late. */
function rest(scene: Scene, because: string): Step {
  return parkWith(scene, { floor: scene.cursor.floor, lost: [] }, { because, repaired: undefined })
}

function parkWith(scene: Scene, from: Pick<Cursor, 'floor' | 'lost'>, { because, repaired }: { readonly because: string; readonly repaired: string | undefined }): Step {
  const { observed, verdict, cronJob, cursor, now } = scene
  // With nothing in flight there is nothing to decide, and no second write to note that it is decided.
  const undecided = untold(scene, now + quiet) ? { parkedAt: now, untoldAfter: accountedFrom(scene), untoldHash: cursor.scheduleHash } : { parkedAt: undefined }
  const parked = cursorNow(observed, verdict, { ...from, suspend: true, expression: expressionOf(cronJob), ...undecided, formerHash: cursor.scheduleHash })
  const patch = parkPatch(cronJob, parked, verdict.kind === 'invalid' ? ownerOf(observed) : undefined)
  return progressing(`suspending the CronJob: ${because}`, { actions: [patchCronJob(cronJob, patch, because)], repaired })
}

/** Whether an occurrence up to then is neither told nor has a Job. What somebody else made it match is no occurrence. */
function untold({ observed, cronJob, cursor, verdict }: Scene, through: Instant): boolean {
  if (cursor.suspend || !isExpressionOurs(cronJob, cursor)) return false
  const isIntended = intendedBy(verdict, cursor.scheduleHash)
  return untoldMatches(observed, cronJob, { after: accountedFrom({ observed, cursor }), through }).some(isIntended)
}

/**
 * The schedule was edited. Far from any match of the old expression it is replaced in one write; near one that the new
 * schedule contains as well we let it happen first; otherwise we park.
 */
function edit(scene: Scene, valid: Valid): Step {
  const { observed, cronJob, now } = scene
  const busyUntil = quietUntil(observed, cronJob, now)
  if (busyUntil !== undefined) {
    const near = matchesIn(expressionOf(cronJob), Math.max(lookedThrough(cronJob), now - longestWait), now + quiet, 1)[0]
    const isKept = near !== undefined && valid.rule.occurrences.next(near - 1) === near
    if (isKept) return progressing('the schedule was edited: waiting for the run that is due now', { wakeAt: Math.min(busyUntil, near + longestWait) })
    return park(scene, 'the schedule was edited near a run of the former one')
  }
  if (untold(scene, now)) return park(scene, 'the schedule was edited while it was not known what became of its last runs')
  const candidate = expressionToArm(frameOf(observed, valid, now, cronJob), now)
  if (candidate === undefined) return park(scene, 'the edited schedule has no run in the coming year')
  return progressing('writing the edited schedule', { actions: [arm(scene, valid, candidate, now)] })
}

function arm({ observed, cronJob }: Scene, valid: Valid, candidate: Candidate, after: Instant): Action {
  const floor = floorUnder(candidate, valid.rule, after)
  const cursor = cursorNow(observed, valid, { floor, suspend: false, expression: candidate.expression, parkedAt: undefined })
  return patchCronJob(cronJob, rewrite(cronJob, valid.workload, cursor), `arm: ${candidate.expression.schedule}`)
}

function steady(scene: Scene, valid: Valid): Step {
  const { observed, cronJob, cursor, now } = scene
  const accounts = accountsOf(observed, cronJob, valid, { base: accountedFrom(scene), now })
  const accountedThrough = accounts.through
  if (accounts.records.length > 0) return step({ kind: 'armed' }, { records: accounts.records, accountedThrough, wakeAt: now + second })
  const from = Math.max(cursor.floor, lookedThrough(cronJob), settledThrough(observed))
  const next = valid.rule.occurrences.next(from)
  const horizon = horizonOnServer(cronJob, valid.rule, now)
  const isAboutToStray = horizon?.kind === 'extra' && now >= horizon.at - lastMoment
  if (next === undefined || next - now > farthest) {
    const busyUntil = isAboutToStray ? undefined : quietUntil(observed, cronJob, now)
    // I6: while the controller writes down that it made the last Job, a write would disturb it.
    if (busyUntil !== undefined) return step({ kind: 'armed' }, { accountedThrough, wakeAt: earliest(busyUntil, horizonWake(horizon, now)) })
    return rest(scene, next === undefined ? 'the last run has started' : 'the next run is more than 360 days away')
  }
  const change = wantedChange(scene, valid)
  const busyUntil = change === undefined ? undefined : (quietUntil(observed, cronJob, now) ?? change.notBefore)
  if (change !== undefined && busyUntil === undefined) return step(change.standing, { actions: [change.action], repaired: change.repaired, distrusts: cursor.distrusted === valid.distrusted ? undefined : valid.distrusted })
  if (isAboutToStray) return rest(scene, 'it is about to fire at a time that the schedule does not intend')
  // Also while a change waits: the controller may be backing off, and would go past one match after the other.
  const nudge = nudgeOf(scene)
  const wakeAt = earliest(accounts.next, nudge.at, busyUntil, horizonWake(horizon, now))
  return step(change?.standing ?? { kind: 'armed' }, { actions: nudge.actions, accountedThrough, wakeAt })
}

interface Change {
  readonly standing: Step['standing']
  readonly action: Action
  readonly repaired: string | undefined
  readonly notBefore: Instant | undefined
}

/** A write that is due on an armed CronJob: what differs from what we would write, or an expression that stays exact longer. */
function wantedChange(scene: Scene, valid: Valid): Change | undefined {
  const { observed, cronJob, cursor, now } = scene
  const better = betterExpression(scene, valid)
  // What became of the matches of this expression is known only as long as it is there, should an edit come next.
  if (better !== undefined && !untold(scene, now)) return { standing: { kind: 'armed' }, action: arm(scene, valid, better, cursor.floor), repaired: undefined, notBefore: undefined }
  const drift = driftOf(cronJob, valid.workload, cursor)
  if (drift.length === 0) return undefined
  // I2: with a longer deadline than it has now, the controller would look back to what it was too late for.
  const isSafe = firesNothingElse(frameOf(observed, valid, cursor.floor, cronJob), cursor.expression, now)
  const isOurs = !isMadeFromThese(cursor, observed)
  return {
    standing: { kind: 'progressing', message: `updating ${drift.join(', ')} of the CronJob` },
    action: patchCronJob(cronJob, rewrite(cronJob, valid.workload, cursorNow(observed, valid, { floor: cursor.floor, suspend: false, expression: cursor.expression, parkedAt: undefined })), `update: ${drift.join(', ')}`),
    notBefore: isSafe || !drift.includes(deadlineField) ? undefined : now + settledAge,
    repaired: isOurs ? undefined : `${drift.join(', ')} of the CronJob was changed by hand and has been restored`,
  }
}

/** Windows are replaced when the static expression can take over, or when they run out. */
function betterExpression({ observed, cronJob, cursor, now }: Scene, valid: Valid): Candidate | undefined {
  const current = horizonOnServer(cronJob, valid.rule, now)
  if (current === undefined || isFarBeyondEnd(current, valid, now)) return undefined
  const candidate = expressionToArm(frameOf(observed, valid, cursor.floor, cronJob), now)
  if (candidate === undefined || sameExpression(candidate.expression, cursor.expression)) return undefined
  return isBetter(candidate.horizon, current, now) ? candidate : undefined
}

/**
 * Only strays when all is long over, and the CronJob parked: the dates of a window come again a year later. The rest of the window
 * would stray a few days after that, and so each day.
 */
function isFarBeyondEnd({ kind, at }: Horizon, { rule }: Valid, now: Instant): boolean {
  return kind === 'extra' && at - now > longestWindow.span && rule.occurrences.next(at - 1) === undefined
}

/**
 * I3: when the expression on the server may have to be replaced, though nothing happens until then. Windows are replaced once
 * their last match has been; every match is followed by a pass.
 */
function horizonWake(horizon: Horizon | undefined, now: Instant): Instant | undefined {
  if (horizon === undefined) return undefined
  const leads = horizon.kind === 'extra' ? [extraIsNear, lastMoment] : [lastMoment]
  return leads.map((lead) => horizon.at - lead).find((wake) => wake > now)
}

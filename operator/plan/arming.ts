import { type Instant, minute, parseInstant } from '../model/instant.ts'
import type { CronJob, Job } from '../model/kubernetes.ts'
import { type Evidence, evidenceKey } from './action.ts'
import { type Candidate, candidatesFrom, horizonOf, isBetter } from './candidates.ts'
import type { Cursor, Expression } from './cursor.ts'
import type { ObservedSchedule } from './observed.ts'
import { jobNameAt } from './run-record.ts'
import type { PlannableRule } from './schedule-rule.ts'
import type { Horizon } from './static-horizon.ts'
import { eps, matchAfter, matchesIn, quiet, settledAge } from './timing.ts'

/** An occurrence more than this far away is waited for with the CronJob parked: a date-specific expression repeats each year. */
export const farthest = 360 * 24 * 3_600_000

/** Up to when the CronJob controller has looked (`L` in design/time.md). */
export function lookedThrough(cronJob: CronJob): Instant {
  return parseInstant(cronJob.status?.lastScheduleTime) ?? parseInstant(cronJob.metadata.creationTimestamp) ?? 0
}

export function expressionOf(cronJob: CronJob): Expression {
  return { schedule: cronJob.spec.schedule, timeZone: cronJob.spec.timeZone ?? 'Etc/UTC' }
}

/** What is known of one match of the expression that is on the server. */
export type Settlement = { readonly settled: true } | { readonly settled: false; readonly until: Instant; readonly look: string | undefined }

/**
 * I4: a match is settled when the controller has recorded it; or its Job is there and old enough that everyone has seen it;
 * or it can start no more. `until` is when to ask again, `look` the Job whose absence or presence decides.
 */
export function settlementOf(observed: ObservedSchedule, cronJob: CronJob, match: Instant, now: Instant): Settlement {
  if (lookedThrough(cronJob) >= match) return { settled: true }
  const gone = match + (cronJob.spec.startingDeadlineSeconds ?? 300) * 1000 + eps
  if (now > gone) return { settled: true }
  const name = jobNameAt(cronJob.metadata.name, match)
  const job = jobNamed(observed, cronJob, name)
  const born = parseInstant(job?.metadata.creationTimestamp)
  if (born !== undefined && now >= born + settledAge) return { settled: true }
  return { settled: false, until: born === undefined ? gone + 1 : born + settledAge, look: born === undefined ? name : undefined }
}

/** A Job of this CronJob, from the store or from what a look saw. */
export function jobNamed(observed: ObservedSchedule, cronJob: CronJob, name: string): Job | undefined {
  const cached = observed.jobs.find((job) => job.metadata.name === name)
  if (cached !== undefined) return cached
  const seen = evidenceOf(observed, name)?.object
  const controlled = seen?.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === cronJob.metadata.uid)
  return controlled === true ? seen : undefined
}

export function evidenceOf(observed: ObservedSchedule, jobName: string): Extract<Evidence, { readonly resource: 'jobs' }> | undefined {
  const evidence = observed.learned.evidence.get(evidenceKey('jobs', observed.metadata.namespace, jobName))
  return evidence?.resource === 'jobs' ? evidence : undefined
}

/** I6: when an armed CronJob may be written (other than to park it): now, or not before `until`. */
export function quietUntil(observed: ObservedSchedule, cronJob: CronJob, now: Instant): Instant | undefined {
  const expression = expressionOf(cronJob)
  const past = matchesIn(expression, Math.max(lookedThrough(cronJob), now - (cronJob.spec.startingDeadlineSeconds ?? 300) * 1000 - eps), now, 1).at(-1)
  if (past !== undefined) {
    const settlement = settlementOf(observed, cronJob, past, now)
    if (!settlement.settled) return settlement.until
  }
  const [coming] = matchesIn(expression, now, now + quiet)
  return coming === undefined ? undefined : coming + settledAge
}

/** Matches from then on are those that the controller may have acted upon, or may act upon still, around a park. */
export function inFlightAfter(cronJob: CronJob, parkedAt: Instant): Instant {
  return Math.max(lookedThrough(cronJob), parkedAt - (cronJob.spec.startingDeadlineSeconds ?? 300) * 1000 - eps)
}

/** Which occurrences an arm may let happen. */
export interface ArmingFrame {
  readonly rule: PlannableRule
  /** Strictly later occurrences only. */
  readonly floor: Instant
  /** Occurrences up to here have come to something already. */
  readonly settledThrough: Instant
  /** `L` of the object version that is written; the time of writing for a new CronJob. */
  readonly lookedThrough: Instant
  /** The native deadline to be written; seconds. */
  readonly deadline: number
}

/**
 * I2: of all that the controller would consider due at once, and of all that comes due while clocks disagree, every match is
 * an intended occurrence, after the floor, that has come to nothing yet.
 */
export function firesNothingElse(frame: ArmingFrame, expression: Expression, now: Instant): boolean {
  const after = Math.max(frame.lookedThrough, now - frame.deadline * 1000 - eps)
  return matchesIn(expression, after, now + eps).every(
    (match) => match > frame.floor && match > frame.settledThrough && frame.rule.occurrences.next(match - 1) === match,
  )
}

/** The expression to arm with: exact the longest among those that fire nothing else; undefined when nothing is near enough. */
export function expressionToArm(frame: ArmingFrame, now: Instant): Candidate | undefined {
  const first = firstToFire(frame, now)
  if (first === undefined || first - now > farthest) return undefined
  return candidatesFrom(frame.rule, first, now)
    .filter(({ expression }) => firesNothingElse(frame, expression, now))
    .reduce<Candidate | undefined>((best, next) => (best === undefined || isBetter(next.horizon, best.horizon, now) ? next : best), undefined)
}

/**
 * The floor of a CronJob that gets this expression: its matches after the floor are occurrences. A cron that takes over shortly
 * before startDate has matches before it, which nobody may ever take for occurrences that came to nothing.
 */
export function floorUnder({ expression }: Candidate, { occurrences }: PlannableRule, floor: Instant): Instant {
  const first = occurrences.next(floor)
  const match = matchAfter(expression, floor)
  return first !== undefined && match !== undefined && match < first ? first - minute : floor
}

/** The first occurrence that the controller can still fire when it is armed now. */
function firstToFire({ rule, floor, settledThrough, lookedThrough: looked, deadline }: ArmingFrame, now: Instant): Instant | undefined {
  return rule.occurrences.next(Math.max(floor, settledThrough, looked, now - deadline * 1000))
}

/** Until when the expression on the server is exact. */
export function horizonOnServer(cronJob: CronJob, rule: PlannableRule, now: Instant): Horizon | undefined {
  return horizonOf(expressionOf(cronJob), rule, Math.max(now, lookedThrough(cronJob)))
}

/** The expression that a CronJob carries while nothing is to fire: the rule's own, or the window of its first or last date. */
export function restingExpression(rule: PlannableRule, now: Instant): Expression {
  if (rule.static !== undefined) return rule.static
  const next = rule.occurrences.next(now) ?? rule.occurrences.end ?? rule.occurrences.anchor ?? now
  const first = rule.occurrences.next(next - 1) ?? next
  return candidatesFrom(rule, first, now).at(-1)?.expression ?? { schedule: '0 0 1 1 *', timeZone: 'Etc/UTC' }
}

/** Whether what we last wrote is what is there. */
export function isExpressionOurs(cronJob: CronJob, cursor: Cursor): boolean {
  const there = expressionOf(cronJob)
  return there.schedule === cursor.expression.schedule && there.timeZone === cursor.expression.timeZone
}

/** First match on the server strictly after an instant. */
export function nextOnServer(cronJob: CronJob, after: Instant): Instant | undefined {
  return matchAfter(expressionOf(cronJob), after)
}

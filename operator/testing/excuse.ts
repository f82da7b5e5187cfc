import { type Instant, minute, parseInstant, second } from '../model/instant.ts'
import { scheduledTimestampAnnotation } from '../model/names.ts'
import { eps, nudgeDelay } from '../plan/timing.ts'
import { objectsIn, textOf } from './json-reading.ts'
import type { Life } from './life.ts'
import { type Born, type Segment, type Version, isOccurrence } from './told.ts'

/**
 * Everything that the judges forgive, and nothing is forgiven anywhere else. Each excuse is as wide as the delays of the very
 * life that is judged, so that it cannot hide more than they explain; `hack/model` counts how often each was used.
 *
 * - reaction: what was wanted until a moment ago may still run. The operator has to see the change, see its CronJob as it is,
 *   and write; the controller has to see that.
 * - byHand: a run that somebody caused who wrote to the CronJob himself.
 * - deleted: a controller that has not seen yet that its CronJob is gone makes the Job again which the garbage collector removed; and an
 *   operator arms the CronJob of a schedule that it has not seen going, when it may start at the same moment.
 * - held: an edit and the deletion of the template can be seen in the other order.
 * - horizon: the operator was dead when its expression stopped being exact, and a status had said when that would be. What ran
 *   then was not wanted; and what should have run is forgotten if the schedule was edited before the operator was back.
 * - forgotten: the same where it died with the CronJob parked, between a park and what follows it.
 * - superseded: edited again within three minutes, before the first edit could be in force: only its hash is known by then.
 * - crowd: what waits for a worker of the controller for minutes need not be fired by it.
 * - shortDeadline: within 20 s nobody is reminded, so a controller can lose a match that could not write down the one before, or whose
 *   view is older than the deadline; and the first match of a window is lost when all are so late that the deadline is over before the
 *   window is there.
 * - evidence: the controller kept its 25 Jobs, and removed others that the operator was too long away to see, or to see the end of.
 * - unsettled: what counts from when is for the operator to say where users changed their minds, or somebody repaired something;
 *   it may wait a minute for a run before it writes an edit. What they changed back before it looked it need not have seen.
 */
export interface Verdicts {
  readonly life: Life
  readonly segments: readonly Segment[]
  readonly statuses: readonly Version[]
}

/** From a change to the write that it leads to, if the operator runs; milliseconds. Four requests, and a lost one with its backoff. */
export function reaction({ delays: { seen, children, request, skew, collection } }: Life): number {
  return seen + children + 5 * request + 5 * second + skew + collection
}

/** From that write until the controller fires nothing that it has undone; milliseconds. */
export function firing({ delays: { controller, skew } }: Life): number {
  return controller + skew + second
}

function excused(life: Life, excuse: string): true {
  life.cluster.tally.add(`excuse: ${excuse}`)
  return true
}

/** Whether a match may still have been fired although it has not been wanted any more from an instant on. */
export function isSoonAfter(life: Life, change: Instant, match: Instant): boolean {
  if (match <= change) return true
  return match <= change + reaction(life) + firing(life) + downtime(life, change, match) && excused(life, 'reaction')
}

function downtime({ operatorDown }: Life, from: Instant, until: Instant): number {
  return operatorDown.reduce((sum, down) => sum + Math.max(0, Math.min(until, down.until) - Math.max(from, down.from)), 0)
}

export function isByHand(life: Life, match: Instant, bornAt: Instant): boolean {
  return life.byHand.some((hand) => bornAt >= hand && isSoonAfter(life, hand, match)) && excused(life, 'byHand')
}

export function isEvidenceGone(life: Life, { isRemovedUnmarked, endedAt, removedAt }: Born): boolean {
  return life.operatorDown.some(({ from, until }) => from <= endedAt && (until >= removedAt || (isRemovedUnmarked && until >= endedAt))) && excused(life, 'evidence')
}

export function isOfDeleted(life: Life, match: Instant, bornAt: Instant): boolean {
  return life.deleted.some((at) => bornAt >= at && isSoonAfter(life, at, match)) && excused(life, 'deleted')
}

export function isHeld(life: Life, { held, from }: Segment, match: Instant): boolean {
  return match > from && isOccurrence(held, match) && isSoonAfter(life, life.templateGoneAt, match) && excused(life, 'held')
}

/** By an operator that has seen what lets it go, and not yet that it is gone: those are of different watches. */
export function isArmedOfDeleted(life: Life, armedAt: Instant): boolean {
  return life.deleted.some((at) => armedAt >= at && armedAt <= at + reaction(life)) && excused(life, 'deleted')
}

/** What was told last of the expression that is still there, before the operator died, says that it would be wrong by now. */
export function isBeyondHorizon({ life, statuses }: Verdicts, match: Instant): boolean {
  const down = life.operatorDown.find(({ from, until }) => from <= match && until + reaction(life) >= match)
  const told = down === undefined ? undefined : statuses.findLast(({ at, status }) => at <= down.from && textOf(status?.exactUntil) !== '')
  const exactUntil = parseInstant(textOf(told?.status?.exactUntil))
  return exactUntil !== undefined && exactUntil <= match && expressionAt(life, told?.at ?? 0) === expressionAt(life, match) && excused(life, 'horizon')
}

/** As it was then; of several that were deleted and made again the latest. */
function cronJobAt({ history }: Life['cluster'], instant: Instant) {
  return history.findLast(({ at, resource }) => resource === 'cronjobs' && at <= instant)?.after
}

function expressionAt({ cluster }: Life, instant: Instant): string {
  const { schedule, timeZone } = cronJobAt(cluster, instant)?.spec ?? {}
  return JSON.stringify([schedule, timeZone])
}

function isForgotten({ wishes, operatorDown }: Life, match: Instant): boolean {
  const back = operatorDown.find(({ from, until }) => from <= match && until >= match)?.until ?? -Infinity
  return wishes.some(({ from }) => from > match && from <= back)
}

function isParkedAt(life: Life, match: Instant): boolean {
  return isSuspendedAt(life, match) && excused(life, 'forgotten')
}

function isSuspendedAt({ cluster }: Life, match: Instant): boolean {
  return cronJobAt(cluster, match)?.spec.suspend === true
}

/** Whether the schedule of this segment was never in force, and soon another took its place. */
export function isSuperseded({ life }: Verdicts, { from, until }: Segment, match: Instant): boolean {
  const isArmed = life.cluster.history.some(({ at, resource, after }) => resource === 'cronjobs' && at > from && at < until && after?.spec.suspend === false)
  return until - from <= 3 * minute && until <= life.cluster.now && !isArmed && isSuspendedAt(life, match) && excused(life, 'superseded')
}

/** What counts from when is for the operator to say: it sees a change when it runs. */
export function observedFrom(life: Life, change: Instant): Instant {
  const outages = life.operatorDown.filter((down) => down.from <= change + reaction(life) && down.until > change)
  return Math.max(change, ...outages.map(({ until }) => until)) + reaction(life)
}

/** Whether nothing was in the way of firing a match: everybody ran, and nobody changed anything nearby. */
export function isCalm(verdicts: Verdicts, match: Instant): boolean {
  const { life } = verdicts
  const { delays: { queue, skew }, wishes, byHand, controllerDown, operatorDown } = life
  if (queue > 0) return !excused(life, 'crowd')
  const from = match - reaction(life) - 3 * minute
  const until = match + 3 * second + 2 * skew
  const isWithin = (instant: Instant) => instant > from && instant <= until
  if (wishes.some((wish) => isWithin(wish.from)) || byHand.some(isWithin)) return !excused(life, 'unsettled')
  if (isTooShort(life, match)) return !excused(life, 'shortDeadline')
  if (controllerDown.some((down) => down.from <= until && down.until + reaction(life) >= match)) return false
  return operatorDown.every((down) => down.from > until || down.until < from || isArmedFor(verdicts, down.from, match))
}

function isTooShort(life: Life, match: Instant): boolean {
  const { cluster, delays } = life
  const cronJob = cronJobAt(cluster, match)
  const deadline = Number(cronJob?.spec.startingDeadlineSeconds ?? 0) * second
  if (cronJob === undefined) return false
  if (deadline < reaction(life) + firing(life) && expressionAt(life, match) !== expressionAt(life, match + deadline)) return true
  if (deadline > nudgeDelay) return false
  if (delays.controller > deadline) return true
  const looked = parseInstant(textOf(cronJob.status?.lastScheduleTime)) ?? parseInstant(cronJob.metadata.creationTimestamp) ?? 0
  return cluster.history.some(({ at, resource, before, after }) => {
    const made = resource === 'jobs' && before === undefined && at <= match ? parseInstant(after?.metadata.annotations?.[scheduledTimestampAnnotation]) : undefined
    return made !== undefined && made > looked && made < match
  })
}

/** Whether what the status said when the operator died promises this match without it. */
function isArmedFor({ life, statuses }: Verdicts, died: Instant, match: Instant): boolean {
  const { at = -Infinity, status } = statuses.findLast((version) => version.at <= died) ?? {}
  const conditions = objectsIn(status?.conditions)
  const isReady = conditions.some(({ type, status: value }) => type === 'Active' && value === 'True') && !conditions.some(({ type }) => type === 'Reconciling')
  const isUndisturbed = (instant: Instant) => instant < at - reaction(life) || instant > match
  const exactUntil = parseInstant(textOf(status?.exactUntil)) ?? Infinity
  return isReady && match < exactUntil && life.wishes.every(({ from }) => isUndisturbed(from)) && [...life.byHand, ...life.operatorDown.map((down) => down.until)].every(isUndisturbed)
}

/** Whether the record of an occurrence is due: not near a change of mind, not before a repair, not of a schedule that is gone. */
export function isToBeRecorded(verdicts: Verdicts, match: Instant, deadline: number): boolean {
  const { life } = verdicts
  const wait = accountedAfter(life, deadline)
  const isSpoilt = (hand: Instant) => match > hand - wait && match < observedFrom(life, hand) + 3 * minute // what comes before a repair is not made up for
  if (life.byHand.some(isSpoilt) || life.deleted.some((at) => at > match && at < observedFrom(life, match + wait))) return !excused(life, 'unsettled')
  return match < life.cluster.now - wait && !(isForgotten(life, match) && (isBeyondHorizon(verdicts, match) || isParkedAt(life, match)))
}

/** After this everything about an occurrence is known and written down: it can start no more, neither by the controller nor late. */
function accountedAfter(life: Life, deadline: number): number {
  return 5 * minute + eps + reaction(life) + deadline + 3 * minute
}

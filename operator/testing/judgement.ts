import { type Instant, parseInstant, second } from '../model/instant.ts'
import { isSameJson } from '../model/json.ts'
import { jobNameAt } from '../plan/run-record.ts'
import { eps, matchesIn, quiet, settledAge } from '../plan/timing.ts'
import { type Verdicts, isBeyondHorizon, isByHand, isCalm, isHeld, isOfDeleted, isSoonAfter, observedFrom, reaction } from './excuse.ts'
import { unmended } from './judgement-of-late-runs.ts'
import { breaches } from './judgement-of-parks.ts'
import { unrecorded } from './judgement-of-records.ts'
import { objectsIn, textOf } from './json-reading.ts'
import type { Life } from './life.ts'
import { type Born, isOccurrence, jobsOf, occurrencesIn, segmentsOf, statusOf, statusesOf, text } from './told.ts'
import type { ServerObject } from './virtual-api-server.ts'

/** Everything that is wrong with a life, as sentences (design/time.md sections 4 and 5). What is forgiven stands in excuse.ts. */
export function faultsOf(life: Life): readonly string[] {
  const verdicts = { life, segments: segmentsOf(life), statuses: statusesOf(life) }
  const jobs = jobsOf(life)
  return [
    ...[...life.cluster.operator.bugs, ...life.cluster.rival.bugs].map((bug) => `a plan threw: ${bug}`),
    ...phantoms(verdicts, jobs),
    ...twins(life, jobs),
    ...breaches(verdicts, jobs),
    ...unfired(verdicts, jobs),
    ...hasty(life),
    ...manyDue(life),
    ...unmended(verdicts, jobs),
    ...unrecorded(verdicts, jobs),
    ...unfinished(verdicts),
    ...busy(life),
  ]
}

/** Runs that nobody wanted at their time, nor so shortly before that the cluster could not know yet. */
function phantoms(verdicts: Verdicts, jobs: readonly Born[]): readonly string[] {
  const { life, segments } = verdicts
  const isWanted = (match: Instant) =>
    segments.some((segment) => match > segment.from - life.delays.skew && isOccurrence(segment.occurrences, match) && isSoonAfter(life, segment.until, match))
  return jobs
    .filter(({ match, at }) => !isWanted(match) && !isByHand(life, match, at) && !segments.some((segment) => isHeld(life, segment, match)) && !isBeyondHorizon(verdicts, match))
    .map(({ match, at }) => `nobody wanted the run of ${text(match)} that started at ${text(at)}`)
}

function twins(life: Life, jobs: readonly Born[]): readonly string[] {
  const seen = new Set<Instant>()
  return jobs.flatMap(({ match, at }) => {
    if (!seen.has(match)) {
      seen.add(match)
      return []
    }
    return isByHand(life, match, at) || isOfDeleted(life, match, at) ? [] : [`the occurrence of ${text(match)} was fired again at ${text(at)}`]
  })
}

function unfired(verdicts: Verdicts, jobs: readonly Born[]): readonly string[] {
  const { life, segments } = verdicts
  const fired = new Set(jobs.map(({ match }) => match))
  const wanted = segments.flatMap(({ occurrences, from, until }) => occurrencesIn(occurrences, observedFrom(life, from), Math.min(until - 1, life.cluster.now - 120 * second)))
  life.cluster.tally.add('judged: occurrences', wanted.length)
  const calm = wanted.filter((match) => isCalm(verdicts, match))
  life.cluster.tally.add('judged: occurrences that had to be fired', calm.length)
  return calm.filter((match) => !fired.has(match)).map((match) => `${text(match)} was not fired though nothing was in the way`)
}

/**
 * Writes to an armed CronJob, other than to park it and to remind its controller, while it may be making a Job: they are what
 * its broken repair path is about (I6). Decided half a minute before a match, they land a request later.
 */
function hasty(life: Life): readonly string[] {
  return life.cluster.history.flatMap(({ at, resource, before, after }) => {
    if (resource !== 'cronjobs' || before === undefined || after === undefined || life.byHand.includes(at)) return []
    if (before.spec.suspend === true || after.spec.suspend === true || isSameJson(before.spec, after.spec)) return []
    const match = unsettledMatch(life, before, at)
    return match === undefined ? [] : [`the CronJob was written at ${text(at)}, too close to ${text(match)}`]
  })
}

function unsettledMatch({ cluster, delays: { request, skew } }: Life, cronJob: ServerObject, now: Instant): Instant | undefined {
  const expression = { schedule: textOf(cronJob.spec.schedule), timeZone: textOf(cronJob.spec.timeZone) }
  const looked = parseInstant(textOf(cronJob.status?.lastScheduleTime)) ?? parseInstant(cronJob.metadata.creationTimestamp) ?? 0
  const patience = Number(cronJob.spec.startingDeadlineSeconds) * second + eps - skew
  const match = matchesIn(expression, Math.max(looked, now - patience), now + quiet - skew - request - 3 * second, 1).at(-1)
  if (match === undefined || match > now) return match
  const born = cluster.history.find(({ resource, before, after }) => resource === 'jobs' && before === undefined && after?.metadata.name === jobNameAt('nightly', match))
  return born !== undefined && now >= born.at + settledAge - second - skew ? undefined : match
}

/** I9: with a deadline below the gap between two matches at most one of them is ever due, of which no guess can go wrong. */
function manyDue(life: Life): readonly string[] {
  const seen = new Set<string>()
  return life.cluster.history.flatMap(({ at, resource, after }) => {
    if (resource !== 'cronjobs' || after === undefined || after.spec.suspend === true || life.byHand.length > 0) return []
    const { schedule, timeZone, startingDeadlineSeconds } = after.spec
    const key = JSON.stringify([schedule, timeZone, startingDeadlineSeconds])
    if (seen.has(key)) return []
    seen.add(key)
    const matches = matchesIn({ schedule: textOf(schedule), timeZone: textOf(timeZone) }, at, at + 3_600 * second)
    const isCrowded = matches.some((match, index) => match - (matches[index - 1] ?? -Infinity) <= Number(startingDeadlineSeconds) * second)
    return isCrowded ? [`with a deadline of ${Number(startingDeadlineSeconds)} s two matches of ${textOf(schedule)} are due at once`] : []
  })
}

/** In the end the CronJob is as it should be, and the conditions say so. */
function unfinished({ life, segments }: Verdicts): readonly string[] {
  const lasting = life.cluster.now - 300 * second - reaction(life) // an occurrence can be on its way at the very end
  const reconciling = objectsIn(statusOf(life)?.conditions).find(({ type, lastTransitionTime }) => type === 'Reconciling' && (parseInstant(textOf(lastTransitionTime)) ?? 0) < lasting)
  const cronJob = life.cluster.server.get('cronjobs', 'nightly')
  const next = segments.at(-1)?.occurrences?.next(life.cluster.now)
  const hasHadLast = segments.at(-1)?.occurrences?.next(lasting) === undefined
  const isFar = next !== undefined && next - life.cluster.now > 359 * 86_400 * second
  return [
    ...(reconciling === undefined ? [] : [`it is still under way: ${textOf(reconciling.message)}`]),
    ...(hasHadLast && cronJob?.spec.suspend === false ? ['the CronJob is armed though nothing is to run'] : []),
    ...(next !== undefined && !isFar && cronJob?.spec.suspend !== false ? ['the CronJob is parked though something is to run'] : []),
  ]
}

/** A loop that feeds on itself makes hundreds of passes a minute. */
function busy({ cluster, wishes }: Life): readonly string[] {
  const passes = cluster.operator.passes.length
  const changes = cluster.history.length
  const refused = cluster.operator.passes.filter((outcome) => outcome === 'stalled').length
  return [
    ...(passes > 40 * (changes + wishes.length) + 400 ? [`${passes} passes for ${changes} changes`] : []),
    ...(refused > 0 ? [`${refused} writes were refused as invalid`] : []),
  ]
}

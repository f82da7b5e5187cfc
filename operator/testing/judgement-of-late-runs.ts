import { type Instant, minute, second } from '../model/instant.ts'
import { eps, longestDeadline, quiet } from '../plan/timing.ts'
import { type Verdicts, reaction } from './excuse.ts'
import { type Born, type Segment, isOccurrence, text } from './told.ts'

/** What is wrong with the runs that the operator started late, and with those that it should have. */
export function unmended(verdicts: Verdicts, jobs: readonly Born[]): readonly string[] {
  const late = jobs.filter(({ by }) => by === 'operator')
  verdicts.life.cluster.tally.add('judged: late runs', late.length)
  return [...late.flatMap((job) => problemsOf(verdicts, job, jobs)), ...outOfOrder(verdicts, late), ...notMadeUp(verdicts, jobs)]
}

/** Segments that the operator may have had before its eyes at an instant. */
function segmentsAround({ life, segments }: Verdicts, instant: Instant): readonly Segment[] {
  return segments.filter(({ from, until }) => from <= instant && until + reaction(life) >= instant)
}

function problemsOf(verdicts: Verdicts, { match, at, uid }: Born, jobs: readonly Born[]): readonly string[] {
  const { life } = verdicts
  if (life.byHand.length > 0) return []
  const { children, request, skew } = life.delays
  const run = `the run of ${text(match)}, started late at ${text(at)},`
  const wanting = segmentsAround(verdicts, at).filter(({ since, occurrences }) => match > since - skew && isOccurrence(occurrences, match))
  if (wanting.length === 0) return [`${run} was not wanted any more`]
  const allowing = wanting.filter(({ late }) => late.policy !== 'Skip' && at <= match + late.deadline + request + skew + second)
  if (allowing.length === 0) return [`${run} was not allowed by its policy`]
  const isUnfinished = (job: Born) => job.uid !== uid && job.at < at - children - request - second && Math.min(job.endedAt, job.removedAt) > at
  const unfinished = life.cluster.rival.passes.length > 0 ? undefined : jobs.find(isUnfinished)
  if (unfinished !== undefined) return [`${run} did not wait for the end of the run of ${text(unfinished.match)}`]
  if (allowing.every(({ occurrences }) => (occurrences?.next(at) ?? Infinity) < at + quiet - request - skew - 3 * second)) return [`${run} came just before the next`]
  return []
}

/** RunAll starts the oldest first, RunLatest none but the latest. */
function outOfOrder(verdicts: Verdicts, late: readonly Born[]): readonly string[] {
  return late.flatMap((job, index) => {
    const earlier = late.slice(0, index).find((other) => other.match > job.match && other.schedule === job.schedule)
    const isRunAll = segmentsAround(verdicts, job.at).every(({ late: { policy } }) => policy === 'RunAll')
    return earlier !== undefined && isRunAll ? [`the run of ${text(job.match)} was started late, after the one of ${text(earlier.match)}`] : []
  })
}

/** An occurrence that an outage of the controller prevented, with nothing in the way of making up for it. */
function notMadeUp({ life, segments }: Verdicts, jobs: readonly Born[]): readonly string[] {
  const { delays, controllerDown, operatorDown, byHand, deleted, cluster } = life
  if (byHand.length + deleted.length > 0 || delays.queue > 0) return []
  const fired = new Set(jobs.map(({ match }) => match))
  return segments.flatMap(({ from, until, occurrences, late }) =>
    controllerDown.flatMap((down) => {
      const match = lastBefore(occurrences, down.from, Math.min(down.until, until, cluster.now))
      // By then it is settled that the controller does not start it, and the longest run has ended.
      const due = match === undefined ? Infinity : match + longestDeadline + eps + reaction(life) + 6 * minute
      if (match === undefined || late.policy === 'Skip' || due > match + late.deadline || due > Math.min(until, cluster.now)) return []
      const isDisturbed = from > match - reaction(life) - 5 * minute || (occurrences?.next(match) ?? Infinity) < due + minute
      const isAway = operatorDown.some((span) => span.from < due && span.until > match - 5 * minute)
      return isDisturbed || isAway || fired.has(match) ? [] : [`the occurrence of ${text(match)}, which the controller was too late for, was not made up for`]
    }))
}

function lastBefore(occurrences: Segment['occurrences'], after: Instant, through: Instant): Instant | undefined {
  let last: Instant | undefined
  for (let at = occurrences?.next(after); at !== undefined && at <= through; at = occurrences?.next(at)) last = at
  return last
}

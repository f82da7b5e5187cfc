import { type Instant, minute } from '../model/instant.ts'
import { runNameAt } from '../plan/run-record.ts'
import { eps, quiet, settledAge } from '../plan/timing.ts'
import { type Verdicts, isEvidenceGone, isSuperseded, isToBeRecorded, observedFrom, reaction } from './excuse.ts'
import { objectOf } from './json-reading.ts'
import type { Life } from './life.ts'
import { type Born, type Told, occurrencesIn, statusOf, text, toldRuns } from './told.ts'

/** Each run and each occurrence is told exactly once, as what it was, and the counts are the sum of what was told. */
export function unrecorded(verdicts: Verdicts, jobs: readonly Born[]): readonly string[] {
  const { life } = verdicts
  const told = toldRuns(verdicts.statuses)
  const isMeddledWith = life.byHand.length > 0
  return [
    ...forgotten(verdicts, jobs, told),
    ...toldTwice(jobs, told),
    ...(isMeddledWith ? [] : untrue(verdicts, jobs, told)),
    ...(isMeddledWith ? [] : wrongCounts(verdicts, jobs, told)),
  ]
}

function forgotten(verdicts: Verdicts, jobs: readonly Born[], told: readonly Told[]): readonly string[] {
  const { life, segments } = verdicts
  const accounted = new Set([...told.map(({ time }) => time), ...jobs.map(({ match }) => match)])
  const wanted = segments.flatMap((segment) =>
    occurrencesIn(segment.occurrences, observedFrom(life, segment.from) + settledAge, Math.min(segment.until - 1, life.cluster.now))
      .filter((match) => isToBeRecorded(verdicts, match, segment.late.deadline) && !isSuperseded(verdicts, segment, match)))
  life.cluster.tally.add('judged: occurrences that had to be recorded', wanted.length)
  return wanted.filter((match) => !accounted.has(match) && !hasEvent(life, match)).map((match) => `the occurrence of ${text(match)} has no record`)
}

/** More than ten at once are not all listed, but each has its event, which names it. */
function hasEvent({ cluster, wishes }: Life, match: Instant): boolean {
  const names = new Set(wishes.map(({ schedule }) => runNameAt('nightly', schedule?.timeZone ?? 'Etc/UTC', match)))
  const messages = [...cluster.operator.events, ...cluster.rival.events].map(({ message }) => message)
  return [...names].some((name) => messages.some((message) => message.startsWith(`run ${name} `)))
}

function toldTwice(jobs: readonly Born[], told: readonly Told[]): readonly string[] {
  const isTwin = (time: Instant | undefined) => jobs.filter(({ match }) => match === time).length > 1 // told as often as it was fired
  const keyOf = ({ schedule, time }: Told) => `${schedule} ${time}`
  return told
    .filter((one, index) => one.time !== undefined && told.findIndex((other) => keyOf(other) === keyOf(one)) !== index && !isTwin(one.time))
    .map(({ time }) => `the occurrence of ${text(time)} was told twice`)
}

/** What was told last of an occurrence contradicts what happened. */
function untrue({ life, segments }: Verdicts, jobs: readonly Born[], told: readonly Told[]): readonly string[] {
  const old = life.cluster.now - 10 * minute
  const latest = life.deleted.at(-1) ?? -Infinity
  return told.flatMap(({ record, time, schedule }) => {
    const { outcome, jobUID } = record
    life.cluster.tally.add(`told: ${outcome}${outcome === 'Skipped' || outcome === 'Missed' ? ` ${record.reason ?? ''}` : ''}`)
    if (time === undefined || time <= latest) return []
    const job = jobs.find((born) => born.match === time && born.schedule === schedule)
    if (jobUID === undefined && job !== undefined && job.at < old && !(outcome === 'Unknown' && isEvidenceGone(life, job))) return [`the run of ${text(time)} was told as ${outcome}, but it had a Job`]
    if (outcome === 'Unknown' && job !== undefined && !isEvidenceGone(life, job)) return [`nobody deleted the Job of ${text(time)}, but it was told as Unknown`]
    if (outcome === 'Unplanned' && segments.some(({ occurrences }) => occurrences?.next(time - 1) === time)) return [`the run of ${text(time)} was told as Unplanned`]
    if (outcome === 'Skipped' && !isNearChange(life, time)) return [`the occurrence of ${text(time)} was told as Skipped, but nobody had changed anything`]
    return []
  })
}

/** Skipped is what a change of mind caught in flight, or waiting for its late start. */
function isNearChange(life: Life, match: Instant): boolean {
  return life.wishes.some(({ from }, index) => {
    const waits = life.wishes[index - 1]?.late.deadline ?? 0
    return match >= from - 5 * minute - eps - waits && match <= observedFrom(life, from) + reaction(life) + quiet
  })
}

/** Runs by how their Jobs ended (those of the last minutes may not be counted yet), occurrences without a Job by what was told. */
function wrongCounts({ life, segments }: Verdicts, jobs: readonly Born[], told: readonly Told[]): readonly string[] {
  const uid = life.cluster.server.get('scheduledintegrations', 'nightly')?.metadata.uid
  const counts = objectOf(objectOf(statusOf(life)).counts)
  const numbers = ([['succeeded', 'Complete'], ['failed', 'Failed']] as const).map(([name, condition]) => {
    const all = jobs.filter((job) => job.schedule === uid && job.condition === condition && job.endedAt <= life.cluster.now)
    return { name, least: all.filter((job) => job.endedAt < life.cluster.now - 2 * minute - reaction(life) && !isEvidenceGone(life, job)).length, most: all.length }
  })
  // More than ten at once are not all listed; each has its event, unless the operator died between the two.
  const fired = new Set(jobs.map(({ match }) => match))
  const unfired = segments.flatMap(({ occurrences, from, until }) => occurrencesIn(occurrences, from, Math.min(until, life.cluster.now))).filter((match) => !fired.has(match)).length
  const without = ([['skipped', 'Skipped'], ['missed', 'Missed'], ['unknown', 'Unknown']] as const).map(([name, outcome]) => {
    const listed = told.filter(({ record, schedule }) => schedule === uid && record.outcome === outcome).length
    const events = [...life.cluster.operator.events, ...life.cluster.rival.events].filter(({ reason }) => reason === `Run${outcome}`).length
    return { name, least: listed, most: Math.max(listed, events, life.operatorDown.length > 0 ? unfired : 0) }
  })
  return [...numbers, ...without].flatMap(({ name, least, most }) => {
    const count = Number(counts[name] ?? 0)
    return count >= least && count <= most ? [] : [`${least} to ${most} runs are ${name}, but the status counts ${count}`]
  })
}

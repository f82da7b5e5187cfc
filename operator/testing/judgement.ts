import { type Instant, minute, parseInstant, second } from '../model/instant.ts'
import { isSameJson } from '../model/json.ts'
import type { Occurrences } from '../model/occurrences.ts'
import { scheduledTimestampAnnotation } from '../model/names.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import type { RunRecord } from '../model/status-schema.ts'
import { jobNameAt, runNameAt } from '../plan/run-record.ts'
import { ruleOf } from '../plan/schedule-rule.ts'
import { matchesIn, quiet } from '../plan/timing.ts'
import { objectOf, objectsIn, textOf } from './json-reading.ts'
import type { Life, Wish } from './simulation.ts'
import type { ServerObject } from './virtual-api-server.ts'

/** Seconds that an operator in order takes from seeing a change to having it written, with a lost request or two. */
const reaction = 12 * second
/** Around an occurrence with nothing else going on nearby, it must be fired. */
const calmBefore = 5 * minute
const calmAfter = 3 * second
/** After this everything about an occurrence is known and written down. */
const accountedAfter = 10 * minute

interface Segment {
  readonly from: Instant
  readonly until: Instant
  readonly occurrences: Occurrences | undefined
  /** Of what would run if there were a template. */
  readonly held: Occurrences | undefined
}

/** Everything that is wrong with a life, as sentences; design/time.md sections 4 and 5. */
export function faultsOf(life: Life): readonly string[] {
  const segments = segmentsOf(life.wishes)
  const jobs = jobsOf(life)
  return [
    ...[...life.cluster.operator.bugs, ...life.cluster.rival.bugs].map((bug) => `a plan threw: ${bug}`),
    ...phantoms(life, segments, jobs),
    ...(life.byHand.length > 0 ? [] : twins(jobs)),
    ...unfired(life, segments, jobs),
    ...hasty(life),
    ...unrecorded(life, segments, jobs),
    ...unfinished(life),
    ...busy(life),
  ]
}

function segmentsOf(wishes: readonly Wish[]): readonly Segment[] {
  return wishes.map(({ from, schedule, held }, index) => ({ from, until: wishes[index + 1]?.from ?? Infinity, occurrences: occurrencesOf(schedule), held: occurrencesOf(held) }))
}

function occurrencesOf(schedule: Schedule | undefined): Occurrences | undefined {
  const rule = schedule === undefined ? undefined : ruleOf(schedule)
  return rule?.ok === true && rule.value.unsupported.length === 0 ? rule.value.occurrences : undefined
}

interface Born {
  readonly at: Instant
  readonly match: Instant
  readonly job: ServerObject
}

function jobsOf({ cluster }: Life): readonly Born[] {
  return cluster.history.flatMap(({ at, resource, before, after }) => {
    if (resource !== 'jobs' || before !== undefined || after === undefined) return []
    const match = parseInstant(after.metadata.annotations?.[scheduledTimestampAnnotation])
    return match === undefined ? [] : [{ at, match, job: after }]
  })
}

function intends({ occurrences, from }: Segment, match: Instant): boolean {
  return match > from && occurrences?.next(match - 1) === match
}

/** Runs that nobody wanted at their time, nor so shortly before that the cluster could not know yet. */
function phantoms(life: Life, segments: readonly Segment[], jobs: readonly Born[]): readonly string[] {
  return jobs
    .filter(({ match, at }) => {
      const isSoonAfter = (until: Instant) => match <= until + 2 * life.longestLag + reaction + downtime(life, until, match)
      // The operator can see an edit before it sees that the template had gone.
      const isHeld = ({ held, from }: Segment) => match > from && held?.next(match - 1) === match && isSoonAfter(life.templateGoneAt)
      const isByHand = life.byHand.some((hand) => at >= hand && isSoonAfter(hand))
      return !isByHand && !segments.some((segment) => (intends(segment, match) && isSoonAfter(segment.until)) || isHeld(segment))
    })
    .map(({ match, at }) => `nobody wanted the run of ${text(match)} that started at ${text(at)}`)
}

function downtime({ operatorDown }: Life, from: Instant, until: Instant): number {
  return operatorDown.reduce((sum, down) => sum + Math.max(0, Math.min(until, down.until) - Math.max(from, down.from)), 0)
}

function twins(jobs: readonly Born[]): readonly string[] {
  const seen = new Set<Instant>()
  return jobs.flatMap(({ match, at }) => {
    if (!seen.has(match)) {
      seen.add(match)
      return []
    }
    return [`the occurrence of ${text(match)} was fired again at ${text(at)}`]
  })
}

/** Whether nothing disturbed the cluster in (from, until]. */
function isCalm(life: Life, from: Instant, until: Instant): boolean {
  const isDisturbed = (span: { readonly from: Instant; readonly until: Instant }) => span.from <= until && span.until >= from
  const isWithin = (instant: Instant) => instant > from && instant <= until
  return ![...life.operatorDown, ...life.controllerDown].some(isDisturbed) && !life.wishes.some((wish) => isWithin(wish.from)) && !life.byHand.some(isWithin)
}

function occurrencesIn({ occurrences }: Segment, from: Instant, until: Instant): readonly Instant[] {
  const found: Instant[] = []
  for (let at = occurrences?.next(from); at !== undefined && at <= until; at = occurrences?.next(at)) found.push(at)
  return found
}

/** All occurrences of segments, each only while its segment lasts. */
function wantedIn(life: Life, segments: readonly Segment[]): readonly Instant[] {
  return segments.flatMap((segment) => occurrencesIn(segment, observedFrom(life, segment.from), Math.min(segment.until - 1, life.cluster.now)))
}

/** What counts from when is for the operator to say: it sees a change when it runs. */
function observedFrom({ operatorDown, longestLag }: Life, change: Instant): Instant {
  const outages = operatorDown.filter((down) => down.from <= change + longestLag + reaction && down.until > change)
  return Math.max(change, ...outages.map(({ until }) => until + longestLag + reaction))
}

function unfired(life: Life, segments: readonly Segment[], jobs: readonly Born[]): readonly string[] {
  const fired = new Set(jobs.map(({ match }) => match))
  return wantedIn(life, segments)
    .filter((match) => match < life.cluster.now - 2 * minute && isCalm(life, match - calmBefore, match + calmAfter) && !fired.has(match))
    .map((match) => `${text(match)} was not fired though nothing was in the way`)
}

/**
 * Writes to an armed CronJob, other than to park it and to remind its controller, while it may be making a Job: they are what
 * its broken repair path is about (I6). Decided half a minute before a match, they land some seconds later at most.
 */
function hasty(life: Life): readonly string[] {
  return life.cluster.history.flatMap(({ at, resource, before, after }) => {
    if (resource !== 'cronjobs' || before === undefined || after === undefined || life.byHand.includes(at)) return []
    if (before.spec.suspend === true || after.spec.suspend === true || isSameJson(before.spec, after.spec)) return []
    const match = unsettledMatch(life, before, at)
    return match === undefined ? [] : [`the CronJob was written at ${text(at)}, too close to ${text(match)}`]
  })
}

function unsettledMatch({ cluster }: Life, cronJob: ServerObject, now: Instant): Instant | undefined {
  const expression = { schedule: textOf(cronJob.spec.schedule), timeZone: textOf(cronJob.spec.timeZone) }
  const looked = parseInstant(textOf(cronJob.status?.lastScheduleTime)) ?? parseInstant(cronJob.metadata.creationTimestamp) ?? 0
  const patience = Number(cronJob.spec.startingDeadlineSeconds) * second + 90 * second
  const match = matchesIn(expression, Math.max(looked, now - patience), now + quiet - reaction, 1).at(-1)
  if (match === undefined || match > now) return match
  const born = cluster.history.find(({ resource, before, after }) => resource === 'jobs' && before === undefined && after?.metadata.name === jobNameAt('nightly', match))
  return born !== undefined && now >= born.at + minute - second ? undefined : match
}

/** Each run and each occurrence is told exactly once, and the counts are the sum of what was told. */
function unrecorded(life: Life, segments: readonly Segment[], jobs: readonly Born[]): readonly string[] {
  const told = toldRuns(life)
  const records = [...told.values()]
  const times = records.map(({ scheduledTime }) => parseInstant(scheduledTime))
  const fired = new Set(jobs.map(({ match }) => match))
  const { now } = life.cluster
  const forgotten = wantedIn(life, segments)
    .filter((match) => match < now - accountedAfter && isCalmForRecords(life, match) && !times.includes(match) && !fired.has(match) && !hasEvent(life, match))
    .map((match) => `the occurrence of ${text(match)} has no record`)
  const isTwin = (time: Instant) => jobs.filter(({ match }) => match === time).length > 1 // told as often as it was fired
  const twice = times.filter((time, index) => time !== undefined && times.indexOf(time) !== index && !isTwin(time)).map((time) => `the occurrence of ${text(time)} was told twice`)
  return [...forgotten, ...twice, ...(life.byHand.length > 0 ? [] : wrongCounts(life, records, jobs))]
}

/** Shortly after a change of mind what counts from when is for the operator to say; what comes after that is recorded, outage or not. */
function isCalmForRecords(life: Life, match: Instant): boolean {
  const isSpoilt = (hand: Instant) => match > hand - accountedAfter && match < observedFrom(life, hand) + calmBefore // what comes before a repair is not caught up
  return !life.wishes.some(({ from }) => from > match - calmBefore && from <= match) && !life.byHand.some(isSpoilt)
}

/** More than ten at once are not all listed, but each has its event, which names it. */
function hasEvent({ cluster, wishes }: Life, match: Instant): boolean {
  const names = new Set(wishes.map(({ schedule }) => runNameAt('nightly', schedule?.timeZone ?? 'Etc/UTC', match)))
  const messages = [...cluster.operator.events, ...cluster.rival.events].map(({ message }) => message)
  return [...names].some((name) => messages.some((message) => message.startsWith(`run ${name} `)))
}

/** Runs by how their Jobs ended (those of the last minutes may not be counted yet), occurrences without a Job by what was told. */
function wrongCounts(life: Life, records: readonly RunRecord[], jobs: readonly Born[]): readonly string[] {
  const counts = objectOf(objectOf(statusOf(life)).counts)
  const ended = endsOf(life)
  const numbers = ([['succeeded', 'Complete'], ['failed', 'Failed']] as const).map(([name, condition]) => {
    const all = jobs.filter(({ job }) => ended.get(job.metadata.uid)?.condition === condition)
    const old = all.filter(({ job }) => (ended.get(job.metadata.uid)?.at ?? 0) < life.cluster.now - 2 * minute)
    return { name, least: old.length, most: all.length }
  })
  // More than ten at once are not all listed, but each has its event.
  const told = ([['skipped', 'Skipped'], ['missed', 'Missed'], ['unknown', 'Unknown']] as const).map(([name, outcome]) => {
    const listed = records.filter((record) => record.outcome === outcome).length
    const events = [...life.cluster.operator.events, ...life.cluster.rival.events].filter(({ reason }) => reason === `Run${outcome}`).length
    return { name, least: listed, most: Math.max(listed, events) }
  })
  return [...numbers, ...told].flatMap(({ name, least, most }) => {
    const count = Number(counts[name] ?? 0)
    return count >= least && count <= most ? [] : [`${least} to ${most} runs are ${name}, but the status counts ${count}`]
  })
}

/** When and how each Job ended, by its UID. */
function endsOf({ cluster }: Life): ReadonlyMap<string, { readonly at: Instant; readonly condition: unknown }> {
  const ends = new Map<string, { readonly at: Instant; readonly condition: unknown }>()
  for (const { at, resource, after } of cluster.history) {
    const [condition] = resource === 'jobs' ? objectsIn(after?.status?.conditions) : []
    if (after !== undefined && condition !== undefined && !ends.has(after.metadata.uid)) ends.set(after.metadata.uid, { at, condition: condition.type })
  }
  return ends
}

function statusOf({ cluster }: Life): ServerObject['status'] {
  return cluster.server.get('scheduledintegrations', 'nightly')?.status
}

/** The last that was told of each run in all versions of the status. */
function toldRuns({ cluster }: Life): ReadonlyMap<string, RunRecord> {
  const told = new Map<string, RunRecord>()
  for (const { resource, after } of cluster.history) {
    if (resource !== 'scheduledintegrations') continue
    for (const raw of objectsIn(after?.status?.runs)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server has checked it against the schema
      const record = raw as unknown as RunRecord
      if (record.jobUID !== undefined) told.delete(textOf(record.jobName))
      told.set(record.jobUID ?? textOf(record.jobName), record)
    }
  }
  return told
}

/** In the end the CronJob is as it should be, and the conditions say so. */
function unfinished(life: Life): readonly string[] {
  const conditions = objectsIn(statusOf(life)?.conditions)
  const reconciling = conditions.find(({ type }) => type === 'Reconciling')
  const cronJob = life.cluster.server.get('cronjobs', 'nightly')
  const wanted = segmentsOf(life.wishes).at(-1)?.occurrences
  const isOver = wanted?.next(life.cluster.now) === undefined
  return [
    ...(reconciling === undefined ? [] : [`it is still under way: ${textOf(reconciling.message)}`]),
    ...(isOver && cronJob?.spec.suspend === false ? ['the CronJob is armed though nothing is to run'] : []),
    ...(!isOver && cronJob?.spec.suspend !== false ? ['the CronJob is parked though something is to run'] : []),
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

function text(instant: Instant | undefined): string {
  return instant === undefined ? 'nowhen' : new Date(instant).toISOString()
}

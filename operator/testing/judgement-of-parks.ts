import { type Instant, second } from '../model/instant.ts'
import { cursorIn } from './coverage.ts'
import { type Verdicts, firing, isArmedOfDeleted } from './excuse.ts'
import type { Life, Span } from './life.ts'
import { type Born, text } from './told.ts'

/**
 * Once a suspend has landed (the CronJob is parked, by somebody who had seen it), nothing starts until the next change of mind,
 * and nobody arms the CronJob: of this nothing is forgiven.
 */
export function breaches({ life, segments }: Verdicts, jobs: readonly Born[]): readonly string[] {
  if (life.byHand.length > 0) return []
  const suspended = segments.filter(({ occurrences, held }) => occurrences === undefined && held === undefined)
  return parksOf(life).flatMap((park) => {
    const within = suspended.find(({ from, until }) => from <= park.from && park.from < until && generationAt(life, from) <= park.generation)
    if (within === undefined) return []
    life.cluster.tally.add('judged: suspends that landed')
    const end = Math.min(park.until, within.until)
    const armed = park.until < within.until && !isArmedOfDeleted(life, park.until) ? [`the CronJob was armed again at ${text(park.until)}, though it was suspended since ${text(within.from)}`] : []
    return [...armed, ...jobs.filter((job) => job.at > lastStart(life, park.from, job) && job.at < end).map(({ at, match }) => `the run of ${text(match)} started at ${text(at)}, after the park of ${text(park.from)}`)]
  })
}

function generationAt({ cluster }: Life, instant: Instant): number {
  return cluster.history.findLast(({ at, resource }) => resource === 'scheduledintegrations' && at <= instant)?.after?.metadata.generation ?? Infinity
}

/** What was on its way when the park landed: the controller had not seen it, or the operator had just looked and its request was sent. */
function lastStart(life: Life, landed: Instant, { by }: Born): Instant {
  return by === 'controller' ? landed + firing(life) : landed + 5 * second + 2 * life.delays.request
}

interface Park extends Span {
  /** Of the schedule that whoever parked had seen. */
  readonly generation: number
}

/** Stretches in which the CronJob was suspended on the server, from each version on whose cursor says that nothing is wanted. */
function parksOf({ cluster }: Life): readonly Park[] {
  const versions = cluster.history.filter(({ resource, after }) => resource === 'cronjobs' && after !== undefined)
  return versions.flatMap(({ at, before, after }, index) => {
    const cursor = after?.spec.suspend === true ? cursorIn(after) : undefined
    if (cursor?.enabled !== false || (before !== undefined && before.spec.suspend === true && cursorIn(before)?.schedulable.generation === cursor.schedulable.generation)) return []
    const until = versions.slice(index).find((version) => version.after?.spec.suspend === false)?.at ?? Infinity
    return [{ from: at, until, generation: cursor.schedulable.generation }]
  })
}

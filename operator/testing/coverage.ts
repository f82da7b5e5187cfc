import { isSameJson } from '../model/json.ts'
import { type Cursor, cursorOf } from '../plan/cursor.ts'
import { projectedCronJob } from '../kube/projections.ts'
import { textOf } from './json-reading.ts'
import type { Life } from './life.ts'
import { Tally } from './tally.ts'
import { jobsOf, statusesOf } from './told.ts'
import type { ServerObject } from './virtual-api-server.ts'

/** How often each thing happened in a life that a rule of design/time.md is about, by what can be seen of it. */
export function coverageOf(life: Life): ReadonlyMap<string, number> {
  const tally = new Tally()
  for (const [what, times] of life.cluster.tally.counts) tally.add(what, times)
  for (const { resource, before, after } of life.cluster.history) if (resource === 'cronjobs' && after !== undefined) tally.add(`CronJob: ${writeOf(before, after)}`)
  for (const { by } of jobsOf(life)) tally.add(`run: started by the ${by}`)
  for (const { target, verb } of life.cluster.requests) if (verb === 'get') tally.add(`look: ${target.resource}`)
  const horizons = new Set(statusesOf(life).map(({ status }) => textOf(status?.exactUntil)).filter((horizon) => horizon !== ''))
  tally.add('status: horizons told', horizons.size)
  for (const { reason } of [...life.cluster.operator.events, ...life.cluster.rival.events]) tally.add(`event: ${reason}`)
  for (const kind of new Set(life.wishes.flatMap(({ schedule }) => Object.keys(schedule?.recurrence ?? {})))) tally.add(`recurrence: ${kind}`)
  return tally.counts
}

function writeOf(before: ServerObject | undefined, after: ServerObject): string {
  const wasParked = before?.spec.suspend === true
  const isParked = after.spec.suspend === true
  if (before === undefined) return isParked ? 'created parked' : 'created armed'
  if (wasParked !== isParked) return isParked ? 'parked' : 'armed'
  if (!isSameJson(before.status ?? {}, after.status ?? {})) return 'status of the controller'
  const [former, cursor] = [cursorIn(before), cursorIn(after)]
  if (former === undefined || cursor === undefined) return 'of somebody else'
  if (before.spec.schedule !== after.spec.schedule || before.spec.timeZone !== after.spec.timeZone) {
    return former.scheduleHash === cursor.scheduleHash ? (isParked ? 'other expression while parked' : 'window changed') : 'edited in one write'
  }
  if (!isSameJson(before.spec, after.spec)) return 'workload updated'
  if (cursor.nudged !== undefined && JSON.stringify(cursor.nudged) !== JSON.stringify(former.nudged)) return 'nudged'
  if (former.parkedAt !== undefined && cursor.parkedAt === undefined) return 'decided'
  return JSON.stringify(former) === JSON.stringify(cursor) ? 'of somebody else' : 'noted'
}

/** The cursor of a CronJob as the API server has it. */
export function cursorIn(object: ServerObject): Cursor | undefined {
  const cronJob = projectedCronJob(object)
  return cronJob === undefined ? undefined : cursorOf(cronJob)
}

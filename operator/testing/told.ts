import { type Instant, minute, parseInstant } from '../model/instant.ts'
import { annotation } from '../model/names.ts'
import { type Occurrences, occurrencesOf } from '../model/occurrences.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import type { RunRecord } from '../model/status-schema.ts'
import { objectsIn, textOf } from './json-reading.ts'
import type { Lateness, Life } from './life.ts'
import type { ServerObject } from './virtual-api-server.ts'

/** What a life left behind, put in order for its judges. */

/** A stretch of a life in which one and the same was wanted. */
export interface Segment {
  readonly from: Instant
  readonly until: Instant
  /** Since when this schedule has been wanted without a break: what came before is not made up for. */
  readonly since: Instant
  readonly occurrences: Occurrences | undefined
  /** Of what would run if there were a template. */
  readonly held: Occurrences | undefined
  readonly late: Lateness
}

export function segmentsOf(life: Life): readonly Segment[] {
  const { wishes, deleted } = life
  const segments: Segment[] = []
  for (const [index, { from, schedule, held, late }] of wishes.entries()) {
    const text = JSON.stringify(schedule)
    // The last of the same schedule before, unless the operator may have seen that something else was wanted in between.
    const same = wishes.findLastIndex((wish, other) => other < index && JSON.stringify(wish.schedule) === text)
    const isBroken = same === -1 || !isUnseen(life, wishes[same + 1]?.from ?? from, from) || deleted.some((at) => at >= (wishes[same]?.from ?? from) && at <= from)
    const since = isBroken ? from : (segments[same]?.since ?? from)
    segments.push({ from, until: wishes[index + 1]?.from ?? Infinity, since, occurrences: intended(schedule), held: intended(held), late })
  }
  return segments
}

/** Whether the operator cannot have seen, or need not have seen, what was only wanted from one instant until another. */
function isUnseen({ operatorDown, delays }: Life, from: Instant, until: Instant): boolean {
  return until - from <= delays.seen || operatorDown.some((down) => down.from <= from + delays.seen && down.until >= until)
}

function intended(schedule: Schedule | undefined): Occurrences | undefined {
  const checked = schedule === undefined ? undefined : occurrencesOf(schedule)
  return checked?.ok === true ? checked.value : undefined
}

export function isOccurrence(occurrences: Occurrences | undefined, match: Instant): boolean {
  return occurrences?.next(match - 1) === match
}

export function occurrencesIn(occurrences: Occurrences | undefined, after: Instant, through: Instant): readonly Instant[] {
  const found: Instant[] = []
  for (let at = occurrences?.next(after); at !== undefined && at <= through; at = occurrences?.next(at)) found.push(at)
  return found
}

/** A Job as it was made. */
export interface Born {
  readonly at: Instant
  readonly match: Instant
  /** The CronJob controller, or the operator, which starts runs late. */
  readonly by: 'controller' | 'operator'
  /** UID of the ScheduledIntegration. */
  readonly schedule: string
  readonly uid: string
  readonly endedAt: Instant
  readonly condition: 'Complete' | 'Failed' | undefined
  /** Removed before the operator wrote its run's name to it, which it does once the run is in the status. */
  readonly isRemovedUnmarked: boolean
  readonly removedAt: Instant
}

export function jobsOf({ cluster }: Life): readonly Born[] {
  const schedules = new Map<string, string>()
  const ends = endsOf(cluster.history)
  const removals = new Map(cluster.history.flatMap(({ at, resource, before, after }) =>
    resource === 'jobs' && before !== undefined && after === undefined ? [[before.metadata.uid, { at, isUnmarked: before.metadata.annotations?.[annotation.runName] === undefined }] as const] : []))
  return cluster.history.flatMap(({ at, resource, before, after }) => {
    const owner = after?.metadata.ownerReferences?.find(({ controller }) => controller === true)
    if (resource === 'cronjobs' && after !== undefined && owner !== undefined) schedules.set(after.metadata.uid, owner.uid)
    if (resource !== 'jobs' || before !== undefined || after === undefined || owner === undefined) return []
    const { name, uid } = after.metadata
    const match = Number(name.split('-').at(-1)) * minute
    const isNative = owner.kind === 'CronJob'
    const end = ends.get(uid)
    const removal = removals.get(uid)
    const ending = { endedAt: end?.at ?? Infinity, condition: end?.condition, isRemovedUnmarked: removal?.isUnmarked === true, removedAt: removal?.at ?? Infinity }
    return [{ at, match, by: isNative ? 'controller' : 'operator', schedule: isNative ? (schedules.get(owner.uid) ?? '') : owner.uid, uid, ...ending } as const]
  })
}

/** When and how each Job ended, by its UID. */
function endsOf(history: Life['cluster']['history']): ReadonlyMap<string, { readonly at: Instant; readonly condition: 'Complete' | 'Failed' }> {
  const ends = new Map<string, { readonly at: Instant; readonly condition: 'Complete' | 'Failed' }>()
  for (const { at, resource, after } of history) {
    const [condition] = resource === 'jobs' ? objectsIn(after?.status?.conditions) : []
    if (after !== undefined && condition !== undefined && !ends.has(after.metadata.uid)) ends.set(after.metadata.uid, { at, condition: condition.type === 'Complete' ? 'Complete' : 'Failed' })
  }
  return ends
}

export function statusOf({ cluster }: Pick<Life, 'cluster'>): ServerObject['status'] {
  return cluster.server.get('scheduledintegrations', 'nightly')?.status
}

/** A version of the schedule's status, and when it was written. */
export interface Version {
  readonly at: Instant
  readonly uid: string
  readonly status: ServerObject['status']
}

export function statusesOf({ cluster }: Life): readonly Version[] {
  return cluster.history.flatMap(({ at, resource, before, after }) =>
    resource !== 'scheduledintegrations' || after === undefined || before?.status === after.status ? [] : [{ at, uid: after.metadata.uid, status: after.status }])
}

/** The last that was told of each run, and the schedule that it was told of. */
export interface Told {
  readonly record: RunRecord
  readonly time: Instant | undefined
  readonly schedule: string
}

export function toldRuns(statuses: readonly Version[]): readonly Told[] {
  const told = new Map<string, Told>()
  for (const { uid, status } of statuses) {
    for (const raw of objectsIn(status?.runs)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server has checked it against the schema
      const record = raw as unknown as RunRecord
      const byName = `${uid}/${textOf(record.jobName)}`
      if (record.jobUID !== undefined) told.delete(byName)
      told.set(record.jobUID ?? byName, { record, time: parseInstant(record.scheduledTime), schedule: uid })
    }
  }
  return [...told.values()]
}

export function text(instant: Instant | undefined): string {
  return instant === undefined || Math.abs(instant) > 8e15 ? String(instant) : new Date(instant).toISOString()
}

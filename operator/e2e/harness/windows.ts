import type { CronJob } from '../../model/kubernetes.ts'
import type { Tenant } from './tenant.ts'
import { minutes } from './watched.ts'

/** Windows: expressions of plain numbers, in UTC, that match a few coming occurrences and nothing else (design/time.md section 3). */

/** Its five fields as the numbers they match; undefined: it is no window. */
function fieldsOf({ spec }: CronJob): readonly ReadonlySet<number>[] | undefined {
  if (spec.timeZone !== 'Etc/UTC' || !/^(\d+(-\d+)?(,\d+(-\d+)?)* ){4}\*$/.test(spec.schedule)) return undefined
  return spec.schedule.split(' ').slice(0, 4).map((field) => new Set(field.split(',').flatMap(numbersIn)))
}

function numbersIn(range: string): readonly number[] {
  const [first = NaN, last = first] = range.split('-').map(Number)
  return Array.from({ length: last - first + 1 }, (_unused, index) => first + index)
}

export function isWindow(cronJob: CronJob): boolean {
  return fieldsOf(cronJob) !== undefined
}

export function isMatch(cronJob: CronJob, instant: number): boolean {
  const date = new Date(instant)
  const values = [date.getUTCMinutes(), date.getUTCHours(), date.getUTCDate(), date.getUTCMonth() + 1]
  return fieldsOf(cronJob)?.every((field, index) => field.has(values[index] ?? NaN)) === true
}

/** The first minute in (after, through] that is a match and not intended, or intended and no match. */
export function firstDifference(cronJob: CronJob, isIntended: (minute: number) => boolean, { after, through }: { readonly after: number; readonly through: number }): number | undefined {
  for (let minute = Math.floor(after / minutes) * minutes + minutes; minute <= through; minute += minutes) if (isMatch(cronJob, minute) !== isIntended(minute)) return minute
  return undefined
}

/** What the CronJob was to fire, in the order in which it was said: each expression once until the next. */
export function expressionsSeen(tenant: Tenant, name: string): readonly string[] {
  const seen = tenant.versions('cronjobs', name).flatMap((cronJob) => (cronJob === undefined || cronJob.spec.suspend === true ? [] : [cronJob.spec.schedule]))
  return seen.filter((expression, index) => expression !== seen[index - 1])
}

import { remainder } from '../model/civil-time.ts'
import type { CronExpression } from '../model/cron-expression.ts'
import { type Instant, day, hour, minute } from '../model/instant.ts'
import { type Occurrences, occurrencesOf } from '../model/occurrences.ts'
import type { Problem } from '../model/problem.ts'
import type { ScheduleProblem } from '../model/schedule-problems.ts'
import { type Recurrence, type Schedule, months, weekdays } from '../model/schedule-spec.ts'
import { hasFixedOffset } from '../model/time-zone.ts'
import type { Rule } from './candidates.ts'
import type { Expression } from './cursor.ts'

/** What the planner knows of a schedule before it looks at any clock or cluster. */
export interface PlannableRule extends Rule {
  /** No two occurrences are closer than this, as far as it matters for a deadline of at most five minutes; milliseconds. */
  readonly smallestGap: number
  /** Why the planner cannot turn this rule into exact CronJobs yet; empty when it can. */
  readonly unsupported: readonly Problem[]
}

/** The rule of a schedule, or everything that is wrong with the schedule. */
export function ruleOf(schedule: Schedule): { readonly ok: true; readonly value: PlannableRule } | { readonly ok: false; readonly problems: readonly ScheduleProblem[] } {
  const occurrences = occurrencesOf(schedule)
  if (!occurrences.ok) return occurrences
  const value = {
    occurrences: occurrences.value,
    static: staticExpression(schedule, occurrences.value),
    smallestGap: smallestGap(schedule.recurrence, occurrences.value),
    unsupported: unsupportedIn(schedule, occurrences.value),
  }
  return { ok: true, value }
}

function unsupportedIn(schedule: Schedule, occurrences: Occurrences): readonly Problem[] {
  const { recurrence, timeZone = 'Etc/UTC' } = schedule
  if (recurrence.cron !== undefined || recurrence.once !== undefined) return []
  if (staticExpression(schedule, occurrences) !== undefined) return []
  const path = 'spec.schedule.recurrence'
  const elapsed = recurrence.byMinute ?? recurrence.byHour
  if (elapsed !== undefined) {
    return [{ path, message: 'not supported yet: an interval that does not divide the hour (byMinute) or the day (byHour, or whole hours in byMinute); use one that does' }]
  }
  if (!hasFixedOffset(timeZone)) {
    return [{ path: 'spec.schedule.timeZone', message: 'not supported yet with byDay, byWeek and byMonth: a zone whose offset changes (daylight saving time); use cron, or a zone such as Etc/UTC' }]
  }
  return [{ path, message: 'not supported yet: every greater than 1, or a day after the 28th; use every 1, a day up to 28, or cron' }]
}

/** The one expression that says the same as the rule from its start to its end, if there is one (design/time.md section 3). */
function staticExpression(schedule: Schedule, occurrences: Occurrences): Expression | undefined {
  const { recurrence, timeZone = 'Etc/UTC' } = schedule
  if (occurrences.cron !== undefined) return { schedule: occurrences.cron.text, timeZone }
  if (recurrence.byMinute !== undefined) return elapsedExpression(recurrence.byMinute.every * minute, occurrences.anchor)
  if (recurrence.byHour !== undefined) return elapsedExpression((recurrence.byHour.every ?? 1) * hour, occurrences.anchor)
  const fields = hasFixedOffset(timeZone) ? civilFields(recurrence) : undefined
  if (fields === undefined || schedule.startTime === undefined) return undefined
  const [hours, minutes] = schedule.startTime.split(':').map(Number)
  return { schedule: `${minutes} ${hours} ${fields}`, timeZone }
}

/** day-of-month, month and day-of-week of a civil rule. */
function civilFields({ byDay, byWeek, byMonth }: Recurrence): string | undefined {
  if (byDay !== undefined) return (byDay.every ?? 1) === 1 ? '* * *' : undefined
  if (byWeek !== undefined) {
    if ((byWeek.every ?? 1) !== 1) return undefined
    const days = byWeek.days.map((name) => (weekdays.indexOf(name) + 1) % 7) // Kubernetes counts from Sunday = 0
    return `* * ${days.toSorted((a, b) => a - b).join(',')}`
  }
  if (byMonth === undefined || byMonth.day > 28) return undefined
  const selected = (byMonth.months ?? []).map((name) => months.indexOf(name) + 1).toSorted((a, b) => a - b)
  return `${byMonth.day} ${selected.length === 0 ? '*' : selected.join(',')} *`
}

/** Elapsed time is the same in UTC, where every hour and day has its full length. */
function elapsedExpression(every: number, anchor: Instant | undefined): Expression | undefined {
  if (anchor === undefined) return undefined
  const timeZone = 'Etc/UTC'
  const minuteOfHour = remainder(anchor, hour) / minute
  if (every <= hour) return hour % every === 0 ? { schedule: `${series(minuteOfHour, every / minute, 60)} * * * *`, timeZone } : undefined
  if (day % every !== 0 || every % hour !== 0) return undefined
  const hourOfDay = Math.floor(remainder(anchor, day) / hour)
  return { schedule: `${minuteOfHour} ${series(hourOfDay, every / hour, 24)} * * *`, timeZone }
}

function series(through: number, step: number, length: number): string {
  return Array.from({ length: length / step }, (_unused, index) => (through % step) + index * step).join(',')
}

function smallestGap(recurrence: Recurrence, occurrences: Occurrences): number {
  if (occurrences.cron !== undefined) return smallestCronGap(occurrences.cron)
  return recurrence.byMinute === undefined ? hour : recurrence.byMinute.every * minute
}

/** Of two matches within one hour or over the change of an hour; further apart they are at least an hour. */
function smallestCronGap({ minutes }: CronExpression): number {
  const sorted = [...minutes].toSorted((a, b) => a - b)
  const first = sorted[0] ?? 0
  const gaps = sorted.map((value, index) => (sorted[index + 1] ?? first + 60) - value)
  return Math.min(...gaps) * minute
}

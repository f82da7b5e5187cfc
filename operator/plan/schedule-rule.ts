import { daysInMonth, parseTimeOfDay, remainder } from '../model/civil-time.ts'
import type { CronExpression } from '../model/cron-expression.ts'
import { type Instant, day, hour, minute } from '../model/instant.ts'
import { type Occurrences, occurrencesOf } from '../model/occurrences.ts'
import { oncePer } from '../model/once-per.ts'
import { selectedMonths } from '../model/recurrence-days.ts'
import type { ScheduleProblem } from '../model/schedule-problems.ts'
import { type Month, type Recurrence, type Schedule, months, weekdays } from '../model/schedule-spec.ts'
import type { Rule } from './candidates.ts'
import type { Expression } from './cursor.ts'
import type { Wall } from './static-horizon.ts'

/** What the planner knows of a schedule before it looks at any clock or cluster. */
export interface PlannableRule extends Rule {
  /** No two occurrences are closer than this, as far as it matters for a deadline of at most five minutes; milliseconds. */
  readonly smallestGap: number
}

type CheckedRule = { readonly ok: true; readonly value: PlannableRule } | { readonly ok: false; readonly problems: readonly ScheduleProblem[] }

/** The rule of a schedule, or everything that is wrong with the schedule. */
export const ruleOf: (schedule: Schedule) => CheckedRule = oncePer((schedule: Schedule): CheckedRule => {
  const checked = occurrencesOf(schedule)
  if (!checked.ok) return checked
  const occurrences = checked.value
  const civil = civilRule(schedule)
  const value = {
    occurrences,
    static: civil?.expression ?? staticExpression(schedule, occurrences),
    wall: civil?.wall,
    smallestGap: smallestGap(schedule.recurrence, occurrences),
  }
  return { ok: true, value }
})

/** The one expression that says the same as the rule from its start to its end, if there is one (design/time.md section 3). */
function staticExpression({ recurrence, timeZone = 'Etc/UTC' }: Schedule, { cron, anchor }: Occurrences): Expression | undefined {
  if (cron !== undefined) return { schedule: cron.text, timeZone }
  if (recurrence.byMinute !== undefined) return elapsedExpression(recurrence.byMinute.every * minute, anchor)
  return recurrence.byHour === undefined ? undefined : elapsedExpression((recurrence.byHour.every ?? 1) * hour, anchor)
}

/** A rule on the calendar as a cron in its own zone, which says the same but for changes of clocks. */
function civilRule({ recurrence, timeZone = 'Etc/UTC', startTime }: Schedule): { readonly expression: Expression; readonly wall: Wall } | undefined {
  const fields = civilFields(recurrence)
  const time = startTime === undefined ? undefined : parseTimeOfDay(startTime)
  if (fields === undefined || time === undefined) return undefined
  const clock = `${(time / minute) % 60} ${Math.floor(time / hour)}`
  return { expression: { schedule: `${clock} ${fields.days}`, timeZone }, wall: { timeZone, time, reach: fields.reach } }
}

/** day-of-month, month and day-of-week of a civil rule. */
function civilFields({ byDay, byWeek, byMonth }: Recurrence): { readonly days: string; readonly reach: number } | undefined {
  if (byDay !== undefined) return (byDay.every ?? 1) === 1 ? { days: '* * *', reach: day } : undefined
  if (byWeek !== undefined) {
    if ((byWeek.every ?? 1) !== 1) return undefined
    const days = byWeek.days.map((name) => (weekdays.indexOf(name) + 1) % 7) // Kubernetes counts from Sunday = 0
    return { days: `* * ${days.toSorted((a, b) => a - b).join(',')}`, reach: 7 * day }
  }
  if (byMonth === undefined || isClamped(byMonth)) return undefined
  const selected = (byMonth.months ?? []).map((name) => months.indexOf(name) + 1).toSorted((a, b) => a - b)
  return { days: `${byMonth.day} ${selected.length === 0 ? '*' : selected.join(',')} *`, reach: reachOf(byMonth) }
}

/** An upper bound of what lies between two dates of a rule by month; milliseconds. Around 2100 there is no 29 February for eight years. */
function reachOf({ day: dayOfMonth, months: selected = [] }: NonNullable<Recurrence['byMonth']>): number {
  if (selected.length === 0) return 62 * day
  return (selected.some((name) => isInMonth(dayOfMonth, name)) ? 1 : 8) * 366 * day
}

/** Whether it runs on another day than `day` in some month. A cron leaves such months out, just as shortMonth Skip does. */
function isClamped(byMonth: NonNullable<Recurrence['byMonth']>): boolean {
  return byMonth.shortMonth === 'LastDay' && selectedMonths(byMonth).some((name) => !isInMonth(byMonth.day, name))
}

/** Whether that month has that day in every year. */
function isInMonth(dayOfMonth: number, name: Month): boolean {
  return dayOfMonth <= daysInMonth(2001, months.indexOf(name) + 1)
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

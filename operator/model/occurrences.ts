import { daysInMonth, parseDate, parseTimeOfDay } from './civil-time.ts'
import { parseCron, type CronExpression } from './cron-expression.ts'
import { nextMatch } from './cron-next.ts'
import { cutToDates, firstInstant, lastInstant, type DateBounds, type Next } from './date-bounds.ts'
import { day, hour, minute, type Instant } from './instant.ts'
import type { Checked, Problem } from './problem.ts'
import { daysOfRule } from './recurrence-days.ts'
import { scheduleProblems, type ScheduleProblem } from './schedule-problems.ts'
import type { DstPolicy, Recurrence, Schedule } from './schedule-spec.ts'
import { instantsOnWall, nextOnWall } from './wall-occurrences.ts'

/** When a schedule intends to run (design/time.md section 1). It depends on the schedule alone, never on any now. */
export interface Occurrences {
  /** First occurrence strictly after an instant; undefined: none follows. Whole minutes. Costs the same for any distance. */
  readonly next: (after: Instant) => Instant | undefined
  /** startDate at startTime (first of two, or shifted out of a gap): where the phase comes from. Undefined without either. */
  readonly anchor: Instant | undefined
  /** No occurrence is later; undefined: the rule goes on for ever. */
  readonly end: Instant | undefined
  readonly cron: CronExpression | undefined
}

/** A Checked whose problems also tell a schedule that is wrong from one that would never run. */
type CheckedOccurrences =
  | { readonly ok: true; readonly value: Occurrences }
  | { readonly ok: false; readonly problems: readonly ScheduleProblem[] }

/**
 * The occurrences of a schedule, or everything that is wrong with it. Both ends are inclusive: startDate <= local date of an
 * occurrence <= endDate. An anchor that does not satisfy the rule (a Wednesday, every Monday) is no occurrence.
 */
export function occurrencesOf(schedule: Schedule): CheckedOccurrences {
  const cron = schedule.recurrence.cron === undefined ? undefined : parseCron(schedule.recurrence.cron)
  const problems = [...scheduleProblems(schedule), ...problemsOf(cron)]
  if (problems.length > 0) return { ok: false, problems }
  const occurrences = builtOccurrences(schedule, cron?.ok === true ? cron.value : undefined)
  const never = neverProblem(schedule, occurrences)
  return never === undefined ? { ok: true, value: occurrences } : { ok: false, problems: [{ ...never, reason: 'NoOccurrence' }] }
}

function problemsOf(checked: Checked<unknown> | undefined): readonly Problem[] {
  return checked === undefined || checked.ok ? [] : checked.problems
}

/** Of a schedule in which scheduleProblems finds nothing wrong. */
function builtOccurrences(schedule: Schedule, cron: CronExpression | undefined): Occurrences {
  const bounds = boundsOf(schedule)
  const anchor = anchorsOf(schedule, {})[0]
  const next = cron === undefined ? recurringNext(schedule, anchor) : (after: Instant) => nextMatch(cron, bounds.timeZone, after)
  const end = schedule.recurrence.once === undefined ? lastInstant(bounds) : anchorsOf(schedule, schedule.dst).at(-1)
  return { next: cutToDates(bounds, next), anchor, end, cron }
}

function boundsOf({ timeZone = 'Etc/UTC', startDate, endDate }: Schedule): DateBounds {
  return {
    timeZone,
    start: startDate === undefined ? undefined : parseDate(startDate),
    end: endDate === undefined ? undefined : parseDate(endDate),
  }
}

/** The instants of startDate at startTime. Without a policy: shifted out of a gap, the first of two. */
function anchorsOf(schedule: Schedule, dst: DstPolicy | undefined): readonly Instant[] {
  const { timeZone, start } = boundsOf(schedule)
  const time = timeOf(schedule)
  return start === undefined || time === undefined ? [] : instantsOnWall(timeZone, start * day + time, dst ?? {})
}

function timeOf({ startTime }: Schedule): number | undefined {
  return startTime === undefined ? undefined : parseTimeOfDay(startTime)
}

/** Occurrences of everything but cron, from startDate on. */
function recurringNext(schedule: Schedule, anchor: Instant | undefined): Next {
  const { timeZone, start } = boundsOf(schedule)
  const step = elapsedStep(schedule.recurrence)
  if (step !== undefined && anchor !== undefined) {
    return after => anchor + Math.max(0, Math.floor((after - anchor) / step) + 1) * step
  }
  const days = daysOfRule(schedule.recurrence, start)
  const time = timeOf(schedule)
  if (days === undefined || time === undefined) return () => undefined
  return after => nextOnWall({ timeZone, days, start, time, dst: schedule.dst ?? {} }, after)
}

/** Milliseconds from one occurrence to the next where daylight saving time makes no difference. */
function elapsedStep({ byMinute, byHour }: Recurrence): number | undefined {
  if (byMinute !== undefined) return byMinute.every * minute
  return byHour === undefined ? undefined : (byHour.every ?? 1) * hour
}

/** Why a well-formed schedule has no occurrence at all. A rule without startDate has them in the past at least. */
function neverProblem(schedule: Schedule, { next, end, cron }: Occurrences): Problem | undefined {
  if (cron !== undefined && !matchesSomeDay(cron)) {
    return { path: 'spec.schedule.recurrence.cron', message: 'none of the selected months has a selected day, so nothing would ever run: choose another day' }
  }
  const first = firstInstant(boundsOf(schedule))
  if (first === undefined || next(first - 1) !== undefined) return undefined
  if (schedule.recurrence.once !== undefined) {
    return {
      path: 'spec.schedule.startTime',
      message: 'clocks go forward over this time on startDate and dst.gap is Skip, so nothing would ever run: choose another time, or ShiftForward',
    }
  }
  // Kubernetes looks five years ahead; from 2097 the next 29 February is farther away.
  if (cron !== undefined && end === undefined) return undefined
  return { path: 'spec.schedule.endDate', message: 'no occurrence lies between startDate and endDate, so nothing would ever run: choose a later endDate' }
}

/** Unless days of the week alone decide, or either of the two day fields suffices. */
function matchesSomeDay({ months, daysOfMonth, dowStar }: CronExpression): boolean {
  return !dowStar || months.some(month => daysOfMonth.some(dayOfMonth => dayOfMonth <= daysInMonth(2000, month)))
}

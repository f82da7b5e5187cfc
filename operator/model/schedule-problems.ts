import { daysInMonth, parseDate, parseTimeOfDay } from './civil-time.ts'
import type { Problem } from './problem.ts'
import { selectedMonths } from './recurrence-days.ts'
import { months, type Month, type Recurrence, type Schedule } from './schedule-spec.ts'
import { isTimeZone, likelyTimeZone } from './time-zone.ts'

export interface ScheduleProblem extends Problem {
  /** NoOccurrence: the schedule says something, but nothing would ever run. Absent: InvalidSpec. */
  readonly reason?: 'InvalidSpec' | 'NoOccurrence' | undefined
}

/**
 * All that is wrong with a schedule, except what is inside `recurrence.cron` and whether it has an occurrence between its
 * dates. The CRD's rules, found again: objects written under an older CRD get past them, and `preview` has no API server.
 */
export function scheduleProblems(schedule: Schedule): readonly ScheduleProblem[] {
  const broken = rules.filter(rule => !rule.holds(schedule))
  return [
    ...timeZoneProblems(schedule.timeZone),
    ...broken.map(({ path, message, reason }) => ({ path: `spec.schedule${path}`, message, reason })),
  ]
}

function timeZoneProblems(timeZone: string | undefined): readonly ScheduleProblem[] {
  if (timeZone === undefined || isTimeZone(timeZone)) return []
  const likely = likelyTimeZone(timeZone)
  const advice = likely === undefined ? 'use an IANA name such as Europe/Berlin or Etc/UTC (no offset like +02:00, no Local)' : `write ${likely}`
  return [{ path: 'spec.schedule.timeZone', message: `unknown time zone "${timeZone}": ${advice}` }]
}

interface ScheduleRule {
  /** Below `spec.schedule`. */
  readonly path: string
  readonly holds: (schedule: Schedule) => boolean
  readonly message: string
  readonly reason?: ScheduleProblem['reason']
}

const dateMessage = 'must be a calendar date "YYYY-MM-DD" in the years 1970 to 2199, such as "2026-12-07"'

const rules: readonly ScheduleRule[] = [
  { path: '.startDate', holds: ({ startDate }) => startDate === undefined || isDate(startDate), message: dateMessage },
  {
    path: '.startTime',
    holds: ({ startTime }) => startTime === undefined || parseTimeOfDay(startTime) !== undefined,
    message: 'must be a time of day "HH:MM" from "00:00" to "23:59", two digits each, such as "02:30"',
  },
  { path: '.endDate', holds: ({ endDate }) => endDate === undefined || isDate(endDate), message: dateMessage },
  {
    path: '.recurrence',
    holds: ({ recurrence }) => membersOf(recurrence).length === 1,
    message: 'exactly one of once, byMinute, byHour, byDay, byWeek, byMonth, cron must be set (for a single run write `once: {}`; a bare `once:` is null and counts as absent)',
  },
  {
    path: '.recurrence.byMinute.every',
    holds: ({ recurrence: { byMinute } }) => byMinute === undefined || (isWhole(byMinute.every / 5) && isWithin(byMinute.every, 5, 1440)),
    message: 'must be a multiple of 5 from 5 to 1440',
  },
  { path: '.recurrence.byHour.every', holds: ({ recurrence: { byHour } }) => isWithin(byHour?.every, 1, 8760), message: 'must be a whole number from 1 to 8760' },
  { path: '.recurrence.byDay.every', holds: ({ recurrence: { byDay } }) => isWithin(byDay?.every, 1, 366), message: 'must be a whole number from 1 to 366' },
  { path: '.recurrence.byWeek.every', holds: ({ recurrence: { byWeek } }) => isWithin(byWeek?.every, 1, 52), message: 'must be a whole number from 1 to 52' },
  { path: '.recurrence.byWeek.days', holds: ({ recurrence: { byWeek } }) => byWeek?.days.length !== 0, message: 'at least one day of the week is needed' },
  { path: '.recurrence.byMonth.day', holds: ({ recurrence: { byMonth } }) => isWithin(byMonth?.day, 1, 31), message: 'must be a whole number from 1 to 31' },
  {
    path: '.recurrence.byMonth.shortMonth',
    holds: ({ recurrence: { byMonth } }) =>
      byMonth === undefined || byMonth.shortMonth !== undefined || selectedMonths(byMonth).every(month => byMonth.day <= shortestLength(month)),
    message: 'some selected month is shorter than day: set shortMonth to Skip (no run in that month) or LastDay (run on its last day)',
  },
  {
    path: '.recurrence.byMonth.day',
    holds: ({ recurrence: { byMonth } }) =>
      byMonth === undefined || byMonth.shortMonth === 'LastDay' || selectedMonths(byMonth).some(month => byMonth.day <= longestLength(month)),
    message: 'none of the selected months has that day, so nothing would ever run: choose another day, or shortMonth LastDay',
    reason: 'NoOccurrence',
  },
  { path: '.recurrence.cron', holds: ({ recurrence: { cron } }) => cron === undefined || cron.length <= 128, message: 'must not be longer than 128 characters' },
  {
    path: '.startTime',
    holds: ({ recurrence, startTime }) => recurrence.cron !== undefined || startTime !== undefined,
    message: 'startTime ("HH:MM") is required except with recurrence.cron',
  },
  {
    path: '.startTime',
    holds: ({ recurrence, startTime }) => recurrence.cron === undefined || startTime === undefined,
    message: 'startTime is not used with recurrence.cron: remove it',
  },
  {
    path: '.startDate',
    holds: ({ recurrence, startDate }) => startDate !== undefined || !needsStartDate(recurrence),
    message: 'startDate ("YYYY-MM-DD") is required with once, byMinute, byHour and with every greater than 1: it sets the phase',
  },
  {
    path: '.dst',
    holds: ({ recurrence: { byMinute, byHour, cron }, dst }) => dst === undefined || (byMinute ?? byHour ?? cron) === undefined,
    message: 'dst is allowed only with once, byDay, byWeek and byMonth: byMinute and byHour are elapsed time, cron follows Kubernetes',
  },
  {
    path: '.endDate',
    holds: ({ startDate, endDate }) => startDate === undefined || endDate === undefined || endDate >= startDate,
    message: 'endDate must not be before startDate (both days are included)',
  },
]

function isDate(text: string): boolean {
  return parseDate(text) !== undefined && text >= '1970-01-01' && text <= '2199-12-31'
}

function isWhole(value: number): boolean {
  return Number.isInteger(value)
}

function isWithin(value: number | undefined, min: number, max: number): boolean {
  return value === undefined || (isWhole(value) && value >= min && value <= max)
}

function membersOf({ once, byMinute, byHour, byDay, byWeek, byMonth, cron }: Recurrence): readonly unknown[] {
  return [once, byMinute, byHour, byDay, byWeek, byMonth, cron].filter(member => member !== undefined)
}

function needsStartDate({ once, byMinute, byHour, byDay, byWeek }: Recurrence): boolean {
  return (once ?? byMinute ?? byHour) !== undefined || (byDay?.every ?? 1) > 1 || (byWeek?.every ?? 1) > 1
}

// A leap year and one that is none: February counts as 28 days where a month may be too short.
function longestLength(month: Month): number {
  return daysInMonth(2000, months.indexOf(month) + 1)
}

function shortestLength(month: Month): number {
  return daysInMonth(2001, months.indexOf(month) + 1)
}

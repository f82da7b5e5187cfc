import { z } from 'zod'
import { cronRules } from './cron-rules.ts'
import { setOf } from './field-schema.ts'
import { oneIsSet, ruled, type Rule } from './rule.ts'
import { months, weekdays } from './schedule-spec.ts'

/**
 * `spec.schedule`: its shape, and for the API server its rules. No rule has a predicate beside it: occurrencesOf checks them
 * all, together with what only it can see, so that every problem of a schedule is listed at once.
 */

const weekday = z.enum(weekdays)
const month = z.enum(months)

const every = (max: number, unit: string) =>
  z.int().min(1).max(max).default(1).describe(`Number of ${unit} from one run to the next, from 1 to ${max}. Default 1.`)

/** Of the months that can be selected, how long they are at least: February counts as 28 days. */
const shortMonthRules: readonly Rule<unknown>[] = [
  {
    cel: `has(self.shortMonth) || self.day <= 28 || (has(self.months) && size(self.months) > 0 && (self.day <= 30 ? !('February' in self.months) : self.months.all(m, m in ['January', 'March', 'May', 'July', 'August', 'October', 'December'])))`,
    message: 'some selected month is shorter than day: set shortMonth to Skip (no run in that month) or LastDay (run on its last day)',
    field: '.shortMonth',
    reason: 'FieldValueRequired',
  },
  {
    cel: `has(self.shortMonth) && self.shortMonth == 'LastDay' || !has(self.months) || size(self.months) == 0 || self.day <= 29 || !(self.months.all(m, m == 'February') || (self.day == 31 && self.months.all(m, m in ['February', 'April', 'June', 'September', 'November'])))`,
    message: 'none of the selected months has that day, so nothing would ever run: choose another day, or shortMonth LastDay',
    field: '.day',
  },
]

const recurrence = ruled(
  z.object({
    once: z.object({}).optional().describe('One single run, at startDate and startTime. Written as an empty object: `once: {}`.'),
    byMinute: z
      .object({
        every: z.int().min(5).max(1440).multipleOf(5).describe('Minutes from one run to the next: a multiple of 5, from 5 to 1440.'),
      })
      .optional()
      .describe('Every so many minutes of elapsed time, counted from startDate and startTime. Daylight saving time changes nothing: runs are always this far apart.'),
    byHour: z
      .object({ every: every(8760, 'hours') })
      .optional()
      .describe('Every so many hours of elapsed time, counted from startDate and startTime. Daylight saving time changes nothing: runs are always this far apart.'),
    byDay: z
      .object({ every: every(366, 'days') })
      .optional()
      .describe('Every so many days, counted from startDate, when the clock in timeZone shows startTime.'),
    byWeek: z
      .object({
        every: every(52, 'weeks'),
        days: setOf(weekday, 7, 1).describe('Days of the week on which it runs, such as [Monday, Thursday]. At least one.'),
      })
      .optional()
      .describe('On days of the week, when the clock in timeZone shows startTime. Weeks begin on Monday and are counted from the week of the first run.'),
    byMonth: ruled(
      z.object({
        months: setOf(month, 12).optional().describe('Months in which it runs, such as [January, July]. Absent or empty: in all twelve.'),
        day: z.int().min(1).max(31).describe('Day of the month, from 1 to 31. 31 together with shortMonth LastDay is the last day of every month.'),
        shortMonth: z
          .enum(['Skip', 'LastDay'])
          .optional()
          .describe('What happens in a month that lacks the day: Skip (no run) or LastDay (run on its last day). Required where a selected month can be too short; February counts as 28 days.'),
      }),
      shortMonthRules,
    )
      .optional()
      .describe('On one day of each selected month, when the clock in timeZone shows startTime.'),
    cron: ruled(z.string().min(1).max(128), cronRules)
      .optional()
      .describe('Five fields (minute, hour, day of month, month, day of week) or a macro such as @daily, read in timeZone, with exactly the meaning that Kubernetes gives them in a CronJob. startTime is not used with it.'),
  }),
  [{
    cel: oneIsSet(['once', 'byMinute', 'byHour', 'byDay', 'byWeek', 'byMonth', 'cron']),
    message: 'exactly one of once, byMinute, byHour, byDay, byWeek, byMonth, cron must be set (for a single run write `once: {}`; a bare `once:` is null and counts as absent)',
  }],
)

const firstDate = '1970-01-01'
const lastDate = '2199-12-31'

/** ISO 8601 calendar date. The years are bounded so that a slip such as 0206 is noticed. */
export const calendarDate = () =>
  ruled(z.string().max(64), [{
    cel: `!format.date().validate(self).hasValue() && self >= '${firstDate}' && self <= '${lastDate}'`,
    message: 'must be a calendar date "YYYY-MM-DD" in the years 1970 to 2199, such as "2026-12-07"',
  }])

/** A name may still be one that no time zone has: only the operator knows them all. */
export const timeZoneName = () =>
  ruled(z.string().min(1).max(64), [{
    cel: `self != 'Local' && self.matches('${zoneName}')`,
    message: 'must be an IANA name such as Europe/Berlin or Etc/UTC (no offset like +02:00, no Local)',
  }])

const clockTime = '^([01][0-9]|2[0-3]):[0-5][0-9]$'
const zoneName = '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$'

/** What goes with which recurrence. */
const scheduleRules: readonly Rule<unknown>[] = [
  {
    cel: 'has(self.recurrence.cron) || has(self.startTime)',
    message: 'startTime ("HH:MM") is required except with recurrence.cron',
    field: '.startTime',
    reason: 'FieldValueRequired',
  },
  {
    cel: '!has(self.recurrence.cron) || !has(self.startTime)',
    message: 'startTime is not used with recurrence.cron: remove it',
    field: '.startTime',
    reason: 'FieldValueForbidden',
  },
  {
    cel: 'has(self.startDate) || !(has(self.recurrence.once) || has(self.recurrence.byMinute) || has(self.recurrence.byHour) || has(self.recurrence.byDay) && self.recurrence.byDay.every > 1 || has(self.recurrence.byWeek) && self.recurrence.byWeek.every > 1)',
    message: 'startDate ("YYYY-MM-DD") is required with once, byMinute, byHour and with every greater than 1: it sets the phase',
    field: '.startDate',
    reason: 'FieldValueRequired',
  },
  {
    cel: '!has(self.dst) || !(has(self.recurrence.byMinute) || has(self.recurrence.byHour) || has(self.recurrence.cron))',
    message: 'dst is allowed only with once, byDay, byWeek and byMonth: byMinute and byHour are elapsed time, cron follows Kubernetes',
    field: '.dst',
    reason: 'FieldValueForbidden',
  },
  {
    cel: '!has(self.endDate) || !has(self.startDate) || self.endDate >= self.startDate',
    message: 'endDate must not be before startDate (both days are included)',
    field: '.endDate',
  },
]

export const scheduleSchema = ruled(
  z.object({
    timeZone: timeZoneName()
      .default('Etc/UTC')
      .describe('IANA time zone in which dates and times of this schedule are read, such as Europe/Berlin. Default Etc/UTC.'),
    startDate: calendarDate()
      .optional()
      .describe('First day on which it may run, "YYYY-MM-DD", included. It also sets the phase, so it is required with once, byMinute, byHour and with every greater than 1. Absent: the rule has no beginning.'),
    startTime: ruled(z.string().max(64), [{
      cel: `self.matches('${clockTime}')`,
      message: 'must be a time of day "HH:MM" from "00:00" to "23:59", two digits each, such as "02:30"',
    }])
      .optional()
      .describe('Time of day "HH:MM" in timeZone, from "00:00" to "23:59". Required, except with recurrence.cron, which does not use it.'),
    endDate: calendarDate()
      .optional()
      .describe('Last day on which it may run, "YYYY-MM-DD", included. Absent: it goes on for ever.'),
    recurrence: recurrence
      .describe('How it repeats. Exactly one member is set.')
      .meta({ 'x-kubernetes-map-type': 'atomic' }),
    dst: z
      .object({
        gap: z
          .enum(['ShiftForward', 'Skip'])
          .default('ShiftForward')
          .describe('When the time of day does not exist because clocks go forward: ShiftForward (default; 02:30 becomes 03:30) or Skip (no run on that day).'),
        overlap: z
          .enum(['First', 'Second', 'Both'])
          .default('First')
          .describe('When the time of day exists twice because clocks go back: run at the First (default), at the Second, or at Both.'),
      })
      .optional()
      .describe('What happens on the days on which clocks change. Only with once, byDay, byWeek and byMonth. Absent: ShiftForward and First.'),
  }),
  scheduleRules,
).describe('When it runs. A change never starts a run at once: the first run after it is the first occurrence of the new schedule that is still to come.')

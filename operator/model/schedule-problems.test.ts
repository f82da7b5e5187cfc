import { describe, expect, it } from 'vitest'
import { occurrencesOf } from './occurrences.ts'
import type { Schedule } from './schedule-spec.ts'

function problems(schedule: Schedule): readonly string[] {
  const result = occurrencesOf(schedule)
  return result.ok ? [] : result.problems.map(({ path, message, reason }) => `${path}: ${message}${reason === undefined ? '' : ` [${reason}]`}`)
}

const start = { startDate: '2026-12-07', startTime: '02:30' }
const daily: Schedule = { ...start, recurrence: { byDay: {} } }

const badDate = 'must be a calendar date "YYYY-MM-DD" in the years 1970 to 2199, such as "2026-12-07"'
const badTime = 'must be a time of day "HH:MM" from "00:00" to "23:59", two digits each, such as "02:30"'
const oneOf = 'spec.schedule.recurrence: exactly one of once, byMinute, byHour, byDay, byWeek, byMonth, cron must be set (for a single run write `once: {}`; a bare `once:` is null and counts as absent)'
const tooShort = 'spec.schedule.recurrence.byMonth.shortMonth: some selected month is shorter than day: set shortMonth to Skip (no run in that month) or LastDay (run on its last day)'
const noSuchDay = 'spec.schedule.recurrence.byMonth.day: none of the selected months has that day, so nothing would ever run: choose another day, or shortMonth LastDay [NoOccurrence]'
const dstForbidden = 'spec.schedule.dst: dst is allowed only with once, byDay, byWeek and byMonth: byMinute and byHour are elapsed time, cron follows Kubernetes'
const startDateNeeded = 'spec.schedule.startDate: startDate ("YYYY-MM-DD") is required with once, byMinute, byHour and with every greater than 1: it sets the phase'
const notBetween = 'spec.schedule.endDate: no occurrence lies between startDate and endDate, so nothing would ever run: choose a later endDate [NoOccurrence]'
const aboutZones = 'use an IANA name such as Europe/Berlin or Etc/UTC (no offset like +02:00, no Local)'

describe('a schedule is accepted', () => {
  const accepted: Record<string, Schedule> = {
    'with a zone, both dates and a policy': { ...daily, timeZone: 'Europe/Berlin', endDate: '2027-12-31', dst: { gap: 'Skip', overlap: 'Both' } },
    'daily without startDate': { startTime: '02:30', recurrence: { byDay: {} } },
    'every week without startDate': { startTime: '02:30', recurrence: { byWeek: { days: ['Monday'] } } },
    'with a date that is start and end': { ...start, endDate: '2026-12-07', recurrence: { once: {} } },
    'on day 31 of long months without shortMonth': { startTime: '02:30', recurrence: { byMonth: { months: ['January', 'December'], day: 31 } } },
    'on day 30 without February': { startTime: '02:30', recurrence: { byMonth: { months: ['April', 'January'], day: 30 } } },
    'on 29 February with Skip': { startTime: '02:30', recurrence: { byMonth: { months: ['February'], day: 29, shortMonth: 'Skip' } } },
    'on 30 February with LastDay': { startTime: '02:30', recurrence: { byMonth: { months: ['February'], day: 30, shortMonth: 'LastDay' } } },
    'on day 31 of no month named, with Skip': { startTime: '02:30', recurrence: { byMonth: { months: [], day: 31, shortMonth: 'Skip' } } },
    'once in a gap that is shifted': { timeZone: 'Europe/Berlin', startDate: '2026-03-29', startTime: '02:30', recurrence: { once: {} } },
    'by a cron that only days of the week let match': { recurrence: { cron: '0 2 31 2 1' } },
    'by a cron whose first match is farther away than Kubernetes looks': { startDate: '2097-01-01', recurrence: { cron: '0 0 29 2 *' } },
    'although it is long over': { startTime: '02:30', endDate: '1980-01-01', recurrence: { byDay: {} } },
    'at the longest intervals': { ...start, recurrence: { byHour: { every: 8_760 } } },
  }
  it.each(Object.entries(accepted))('%s', (_, schedule) => expect(problems(schedule)).toEqual([]))
})

describe('a schedule is refused', () => {
  const refused: Record<string, [Schedule, ...string[]]> = {
    'in an unknown zone': [{ ...daily, timeZone: 'Europe/Nowhere' }, `spec.schedule.timeZone: unknown time zone "Europe/Nowhere": ${aboutZones}`],
    'in a zone of the wrong case': [{ ...daily, timeZone: 'europe/berlin' }, 'spec.schedule.timeZone: unknown time zone "europe/berlin": write Europe/Berlin'],
    'in a zone that is an offset': [{ ...daily, timeZone: '+02:00' }, `spec.schedule.timeZone: unknown time zone "+02:00": ${aboutZones}`],
    'in the zone Local': [{ ...daily, timeZone: 'Local' }, `spec.schedule.timeZone: unknown time zone "Local": ${aboutZones}`],
    'in a zone without a name': [{ ...daily, timeZone: '' }, `spec.schedule.timeZone: unknown time zone "": ${aboutZones}`],
    'on 30 February': [{ ...daily, startDate: '2026-02-30' }, `spec.schedule.startDate: ${badDate}`],
    'on a date of another custom': [{ ...daily, startDate: '7.12.2026' }, `spec.schedule.startDate: ${badDate}`],
    'in a year that is a slip': [{ ...daily, startDate: '0206-12-07', endDate: '2206-01-01' }, `spec.schedule.startDate: ${badDate}`, `spec.schedule.endDate: ${badDate}`],
    'at 24:00': [{ ...daily, startTime: '24:00' }, `spec.schedule.startTime: ${badTime}`],
    'at 2:30': [{ ...daily, startTime: '2:30' }, `spec.schedule.startTime: ${badTime}`],
    'without a recurrence': [{ ...start, recurrence: {} }, oneOf],
    'with two recurrences': [{ ...start, recurrence: { once: {}, byDay: {} } }, oneOf],
    'every 7 minutes': [{ ...start, recurrence: { byMinute: { every: 7 } } }, 'spec.schedule.recurrence.byMinute.every: must be a multiple of 5 from 5 to 1440'],
    'every 0 minutes': [{ ...start, recurrence: { byMinute: { every: 0 } } }, 'spec.schedule.recurrence.byMinute.every: must be a multiple of 5 from 5 to 1440'],
    'every 1.5 hours': [{ ...start, recurrence: { byHour: { every: 1.5 } } }, 'spec.schedule.recurrence.byHour.every: must be a whole number from 1 to 8760'],
    'every 367 days': [{ ...start, recurrence: { byDay: { every: 367 } } }, 'spec.schedule.recurrence.byDay.every: must be a whole number from 1 to 366'],
    'every 53 weeks on no day': [
      { ...start, recurrence: { byWeek: { every: 53, days: [] } } },
      'spec.schedule.recurrence.byWeek.every: must be a whole number from 1 to 52',
      'spec.schedule.recurrence.byWeek.days: at least one day of the week is needed',
    ],
    'on day 0': [{ ...start, recurrence: { byMonth: { day: 0 } } }, 'spec.schedule.recurrence.byMonth.day: must be a whole number from 1 to 31'],
    'on day 29 of every month without shortMonth': [{ ...start, recurrence: { byMonth: { day: 29 } } }, tooShort],
    'on day 31 of a long and a short month without shortMonth': [{ ...start, recurrence: { byMonth: { months: ['May', 'June'], day: 31 } } }, tooShort],
    'on 31 April without shortMonth': [{ ...start, recurrence: { byMonth: { months: ['April'], day: 31 } } }, tooShort, noSuchDay],
    'on 30 February with Skip': [{ ...start, recurrence: { byMonth: { months: ['February'], day: 30, shortMonth: 'Skip' } } }, noSuchDay],
    'on day 31 of short months with Skip': [{ startTime: '02:30', recurrence: { byMonth: { months: ['April', 'June'], day: 31, shortMonth: 'Skip' } } }, noSuchDay],
    'by a cron that is not understood': [{ recurrence: { cron: '0 2 * * 7' } }, 'spec.schedule.recurrence.cron: day-of-week "7": Sunday is 0 (not 7)'],
    'by a cron that is too long': [{ recurrence: { cron: `${'1,'.repeat(64)}1 * * * *` } }, 'spec.schedule.recurrence.cron: must not be longer than 128 characters'],
    'by a cron on 30 February': [
      { recurrence: { cron: '0 2 30 2 *' } },
      'spec.schedule.recurrence.cron: none of the selected months has a selected day, so nothing would ever run: choose another day [NoOccurrence]',
    ],
    'without startTime': [{ recurrence: { byDay: {} } }, 'spec.schedule.startTime: startTime ("HH:MM") is required except with recurrence.cron'],
    'with startTime beside cron': [{ startTime: '02:30', recurrence: { cron: '0 2 * * *' } }, 'spec.schedule.startTime: startTime is not used with recurrence.cron: remove it'],
    'once without startDate': [{ startTime: '02:30', recurrence: { once: {} } }, startDateNeeded],
    'every 45 minutes without startDate': [{ startTime: '02:30', recurrence: { byMinute: { every: 45 } } }, startDateNeeded],
    'every hour without startDate': [{ startTime: '02:30', recurrence: { byHour: {} } }, startDateNeeded],
    'every 2 days without startDate': [{ startTime: '02:30', recurrence: { byDay: { every: 2 } } }, startDateNeeded],
    'every 2 weeks without startDate': [{ startTime: '02:30', recurrence: { byWeek: { every: 2, days: ['Monday'] } } }, startDateNeeded],
    'with dst beside elapsed time': [{ ...start, recurrence: { byHour: {} }, dst: { gap: 'Skip' } }, dstForbidden],
    'with an empty dst beside cron': [{ recurrence: { cron: '@daily' }, dst: {} }, dstForbidden],
    'with an end before its start': [{ ...daily, endDate: '2026-12-06' }, 'spec.schedule.endDate: endDate must not be before startDate (both days are included)'],
    'with an end before the first Monday': [{ ...start, startDate: '2026-12-08', endDate: '2026-12-13', recurrence: { byWeek: { days: ['Monday'] } } }, notBetween],
    'with an end before the first match of its cron': [{ startDate: '2026-12-07', endDate: '2026-12-31', recurrence: { cron: '@yearly' } }, notBetween],
    'once in a gap that is skipped': [
      { timeZone: 'Europe/Berlin', startDate: '2026-03-29', startTime: '02:30', recurrence: { once: {} }, dst: { gap: 'Skip' } },
      'spec.schedule.startTime: clocks go forward over this time on startDate and dst.gap is Skip, so nothing would ever run: choose another time, or ShiftForward [NoOccurrence]',
    ],
    'for everything that is wrong at once': [
      { timeZone: 'Berlin', startDate: '2026-12-07', endDate: '2026-12-01', recurrence: { cron: '60 2 * *', byMonth: { day: 31 } }, dst: {} },
      'spec.schedule.timeZone: unknown time zone "Berlin": write Europe/Berlin',
      oneOf,
      tooShort,
      dstForbidden,
      'spec.schedule.endDate: endDate must not be before startDate (both days are included)',
      'spec.schedule.recurrence.cron: cron needs exactly five fields: minute hour day-of-month month day-of-week (no seconds, no year), found 4',
    ],
  }
  it.each(Object.entries(refused))('%s', (_, [schedule, ...want]) => expect(problems(schedule)).toEqual(want))
})

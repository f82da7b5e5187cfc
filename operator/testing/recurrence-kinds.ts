import type { Schedule } from '../model/schedule-spec.ts'

/** One schedule of every kind that differs in how it becomes a CronJob (design/time.md sections 1 and 3), by its name in tables. */
export const recurrenceKinds: Readonly<Record<string, Schedule>> = {
  'once': { startDate: '2026-03-20', startTime: '09:00', recurrence: { once: {} } },
  'byMinute 15': { startDate: '2026-01-01', startTime: '00:05', recurrence: { byMinute: { every: 15 } } },
  'byMinute 45': { startDate: '2026-01-01', startTime: '00:05', recurrence: { byMinute: { every: 45 } } },
  'byHour 6': { startDate: '2026-01-01', startTime: '05:00', recurrence: { byHour: { every: 6 } } },
  'byHour 5': { startDate: '2026-01-01', startTime: '05:00', recurrence: { byHour: { every: 5 } } },
  'byDay, Etc/UTC': { startTime: '02:30', recurrence: { byDay: {} } },
  'byDay, Europe/Berlin 02:30': { timeZone: 'Europe/Berlin', startTime: '02:30', recurrence: { byDay: {} } },
  'byDay, Europe/Berlin 06:00': { timeZone: 'Europe/Berlin', startTime: '06:00', recurrence: { byDay: {} } },
  'byDay 2': { timeZone: 'Europe/Berlin', startDate: '2026-01-01', startTime: '02:30', recurrence: { byDay: { every: 2 } } },
  'byWeek, 3 days': { timeZone: 'Europe/Berlin', startTime: '06:00', recurrence: { byWeek: { days: ['Monday', 'Wednesday', 'Friday'] } } },
  'byWeek 2, 2 days': { timeZone: 'Europe/Berlin', startDate: '2026-01-05', startTime: '06:00', recurrence: { byWeek: { every: 2, days: ['Monday', 'Thursday'] } } },
  'byMonth, day 1': { timeZone: 'Europe/Berlin', startTime: '06:00', recurrence: { byMonth: { day: 1 } } },
  'byMonth, last day': { timeZone: 'Europe/Berlin', startTime: '06:00', recurrence: { byMonth: { day: 31, shortMonth: 'LastDay' } } },
  'byMonth, day 31 or none': { timeZone: 'Europe/Berlin', startTime: '06:00', recurrence: { byMonth: { day: 31, shortMonth: 'Skip' } } },
  'cron, hourly': { timeZone: 'Europe/Berlin', recurrence: { cron: '0 * * * *' } },
  'cron, working days': { timeZone: 'Europe/Berlin', recurrence: { cron: '30 2 * * MON-FRI' } },
  'cron, until a date': { timeZone: 'Europe/Berlin', endDate: '2026-12-31', recurrence: { cron: '30 4 * * *' } },
}

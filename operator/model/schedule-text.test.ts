import { describe, expect, it } from 'vitest'
import type { Recurrence, Schedule } from './schedule-spec.ts'
import { scheduleText } from './schedule-text.ts'

describe('scheduleText', () => {
  const rows: [string, Recurrence][] = [
    ['once 2026-12-07 02:30', { once: {} }],
    ['every 45 minutes', { byMinute: { every: 45 } }],
    ['every hour', { byHour: {} }],
    ['every 6 hours', { byHour: { every: 6 } }],
    ['every day 02:30', { byDay: { every: 1 } }],
    ['every 2 days 02:30', { byDay: { every: 2 } }],
    ['every week on Monday, Friday 02:30', { byWeek: { days: ['Monday', 'Friday'] } }],
    ['every 2 weeks on Monday 02:30', { byWeek: { every: 2, days: ['Monday'] } }],
    ['monthly on day 1 02:30', { byMonth: { day: 1 } }],
    ['monthly on day 31 (last day of short months) 02:30', { byMonth: { months: [], day: 31, shortMonth: 'LastDay' } }],
    ['monthly on day 31 (not in short months) 02:30', { byMonth: { day: 31, shortMonth: 'Skip' } }],
    ['January, April on day 15 02:30', { byMonth: { months: ['January', 'April'], day: 15 } }],
    ['cron 0 2 * * 1-5', { cron: '0 2 * * 1-5' }],
  ]
  it.each(rows)('%s', (want, recurrence) => {
    expect(scheduleText({ timeZone: 'Europe/Berlin', startDate: '2026-12-07', startTime: '02:30', recurrence })).toBe(want)
  })

  const unfinished: [string, Schedule][] = [
    ['once', { recurrence: { once: {} } }],
    ['every day', { recurrence: { byDay: {} } }],
    ['02:30', { startTime: '02:30', recurrence: {} }],
  ]
  it.each(unfinished)('has "%s" for a schedule that is refused', (want, schedule) => expect(scheduleText(schedule)).toBe(want))
})

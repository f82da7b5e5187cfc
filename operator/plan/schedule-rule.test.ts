import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hour, minute } from '../model/instant.ts'
import type { Recurrence, Schedule } from '../model/schedule-spec.ts'
import { at } from '../testing/builders.ts'
import { ruleOf } from './schedule-rule.ts'
import { matchesIn } from './timing.ts'

function valid(schedule: Schedule) {
  const checked = ruleOf(schedule)
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  return checked.value
}

const start = { startDate: '2026-03-04', startTime: '04:25' }

describe('the one expression of a rule', () => {
  it.each<[string, Schedule, string | undefined]>([
    ['every five minutes from any minute', { ...start, startTime: '04:23', recurrence: { byMinute: { every: 5 } } }, '3,8,13,18,23,28,33,38,43,48,53,58 * * * *'],
    ['every sixty minutes', { ...start, recurrence: { byMinute: { every: 60 } } }, '25 * * * *'],
    ['every two hours in minutes', { ...start, recurrence: { byMinute: { every: 120 } } }, '25 0,2,4,6,8,10,12,14,16,18,20,22 * * *'],
    ['every day in minutes', { ...start, recurrence: { byMinute: { every: 1440 } } }, '25 4 * * *'],
    ['every 45 minutes has none', { ...start, recurrence: { byMinute: { every: 45 } } }, undefined],
    ['every 90 minutes has none', { ...start, recurrence: { byMinute: { every: 90 } } }, undefined],
    ['every hour', { ...start, recurrence: { byHour: {} } }, '25 * * * *'],
    ['every eight hours', { ...start, recurrence: { byHour: { every: 8 } } }, '25 4,12,20 * * *'],
    ['every 24 hours', { ...start, recurrence: { byHour: { every: 24 } } }, '25 4 * * *'],
    ['every five hours has none', { ...start, recurrence: { byHour: { every: 5 } } }, undefined],
    ['every 48 hours has none', { ...start, recurrence: { byHour: { every: 48 } } }, undefined],
    ['every day', { startTime: '04:25', recurrence: { byDay: {} } }, '25 4 * * *'],
    ['every second day has none', { ...start, recurrence: { byDay: { every: 2 } } }, undefined],
    ['every day in a zone that changes its clocks', { timeZone: 'Europe/Berlin', startTime: '04:25', recurrence: { byDay: {} } }, '25 4 * * *'],
    ['every week', { startTime: '04:25', recurrence: { byWeek: { days: ['Sunday', 'Wednesday'] } } }, '25 4 * * 0,3'],
    ['every second week has none', { ...start, recurrence: { byWeek: { every: 2, days: ['Sunday'] } } }, undefined],
    ['every month', { startTime: '04:25', recurrence: { byMonth: { day: 28 } } }, '25 4 28 * *'],
    ['every month on a day that some lack and leave out', { startTime: '04:25', recurrence: { byMonth: { day: 29, shortMonth: 'Skip' } } }, '25 4 29 * *'],
    ['every month on the last day of those that lack the day has none', { startTime: '04:25', recurrence: { byMonth: { day: 29, shortMonth: 'LastDay' } } }, undefined],
    ['months that all have the day', { startTime: '04:25', recurrence: { byMonth: { months: ['May', 'January'], day: 31, shortMonth: 'LastDay' } } }, '25 4 31 1,5 *'],
    ['once has none', { ...start, recurrence: { once: {} } }, undefined],
    ['a cron is it', { recurrence: { cron: ' 5  4 * * * ' } }, '5 4 * * *'],
  ])('%s', (_name, schedule, want) => expect(valid(schedule).static?.schedule).toBe(want))

  it('is in the zone of a civil rule, and in UTC for elapsed time', () => {
    expect(valid({ timeZone: 'Asia/Kolkata', startTime: '04:25', recurrence: { byDay: {} } }).static).toEqual({ schedule: '25 4 * * *', timeZone: 'Asia/Kolkata' })
    expect(valid({ timeZone: 'Europe/Berlin', ...start, recurrence: { byHour: { every: 6 } } }).static).toEqual({ schedule: '25 3,9,15,21 * * *', timeZone: 'Etc/UTC' })
  })

  it('counts back from a start before 1970', () => {
    expect(valid({ timeZone: 'Asia/Kolkata', startDate: '1970-01-01', startTime: '00:10', recurrence: { byHour: { every: 6 } } }).static?.schedule).toBe('40 0,6,12,18 * * *')
  })

  const zones = fc.constantFrom('Etc/UTC', 'Asia/Kolkata', 'Etc/GMT+9', 'Asia/Tokyo')
  const recurrences = fc.oneof(
    fc.constantFrom(5, 10, 15, 20, 30, 60, 120, 240, 480, 1440).map((every): Recurrence => ({ byMinute: { every } })),
    fc.constantFrom(1, 2, 3, 4, 6, 8, 12, 24).map((every): Recurrence => ({ byHour: { every } })),
    fc.constant<Recurrence>({ byDay: {} }),
    fc.subarray(['Monday', 'Tuesday', 'Saturday', 'Sunday'] as const, { minLength: 1 }).map((days): Recurrence => ({ byWeek: { days } })),
    fc.record({ day: fc.integer({ min: 1, max: 28 }), months: fc.subarray(['January', 'June', 'February'] as const) }).map((byMonth): Recurrence => ({ byMonth })),
  )
  const times = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map((time) => time.map((part) => String(part).padStart(2, '0')).join(':'))

  it('matches exactly the occurrences of its rule, from the start on', () => {
    fc.assert(
      fc.property(zones, recurrences, times, (timeZone, recurrence, startTime) => {
        const rule = valid({ timeZone, startDate: '2026-03-04', startTime, recurrence })
        if (rule.static === undefined) throw new Error('it has a cron')
        let after = rule.occurrences.next(at('2026-01-01T00:00Z')) ?? 0
        for (let step = 0; step < 20; step++) {
          const next = rule.occurrences.next(after)
          if (next === undefined) throw new Error('it goes on for ever')
          expect(matchesIn(rule.static, after, next, Infinity)).toEqual([next])
          after = next
        }
      }),
    )
  })
})

describe('the smallest gap', () => {
  it.each<[Schedule, number]>([
    [{ recurrence: { cron: '* * * * *' } }, minute],
    [{ recurrence: { cron: '0,59 * * * *' } }, minute],
    [{ recurrence: { cron: '5,20,40 * * * *' } }, 15 * minute],
    [{ recurrence: { cron: '7 * * * *' } }, hour],
    [{ ...start, recurrence: { byMinute: { every: 20 } } }, 20 * minute],
    [{ ...start, recurrence: { byHour: { every: 6 } } }, hour],
    [{ ...start, recurrence: { once: {} } }, hour],
  ])('of %j is right, or at least an hour', (schedule, want) => expect(valid(schedule).smallestGap).toBe(want))
})

it('a schedule that is wrong is told so, with all that is wrong with it', () => {
  const checked = ruleOf({ timeZone: 'Mars/Olympus', startTime: '25:00', recurrence: { byDay: {} } })
  expect(checked.ok ? [] : checked.problems.map(({ path }) => path)).toEqual(['spec.schedule.timeZone', 'spec.schedule.startTime'])
})

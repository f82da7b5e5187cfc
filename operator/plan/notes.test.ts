import { describe, expect, it } from 'vitest'
import type { Recurrence, Schedule } from '../model/schedule-spec.ts'
import { at } from '../testing/builders.ts'
import { notesOf } from './notes.ts'

const berlin = { timeZone: 'Europe/Berlin', startTime: '02:30' }
const daily: Recurrence = { byDay: {} }
const monthly = (shortMonth: 'Skip' | 'LastDay', more: Partial<NonNullable<Recurrence['byMonth']>> = {}): Schedule => ({ startTime: '02:30', recurrence: { byMonth: { day: 31, shortMonth, ...more } } })
const spring = '2027-03-01T00:00Z'
const autumn = '2027-09-01T00:00Z'

describe('the notes of a schedule', () => {
  it.each<[string, Schedule, string, readonly string[]]>([
    ['say where a run goes that clocks leave out', { ...berlin, recurrence: daily }, spring, ['2027-03-28 02:30 does not exist, runs 03:30']],
    ['say that there is none', { ...berlin, recurrence: daily, dst: { gap: 'Skip' } }, spring, ['2027-03-28 02:30 does not exist: no run']],
    ['say what Kubernetes does with a cron', { timeZone: 'Europe/Berlin', recurrence: { cron: '30 2 * * *' } }, spring, ['2027-03-28 02:30 does not exist: no run']],
    ['say which of two runs it is', { ...berlin, recurrence: daily }, autumn, ['2027-10-31 02:30 exists twice, runs the first time']],
    ['say so of the second', { ...berlin, recurrence: daily, dst: { overlap: 'Second' } }, autumn, ['2027-10-31 02:30 exists twice, runs the second time']],
    ['say that it is both', { ...berlin, recurrence: daily, dst: { overlap: 'Both' } }, autumn, ['2027-10-31 02:30 exists twice, runs both times']],
    ['say that of a cron', { timeZone: 'Europe/Berlin', recurrence: { cron: '30 2 * * *' } }, autumn, ['2027-10-31 02:30 exists twice, runs both times']],
    ['are only about runs that the schedule has', { ...berlin, recurrence: { byWeek: { days: ['Monday'] } } }, spring, []],
    ['count the weeks', { ...berlin, startDate: '2027-03-14', recurrence: { byWeek: { every: 2, days: ['Sunday'] } } }, spring, ['2027-03-28 02:30 does not exist, runs 03:30']],
    ['leave out the weeks in between', { ...berlin, startDate: '2027-03-07', recurrence: { byWeek: { every: 2, days: ['Sunday'] } } }, spring, ['2027-10-31 02:30 exists twice, runs the first time']],
    ['are none after the end', { ...berlin, recurrence: daily, endDate: '2027-03-20' }, spring, []],
    ['are none where clocks never change', { startTime: '02:30', recurrence: daily }, spring, []],
    ['are none about elapsed time', { ...berlin, startDate: '2027-01-01', recurrence: { byHour: { every: 6 } } }, spring, []],
    ['know half an hour', { timeZone: 'Australia/Lord_Howe', startTime: '02:15', recurrence: daily }, autumn, ['2027-10-03 02:15 does not exist, runs 02:45']],
    ['say on which day a short month runs', monthly('LastDay'), '2027-02-10T00:00Z', ['2027-02 has 28 days, runs 2027-02-28']],
    ['speak of the next one when that has been', monthly('LastDay'), '2027-02-28T02:30Z', ['2027-04 has 30 days, runs 2027-04-30']],
    ['say that it does not', monthly('Skip'), '2027-02-10T00:00Z', ['2027-02 has 28 days: no run']],
    ['are only about months that are selected', monthly('Skip', { months: ['January', 'April'] }), '2027-02-10T00:00Z', ['2027-04 has 30 days: no run']],
    ['know leap years', monthly('LastDay', { months: ['February'], day: 29 }), '2027-03-10T00:00Z', []],
    ['are none about days that all months have', { startTime: '02:30', recurrence: { byMonth: { day: 28 } } }, spring, []],
  ])('%s', (_name, schedule, now, want) => expect(notesOf(schedule, at(now))).toEqual(want))

  it('are looked up anew on another day', () => {
    const schedule = { ...berlin, recurrence: daily }
    expect(notesOf(schedule, at(spring))).toEqual(notesOf(schedule, at(spring) + 1_000))
    expect(notesOf(schedule, at(autumn))).not.toEqual(notesOf(schedule, at(spring)))
  })
})

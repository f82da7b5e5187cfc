import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextMatch } from '../model/cron-next.ts'
import { day, minute } from '../model/instant.ts'
import { type Recurrence, type Schedule, months, weekdays } from '../model/schedule-spec.ts'
import { at } from '../testing/builders.ts'
import { parsedExpression } from './candidates.ts'
import { ruleOf } from './schedule-rule.ts'
import { type Horizon, difference, staticHorizon } from './static-horizon.ts'

function given(schedule: Schedule) {
  const checked = ruleOf(schedule)
  if (!checked.ok || checked.value.static === undefined) throw new Error(JSON.stringify(checked))
  const { static: expression } = checked.value
  const cron = parsedExpression(expression)
  if (cron === undefined) throw new Error('it parses')
  return { ...checked.value, cron, timeZone: expression.timeZone }
}

const horizonOf = (schedule: Schedule, after: string) => staticHorizon(given(schedule), at(after))
const nightly = { startTime: '02:30', recurrence: { byDay: {} } }
const berlin = { timeZone: 'Europe/Berlin', ...nightly }
const extra = (instant: string): Horizon => ({ at: at(instant), kind: 'extra' })
const omission = (instant: string): Horizon => ({ at: at(instant), kind: 'omission' })

describe('the horizon of the static expression', () => {
  it.each<[string, Schedule, string, Horizon | undefined]>([
    ['is the run that clocks move: the cron leaves it out', berlin, '2026-03-02T10:00Z', omission('2026-03-29T01:30Z')],
    ['is the second of two equal times: the cron runs then as well', berlin, '2026-04-02T10:00Z', extra('2026-10-25T01:30Z')],
    ['is passed when it has passed', berlin, '2026-10-25T01:30Z', omission('2027-03-28T01:30Z')],
    ['is none for a time that no clock changes', { ...berlin, startTime: '04:00' }, '2026-03-02T10:00Z', undefined],
    ['is none just before and after the hour that changes', { ...berlin, startTime: '01:59' }, '2026-03-02T10:00Z', undefined],
    ['begins with that hour', { ...berlin, startTime: '02:00' }, '2026-03-02T10:00Z', omission('2026-03-29T01:00Z')],
    ['and ends before the next one', { ...berlin, startTime: '03:00' }, '2026-03-02T10:00Z', undefined],
    ['is none where clocks never change', { ...nightly, timeZone: 'Asia/Kolkata' }, '2026-03-02T10:00Z', undefined],
    ['is none when the rule treats clocks as Kubernetes does', { ...berlin, dst: { gap: 'Skip', overlap: 'Both' } }, '2026-03-02T10:00Z', undefined],
    ['is only the repeated hour for a rule that skips', { ...berlin, dst: { gap: 'Skip', overlap: 'First' } }, '2026-03-02T10:00Z', extra('2026-10-25T01:30Z')],
    ['is the first of two equal times for a rule that runs at the second', { ...berlin, dst: { overlap: 'Second' } }, '2026-04-02T10:00Z', extra('2026-10-25T00:30Z')],
    ['is none for Mondays when clocks change on Sundays', { timeZone: 'Europe/Berlin', startTime: '02:30', recurrence: { byWeek: { days: ['Monday'] } } }, '2026-03-02T10:00Z', undefined],
    ['comes years later for a date that must fall on that Sunday', { timeZone: 'Europe/Berlin', startTime: '02:30', recurrence: { byMonth: { months: ['March'], day: 31, shortMonth: 'LastDay' } } }, '2026-03-02T10:00Z', omission('2030-03-31T01:30Z')],
    ['sees a cron lose its way after half an hour was left out', { timeZone: 'Australia/Lord_Howe', startTime: '04:15', recurrence: { byDay: {} } }, '2026-03-02T10:00Z', omission('2026-04-04T17:45Z')],
    ['sees a cron run on Sunday what belongs to Saturday, where Sunday has no midnight', { timeZone: 'America/Havana', startTime: '01:07', recurrence: { byWeek: { days: ['Saturday'] } } }, '2027-01-02T10:00Z', extra('2027-03-14T05:07Z')],
    ['sees it also while that day lasts', { timeZone: 'America/Havana', startTime: '01:07', recurrence: { byWeek: { days: ['Saturday'] } } }, '2027-03-14T05:06Z', extra('2027-03-14T05:07Z')],
    ['is the start', { ...berlin, startTime: '04:00', startDate: '2026-03-10' }, '2026-03-02T10:00Z', extra('2026-03-03T03:00Z')],
    ['is the end', { ...berlin, startTime: '04:00', endDate: '2026-05-10' }, '2026-03-02T10:00Z', extra('2026-05-11T02:00Z')],
    ['is what comes first, the clocks or the end', { ...berlin, endDate: '2026-05-10' }, '2026-03-02T10:00Z', omission('2026-03-29T01:30Z')],
    ['is the end where clocks change after it', { ...berlin, endDate: '2026-03-28' }, '2026-03-02T10:00Z', extra('2026-03-30T00:30Z')],
    ['sees a cron lose its way where clocks go back within an hour', { timeZone: 'Pacific/Chatham', startTime: '03:50', recurrence: { byDay: {} } }, '2026-03-02T10:00Z', extra('2026-04-04T14:05Z')],
    ['sees after months that a cron lost its way on the date of its last run', { timeZone: 'Australia/Lord_Howe', startTime: '00:00', recurrence: { byMonth: { months: ['January', 'July', 'October'], day: 1 } } }, '2028-12-04T15:30Z', omission('2028-12-31T13:00Z')],
    ['of elapsed time is nowhere', { timeZone: 'Europe/Berlin', startDate: '2026-01-01', startTime: '02:30', recurrence: { byHour: { every: 6 } } }, '2026-03-02T10:00Z', undefined],
  ])('%s', (_name, schedule, after, want) => expect(horizonOf(schedule, after)).toEqual(want))

  const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Havana', 'Asia/Beirut', 'Africa/Casablanca', 'America/Santiago', 'Antarctica/Troll', 'Africa/Cairo', 'Atlantic/Azores', 'America/Nuuk', 'Pacific/Chatham', 'Asia/Kathmandu')
  const recurrences = fc.oneof(
    fc.constant<Recurrence>({ byDay: {} }),
    fc.subarray([...weekdays], { minLength: 1, maxLength: 3 }).map((days): Recurrence => ({ byWeek: { days } })),
    fc.integer({ min: 1, max: 31 }).map((dayOfMonth): Recurrence => ({ byMonth: { day: dayOfMonth, shortMonth: 'Skip' } })),
    fc.record({ day: fc.oneof(fc.integer({ min: 1, max: 31 }), fc.constant(1)), months: fc.subarray([...months], { minLength: 1 }) }).map((byMonth): Recurrence => ({ byMonth: { ...byMonth, shortMonth: 'Skip' } })),
  )
  const times = fc.oneof(fc.integer({ min: 0, max: 287 }).map((fives) => fives * 5), fc.constantFrom(0, 1, 30, 59, 60, 90, 119, 120, 135, 150, 179, 180, 1439)).map((minutes) => new Date(minutes * minute).toISOString().slice(11, 16))
  const policies = fc.record({ gap: fc.constantFrom('ShiftForward', 'Skip'), overlap: fc.constantFrom('First', 'Second', 'Both') })
  const schedules = fc.record({ timeZone: zones, startTime: times, recurrence: recurrences, dst: policies })
  const instants = fc.integer({ min: at('2024-01-01T00:00Z') / minute, max: at('2032-01-01T00:00Z') / minute }).map((minutes) => minutes * minute)

  it('is where a walk in step finds the first difference, in zones with every kind of change', () => {
    fc.assert(
      fc.property(schedules, instants, (schedule, after) => {
        fc.pre(ruleOf(schedule).ok)
        const rule = given(schedule)
        const until = after + 800 * day
        const found = staticHorizon(rule, after)
        expect(found !== undefined && found.at < until ? found : undefined).toEqual(walked(rule, after, until))
      }),
      { numRuns: 400 },
    )
  })
})

/** As the controller goes, from a match long before `after`. */
function walked({ occurrences, cron, timeZone }: ReturnType<typeof given>, after: number, until: number): Horizon | undefined {
  const from = after - (cron.months.length < 12 ? 3_000 : 100) * day
  let [match, occurrence] = [nextMatch(cron, timeZone, from), occurrences.next(from)]
  while (match !== undefined && occurrence !== undefined && Math.min(match, occurrence) < until) {
    const reached = Math.min(match, occurrence)
    if (match !== occurrence && reached > after) return difference(match, occurrence)
    if (match === reached) match = nextMatch(cron, timeZone, match)
    if (occurrence === reached) occurrence = occurrences.next(occurrence)
  }
  return undefined
}

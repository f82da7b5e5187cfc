import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { day, hour, minute } from '../model/instant.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import { at } from '../testing/builders.ts'
import { farthest } from './arming.ts'
import { candidatesFrom, horizonOf, isBetter, parsedExpression } from './candidates.ts'
import type { Expression } from './cursor.ts'
import type { PlannableRule } from './schedule-rule.ts'
import { ruleOf } from './schedule-rule.ts'
import type { Horizon } from './static-horizon.ts'
import { matchesIn } from './timing.ts'

function rule(schedule: Schedule): PlannableRule {
  const checked = ruleOf(schedule)
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  return checked.value
}

const cron = (expression: string, more: Partial<Schedule> = {}) => rule({ ...more, recurrence: { cron: expression } })

/** The last candidate is the window. */
function windowExpression(given: PlannableRule, first: number): Expression {
  const window = candidatesFrom(given, first, first - 1).at(-1)?.expression
  if (window === undefined) throw new Error('it has a window')
  return window
}

function upcoming({ occurrences }: PlannableRule, after: number, count: number): readonly number[] {
  const found: number[] = []
  for (let next = occurrences.next(after); next !== undefined && found.length < count; next = occurrences.next(next)) found.push(next)
  return found
}

describe('a window', () => {
  it.each<[string, PlannableRule, string, string]>([
    ['is one date', rule({ startDate: '2026-03-02', startTime: '18:30', recurrence: { once: {} } }), '2026-03-02T10:00Z', '30 18 2 3 *'],
    ['is the rest of the hour for every minute', cron('* * * * *'), '2026-03-02T10:50:30Z', '51-59 10 2 3 *'],
    ['is the rest of the day for every hour', cron('15 * * * *'), '2026-03-02T10:50Z', '15 11-23 2 3 *'],
    ['is the rest of the month for every day', cron('15 6 * * *'), '2026-03-02T10:50Z', '15 6 3-31 3 *'],
    ['does not go over the end of a year', cron('15 6 * * *'), '2026-12-30T10:50Z', '15 6 31 12 *'],
    ['is as long as 40 days', cron('0 0 1,15 * *'), '2026-02-02T00:00Z', '0 0 15 2 *'],
    ['is in UTC, whatever the zone', cron('30 2 * * *', { timeZone: 'Europe/Berlin' }), '2026-03-27T12:00Z', '30 1 28 3 *'],
    ['joins what is one product of fields', cron('0,30 8-9 * * *'), '2026-03-30T12:00Z', '0,30 8,9 31 3 *'],
    ['lists the days of a week as dates', cron('0 8 * * 1-5'), '2026-03-02T00:00Z', '0 8 2-6,9-13,16-20,23-27,30,31 3 *'],
    ['takes whole products only', cron('0 8,20 * * *'), '2026-03-30T12:00Z', '0 20 30 3 *'],
  ])('%s', (_name, given, now, want) => {
    const first = given.occurrences.next(at(now))
    if (first === undefined) throw new Error('it has an occurrence')
    expect(windowExpression(given, first)).toEqual({ schedule: want, timeZone: 'Etc/UTC' })
  })

  const expressions = fc.constantFrom('* * * * *', '*/7 * * * *', '0 */5 * * *', '30 2 * * *', '15 1,2,3 * * 0', '0 0 29 2 *', '59 23 31 * *', '0 12 1-7 * 1', '*/20 8-18 * * 1-5')
  const zones = fc.constantFrom('Etc/UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Asia/Kathmandu')
  const instants = fc.integer({ min: at('2024-01-01T00:00Z') / minute, max: at('2032-01-01T00:00Z') / minute }).map((minutes) => minutes * minute)

  it('is exactly its occurrences: no match beside them, none missing', () => {
    fc.assert(
      fc.property(expressions, zones, instants, (expression, timeZone, now) => {
        const given = cron(expression, { timeZone })
        const first = given.occurrences.next(now)
        if (first === undefined || first - now > farthest) return // it is waited for with the CronJob parked
        const window = windowExpression(given, first)
        const horizon = horizonOf(window, given, now)
        const end = Math.min(horizon?.at ?? Infinity, first + 41 * day)
        const matches = matchesIn(window, now, end - 1, Infinity)
        expect(matches[0]).toBe(first)
        expect(matches).toEqual(upcoming(given, now, matches.length + 1).filter((occurrence) => occurrence < end))
      }),
      { numRuns: 300 },
    )
  })

})

describe('a horizon', () => {
  const now = at('2026-03-02T10:00Z')
  it.each<[string, PlannableRule, string, Horizon | undefined]>([
    ['is absent when the expression says the same for ever', cron('0 4 * * *'), '0 4 * * *', undefined],
    ['is the first match after the end', cron('0 4 * * *', { endDate: '2026-03-20' }), '0 4 * * *', { at: at('2026-03-21T04:00Z'), kind: 'extra' }],
    ['is the first match before the start', cron('0 4 * * *', { startDate: '2026-04-01' }), '0 4 * * *', { at: at('2026-03-03T04:00Z'), kind: 'extra' }],
    ['is the first occurrence after a window', cron('0 4 * * *'), '0 4 3-31 3 *', { at: at('2026-04-01T04:00Z'), kind: 'omission' }],
    ['is the date in the next year', rule({ startDate: '2026-03-05', startTime: '04:00', recurrence: { once: {} } }), '0 4 5 3 *', { at: at('2027-03-05T04:00Z'), kind: 'extra' }],
    ['is now when nothing can be said of the expression', cron('0 4 * * *'), 'nonsense', { at: now, kind: 'omission' }],
  ])('%s', (_name, given, schedule, want) => {
    expect(horizonOf({ schedule, timeZone: 'Etc/UTC' }, given, now)).toEqual(want)
  })

  it('of the same fields in another zone is where they differ', () => {
    expect(horizonOf({ schedule: '0 4 * * *', timeZone: 'Etc/UTC' }, cron('0 4 * * *', { timeZone: 'Europe/Berlin' }), now)).toEqual({ at: at('2026-03-03T03:00Z'), kind: 'omission' })
  })
})

describe('the better of two expressions', () => {
  const now = at('2026-03-02T10:00Z')
  const omission = (days: number): Horizon => ({ at: now + days * day, kind: 'omission' })
  const extra = (days: number): Horizon => ({ at: now + days * day, kind: 'extra' })
  it.each<[string, Horizon | undefined, Horizon | undefined, boolean]>([
    ['is exact for ever', undefined, omission(300), true],
    ['is not one that is exact for a while, beside one that is for ever', omission(300), undefined, false],
    ['is exact longer', extra(20), omission(10), true],
    ['is not the equal one: nothing is written for nothing', omission(10), omission(10), false],
    ['omits sooner rather than fires what nobody wants within a week', omission(1), extra(6), true],
    ['but not rather than fire it in eight days', omission(1), extra(8), false],
    ['fires what nobody wants later rather than sooner', extra(6), extra(5), true],
    ['is not one that fires too much within a week, beside one that only omits', extra(6), omission(1), false],
  ])('%s', (_name, one, other, want) => expect(isBetter(one, other, now)).toBe(want))
})

describe('candidates', () => {
  it('are the cron itself and a window, with their horizons', () => {
    const given = cron('0 * * * *', { timeZone: 'Europe/Berlin' })
    const now = at('2026-03-02T10:30Z')
    expect(candidatesFrom(given, now + hour / 2, now).map(({ expression, horizon }) => ({ ...expression, horizon: horizon?.kind }))).toEqual([
      { schedule: '0 * * * *', timeZone: 'Europe/Berlin', horizon: undefined },
      { schedule: '0 11-23 2 3 *', timeZone: 'Etc/UTC', horizon: 'omission' },
    ])
  })

  it('of a rule without a cron are a window only', () => {
    const given = rule({ startDate: '2026-03-05', startTime: '04:00', recurrence: { once: {} } })
    expect(candidatesFrom(given, at('2026-03-05T04:00Z'), at('2026-03-02T10:00Z'))).toHaveLength(1)
  })
})

it('an expression is parsed, and nonsense is none, however often and how many are asked for', () => {
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 1_200; index++) expect(parsedExpression({ schedule: `${index % 60} ${Math.floor(index / 60)} * * *`, timeZone: 'Etc/UTC' })?.minutes).toEqual([index % 60])
    expect(parsedExpression({ schedule: 'nonsense', timeZone: 'Etc/UTC' })).toBeUndefined()
  }
})

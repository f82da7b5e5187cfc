import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { day, formatInstant, minute, type Instant } from './instant.ts'
import { occurrencesOf, type Occurrences } from './occurrences.ts'
import { weekdays, type Schedule } from './schedule-spec.ts'

interface Row {
  readonly name?: string
  readonly schedule: Schedule
  readonly after: string
  readonly next: readonly string[]
}

const vector = (file: string) => readFileSync(new URL(`../testing/vectors/${file}`, import.meta.url), 'utf8')
const frozen: readonly Row[] = parse(vector('recurrences.yaml'))
const random = vector('recurrences-random.jsonl').trim().split('\n').map((line): Row => JSON.parse(line))

function occurrences(schedule: Schedule): Occurrences {
  const result = occurrencesOf(schedule)
  if (!result.ok) throw new Error(result.problems.map(({ path, message }) => `${path}: ${message}`).join('; '))
  return result.value
}

function upcoming({ next }: Occurrences, after: Instant, count: number): readonly Instant[] {
  const found: Instant[] = []
  for (let at = next(after); at !== undefined && found.length < count; at = next(at)) found.push(at)
  return found
}

function shown(schedule: Schedule, after: string, count: number): readonly string[] {
  return upcoming(occurrences(schedule), Date.parse(after), count).map(formatInstant)
}

const anyInstant = fc.integer({ min: Date.UTC(1970, 0), max: Date.UTC(2199, 0) })
const anyRecurrence = fc.oneof(
  fc.record({ byMinute: fc.record({ every: fc.integer({ min: 1, max: 288 }).map(fives => fives * 5) }) }),
  fc.record({ byHour: fc.record({ every: fc.integer({ min: 1, max: 8_760 }) }) }),
  fc.record({ byDay: fc.record({ every: fc.integer({ min: 1, max: 366 }) }) }),
  fc.record({ byWeek: fc.record({ every: fc.integer({ min: 1, max: 52 }), days: fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1 }) }) }),
  fc.record({ byMonth: fc.record({ day: fc.integer({ min: 1, max: 31 }), shortMonth: fc.constantFrom('Skip', 'LastDay') }) }),
)
const anySchedule = fc.record({
  timeZone: fc.constantFrom('Etc/UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'),
  startDate: fc.integer({ min: 0, max: 40_000 }).map(days => new Date(days * day).toISOString().slice(0, 10)),
  startTime: fc.integer({ min: 0, max: 287 }).map(fives => new Date(fives * 5 * minute).toISOString().slice(11, 16)),
  recurrence: anyRecurrence,
})

describe('occurrencesOf', () => {
  it.each(frozen.map(row => ({ ...row, name: row.name ?? '' })))('$name', ({ schedule, after, next }) => {
    expect(shown(schedule, after, next.length)).toEqual(next)
  })

  it('agrees with an independent implementation on 300 random schedules, two of which never run', () => {
    expect([frozen.length, random.length]).toEqual([15, 300])
    const running = random.filter(({ schedule }) => occurrencesOf(schedule).ok)
    expect(running.map(({ schedule, after }) => shown(schedule, after, 8))).toEqual(running.map(({ next }) => next))
    const refused = random.filter(({ schedule }) => !occurrencesOf(schedule).ok)
    expect(refused.map(({ schedule, next }) => [schedule.startDate, schedule.endDate, next])).toEqual([['2026-03-06', '2026-05-01', []], ['2026-07-16', '2026-08-22', []]])
  })

  it('keeps to 29 February where others are skipped, over a century that is no leap year', () => {
    const leapDays: Schedule = { startTime: '02:30', recurrence: { byMonth: { months: ['February'], day: 29, shortMonth: 'Skip' } } }
    expect(shown(leapDays, '2093-01-01T00:00:00Z', 2)).toEqual(['2096-02-29T02:30:00Z', '2104-02-29T02:30:00Z'])
  })

  it('runs at most once where two occurrences fall on one instant: the day that Samoa left out', () => {
    const daily: Schedule = { timeZone: 'Pacific/Apia', startTime: '12:00', recurrence: { byDay: {} } }
    expect(shown(daily, '2011-12-29T00:00:00Z', 3)).toEqual(['2011-12-29T22:00:00Z', '2011-12-30T22:00:00Z', '2011-12-31T22:00:00Z'])
    expect(shown({ ...daily, dst: { gap: 'Skip', overlap: 'Both' } }, '2011-12-29T00:00:00Z', 2)).toEqual(['2011-12-29T22:00:00Z', '2011-12-30T22:00:00Z'])
  })

  it('lets a gap move an occurrence past the last day no more than anything else', () => {
    const until = (endDate: string): Schedule => ({ timeZone: 'Pacific/Apia', startTime: '12:00', endDate, recurrence: { byDay: {} } })
    expect(shown(until('2011-12-30'), '2011-12-29T00:00:00Z', 2)).toEqual(['2011-12-29T22:00:00Z'])
    expect(shown(until('2011-12-31'), '2011-12-29T00:00:00Z', 2)).toEqual(['2011-12-29T22:00:00Z', '2011-12-30T22:00:00Z'])
  })

  it('begins with days on or after startDate, not with one that a gap moves there', () => {
    const fridays: Schedule = { timeZone: 'Pacific/Apia', startDate: '2011-12-31', startTime: '12:00', recurrence: { byWeek: { days: ['Friday'] } } }
    expect(shown(fridays, '2011-12-01T00:00:00Z', 1)).toEqual(['2012-01-05T22:00:00Z'])
  })

  it('finds the rest of a Saturday that comes after the first minute of Sunday (St. John\'s, 2010)', () => {
    const saturday: Schedule = { timeZone: 'America/St_Johns', startDate: '2010-11-06', endDate: '2010-11-06', startTime: '23:50', recurrence: { byMinute: { every: 5 } } }
    expect(shown(saturday, '2010-01-01T00:00:00Z', 4)).toEqual(['2010-11-07T02:20:00Z', '2010-11-07T02:25:00Z', '2010-11-07T02:35:00Z', '2010-11-07T02:40:00Z'])
    expect(shown(saturday, '2010-11-07T03:20:00Z', 2)).toEqual(['2010-11-07T03:25:00Z'])
    const second: Schedule = { timeZone: 'America/St_Johns', startTime: '23:30', recurrence: { byDay: {} }, dst: { overlap: 'Second' } }
    expect(shown(second, '2010-11-07T02:30:30Z', 1)).toEqual(['2010-11-07T03:00:00Z'])
  })

  it('cuts cron to whole local days', () => {
    const cron: Schedule = { timeZone: 'America/New_York', startDate: '2026-03-07', endDate: '2026-03-08', recurrence: { cron: '0 */8 * * *' } }
    expect(shown(cron, '2020-01-01T00:00:00Z', 9)).toEqual([
      '2026-03-07T05:00:00Z', '2026-03-07T13:00:00Z', '2026-03-07T21:00:00Z',
      '2026-03-08T05:00:00Z', '2026-03-08T12:00:00Z', '2026-03-08T20:00:00Z',
    ])
  })

  it('begins with the first instant of startDate, whether its midnight comes twice or not at all', () => {
    expect(shown({ timeZone: 'America/St_Johns', startDate: '2010-11-07', recurrence: { cron: '0 0 * * *' } }, '2010-01-01T00:00:00Z', 1)).toEqual(['2010-11-07T02:30:00Z'])
    expect(shown({ timeZone: 'Asia/Beirut', startDate: '2021-03-28', recurrence: { cron: '0 * * * *' } }, '2021-01-01T00:00:00Z', 1)).toEqual(['2021-03-27T22:00:00Z'])
    expect(shown({ timeZone: 'Asia/Beirut', endDate: '2021-03-27', recurrence: { cron: '30 * * * *' } }, '2021-03-27T20:30:00Z', 9)).toEqual(['2021-03-27T21:30:00Z'])
  })

  it('says where the phase comes from and when nothing follows any more', () => {
    const facts = (schedule: Schedule) => {
      const { anchor, end, cron } = occurrences(schedule)
      return [anchor, end].map(instant => (instant === undefined ? undefined : new Date(instant).toISOString())).concat(cron?.text)
    }
    const berlin = { timeZone: 'Europe/Berlin', startDate: '2026-03-29', startTime: '02:30' }
    expect(facts({ ...berlin, recurrence: { byDay: {} } })).toEqual(['2026-03-29T01:30:00.000Z', undefined, undefined])
    expect(facts({ ...berlin, endDate: '2026-10-24', recurrence: { byHour: {} } })).toEqual(['2026-03-29T01:30:00.000Z', '2026-10-24T21:59:59.999Z', undefined])
    expect(facts({ ...berlin, recurrence: { once: {} } })).toEqual(['2026-03-29T01:30:00.000Z', '2026-03-29T01:30:00.000Z', undefined])
    const twice = { ...berlin, startDate: '2026-10-25', recurrence: { once: {} } }
    expect(facts({ ...twice, dst: { overlap: 'Both' } })).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z', undefined])
    expect(facts({ startTime: '02:30', recurrence: { byDay: {} } })).toEqual([undefined, undefined, undefined])
    expect(facts({ startDate: '2026-01-01', recurrence: { cron: ' 0  2 * * *' } })).toEqual([undefined, undefined, '0 2 * * *'])
  })

  it('ends exactly with its end', () => {
    fc.assert(fc.property(anySchedule, fc.integer({ min: 0, max: 2_000 }), (schedule, days) => {
      const endDate = new Date(Date.parse(schedule.startDate) + days * day).toISOString().slice(0, 10)
      const result = occurrencesOf({ ...schedule, endDate })
      fc.pre(result.ok && result.value.end !== undefined)
      expect(result.value.next(result.value.end)).toBeUndefined()
      expect(occurrences(schedule).next(result.value.end)).toBeGreaterThan(result.value.end)
    }))
  })

  it('has the same next occurrence for every instant before it: the phase never depends on when one asks', () => {
    fc.assert(fc.property(anySchedule, anyInstant, fc.nat(), (schedule, after, later) => {
      const { next } = occurrences(schedule)
      const first = next(after)
      fc.pre(first !== undefined)
      expect(first).toBeGreaterThan(after)
      expect(first % minute).toBe(0)
      expect(next(after + (later % (first - after)))).toBe(first)
      expect(next(first - 1)).toBe(first)
      expect(next(first)).toBeGreaterThan(first)
    }), { numRuns: 500 })
  })

  it('counts elapsed time from the anchor however far away', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 288 }), anyInstant, (fives, after) => {
      const { next, anchor = 0 } = occurrences({ timeZone: 'Europe/Berlin', startDate: '1970-01-01', startTime: '00:10', recurrence: { byMinute: { every: fives * 5 } } })
      const first = next(after) ?? 0
      expect((first - anchor) % (fives * 5 * minute)).toBe(0)
      expect(first - Math.max(after, anchor - 1)).toBeLessThanOrEqual(fives * 5 * minute)
    }))
  })
})

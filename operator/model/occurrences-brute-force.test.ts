import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { day, hour, minute, type Instant } from './instant.ts'
import { occurrencesOf } from './occurrences.ts'
import { months, weekdays, type Recurrence, type Schedule } from './schedule-spec.ts'

/**
 * The rules of design/time.md section 1 once more, as slowly and plainly as possible: a table of what the wall clock shows in
 * every single minute of a few weeks, and days counted one by one from startDate. It shares no code with the model.
 */
interface WallClock {
  readonly timeZone: string
  /** Compared only within these, two days inside of the table. */
  readonly from: Instant
  readonly to: Instant
  /** What the clock shows, such as "2026-03-29 01:59", in order. */
  readonly walls: ReadonlyMap<Instant, string>
  readonly instants: ReadonlyMap<string, readonly Instant[]>
}

function wallClock(timeZone: string, around: string): WallClock {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  const first = Date.parse(around) - 6 * day
  const walls = new Map(Array.from({ length: (12 * day) / minute }, (_, index) => [first + index * minute, format.format(first + index * minute)]))
  const instants = new Map<string, Instant[]>()
  for (const [instant, wall] of walls) instants.set(wall, [...(instants.get(wall) ?? []), instant])
  return { timeZone, from: first + 2 * day, to: first + 10 * day, walls, instants }
}

/** The instants that a wall time stands for, in a gap found by going on from the last minute before it. */
function instantsAt(clock: WallClock, wall: string, { gap, overlap }: NonNullable<Schedule['dst']>): readonly Instant[] {
  const [first, second] = clock.instants.get(wall) ?? []
  if (first === undefined) {
    const before = [...clock.walls].find(([instant, shown]) => shown < wall && (clock.walls.get(instant + minute) ?? '') > wall)
    return before === undefined || gap === 'Skip' ? [] : [before[0] + Date.parse(`${wall}Z`) - Date.parse(`${before[1]}Z`)]
  }
  if (second === undefined || (overlap ?? 'First') === 'First') return [first]
  return overlap === 'Both' ? [first, second] : [second]
}

const dateText = (date: number) => new Date(date).toISOString().slice(0, 10)
const weekdayOf = (date: number) => weekdays[(new Date(date).getUTCDay() + 6) % 7]

/** Every selected date that the table shows, found one day after the other from the start, or from before the table. */
function selectedDates(schedule: Schedule, clock: WallClock): readonly string[] {
  const { recurrence: { once, byDay, byWeek, byMonth }, startDate } = schedule
  const start = startDate === undefined ? Math.floor(clock.from / day) * day - 20 * day : Date.parse(startDate)
  const selected: string[] = []
  let weeks = -1
  for (let date = start, index = 0; date <= clock.to + 2 * day; date += day, index++) {
    const weekday = weekdayOf(date)
    const listed = byWeek?.days.some(name => name === weekday) === true
    if (weeks >= 0 && weekday === 'Monday') weeks++
    if (weeks < 0 && listed) weeks = 0
    const hit = (once !== undefined && index === 0)
      || (byDay !== undefined && index % (byDay.every ?? 1) === 0)
      || (byWeek !== undefined && listed && weeks % (byWeek.every ?? 1) === 0)
      || (byMonth !== undefined && isMonthly(byMonth, date))
    if (hit && date > clock.from - 2 * day) selected.push(dateText(date))
  }
  return selected
}

function isMonthly({ months: selected, day: wanted, shortMonth }: NonNullable<Recurrence['byMonth']>, date: number): boolean {
  const month = months[new Date(date).getUTCMonth()]
  if (selected !== undefined && selected.length > 0 && !selected.some(name => name === month)) return false
  const dayOfMonth = new Date(date).getUTCDate()
  const isLast = new Date(date + day).getUTCDate() === 1
  return dayOfMonth === wanted || (shortMonth === 'LastDay' && isLast && dayOfMonth < wanted)
}

/** All occurrences within the table. */
function bruteForce(schedule: Schedule, clock: WallClock): readonly Instant[] {
  const { recurrence: { byMinute, byHour }, startDate = '0', startTime, endDate = '9' } = schedule
  const step = byMinute === undefined ? (byHour?.every ?? 1) * hour : byMinute.every * minute
  const [anchor = Infinity] = instantsAt(clock, `${startDate} ${startTime}`, {})
  const all = byMinute === undefined && byHour === undefined
    ? selectedDates(schedule, clock).flatMap(date => instantsAt(clock, `${date} ${startTime}`, schedule.dst ?? {}))
    : [...clock.walls.keys()].filter(instant => instant >= anchor && (instant - anchor) % step === 0)
  const isWithinDates = (date: string) => date >= startDate && date <= endDate
  return [...new Set(all)].filter(instant => isWithinDates((clock.walls.get(instant) ?? '').slice(0, 10))).sort((a, b) => a - b)
}

const times = fc.oneof(
  fc.constantFrom('00:00', '00:15', '00:30', '01:00', '01:15', '01:30', '01:45', '01:59', '02:00', '02:01', '02:15', '02:30', '02:59', '03:00', '23:00', '23:30', '23:59'),
  fc.integer({ min: 0, max: 1_439 }).map(minutes => new Date(minutes * minute).toISOString().slice(11, 16)),
)
const dst = fc.record({ gap: fc.constantFrom('ShiftForward', 'Skip'), overlap: fc.constantFrom('First', 'Second', 'Both') }, { requiredKeys: [] })
const someDays = fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1, maxLength: 4 })
const civil: fc.Arbitrary<Recurrence> = fc.oneof(
  fc.constant({ once: {} }),
  fc.record({ byDay: fc.record({ every: fc.integer({ min: 1, max: 9 }) }) }),
  fc.record({ byWeek: fc.record({ every: fc.integer({ min: 1, max: 4 }), days: someDays }) }),
  fc.record({ byMonth: fc.record({
    months: fc.uniqueArray(fc.constantFrom(...months), { maxLength: 11 }),
    day: fc.integer({ min: 1, max: 31 }),
    shortMonth: fc.constantFrom('Skip', 'LastDay'),
  }) }),
)
const elapsed: fc.Arbitrary<Recurrence> = fc.oneof(
  fc.record({ byMinute: fc.record({ every: fc.integer({ min: 1, max: 288 }).map(fives => fives * 5) }) }),
  fc.record({ byHour: fc.record({ every: fc.integer({ min: 1, max: 60 }) }) }),
)

/** Civil rules start up to 400 days before the table, which begins to count long before it shows anything. */
function schedules(clock: WallClock): fc.Arbitrary<Schedule> {
  const within = fc.integer({ min: 0, max: 6 }).map(days => dateText(clock.from + days * day))
  const earlier = fc.integer({ min: 0, max: 400 }).map(days => dateText(clock.from + (7 - days) * day))
  const endDate = fc.option(fc.integer({ min: 0, max: 8 }).map(days => dateText(clock.from + days * day)), { nil: undefined })
  const timeZone = fc.constant(clock.timeZone)
  return fc.oneof<fc.Arbitrary<Schedule>[]>(
    fc.record({ timeZone, startDate: fc.oneof(within, earlier), startTime: times, endDate, recurrence: civil, dst }),
    fc.record({ timeZone, startTime: times, endDate, recurrence: fc.constantFrom<Recurrence>({ byDay: {} }, { byWeek: { days: ['Saturday', 'Sunday'] } }), dst }),
    fc.record({ timeZone, startDate: within, startTime: times, endDate, recurrence: elapsed }),
  ).filter(({ startDate, endDate }) => startDate === undefined || endDate === undefined || startDate <= endDate)
}

describe('occurrences are those that a look at the clock in every minute finds', () => {
  it.each([
    ['Etc/UTC', '2026-03-29T00:00:00Z', 'nothing'],
    ['Europe/Berlin', '2026-03-29T00:00:00Z', 'a gap'],
    ['Europe/Berlin', '2026-10-25T00:00:00Z', 'an overlap'],
    ['America/New_York', '2026-03-08T00:00:00Z', 'a gap'],
    ['America/New_York', '2026-11-01T00:00:00Z', 'an overlap'],
    ['Australia/Lord_Howe', '2026-10-04T00:00:00Z', 'a gap of half an hour'],
    ['Australia/Lord_Howe', '2026-04-05T00:00:00Z', 'an overlap of half an hour'],
    ['Asia/Beirut', '2026-03-29T00:00:00Z', 'a day without midnight'],
    ['America/Sao_Paulo', '2018-02-18T00:00:00Z', 'a Saturday whose last hour comes twice'],
    ['America/St_Johns', '2010-11-07T00:00:00Z', 'a minute of Sunday before the rest of Saturday'],
    ['Pacific/Apia', '2011-12-30T00:00:00Z', 'a day left out'],
  ])('%s, %s: %s', (timeZone, around) => {
    const clock = wallClock(timeZone, around)
    fc.assert(fc.property(schedules(clock), fc.integer({ min: clock.from, max: clock.to }), (schedule, after) => {
      const result = occurrencesOf(schedule)
      const found: Instant[] = []
      for (let at = result.ok ? result.value.next(after) : undefined; result.ok && at !== undefined && at <= clock.to; at = result.value.next(at)) found.push(at)
      expect(found).toEqual(bruteForce(schedule, clock).filter(instant => instant > after && instant <= clock.to))
    }), { numRuns: 100 })
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { civilDate, dayNumber, daysInMonth, parseDate, parseTimeOfDay, weekdayFromMonday, weekdayFromSunday } from './civil-time.ts'
import { day, hour, minute } from './instant.ts'

/** Any day of the years 0 to 9999. */
const anyDay = fc.integer({ min: -719_528, max: 2_932_896 })

describe('the calendar', () => {
  it('agrees with Date on every day', () => {
    fc.assert(fc.property(anyDay, (number) => {
      const date = new Date(number * day)
      const { year, month, day: dayOfMonth } = civilDate(number)
      expect([year, month, dayOfMonth]).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()])
      expect(dayNumber(year, month, dayOfMonth)).toBe(number)
      expect(weekdayFromSunday(number)).toBe(date.getUTCDay())
      expect(weekdayFromMonday(number)).toBe((date.getUTCDay() + 6) % 7)
    }))
  })

  it('lets days and months run over into their neighbours', () => {
    expect(dayNumber(2026, 13, 1)).toBe(dayNumber(2027, 1, 1))
    expect(dayNumber(2026, 0, 1)).toBe(dayNumber(2025, 12, 1))
    expect(dayNumber(2026, 2, 31)).toBe(dayNumber(2026, 3, 3))
  })

  it('knows the lengths of months, in centuries too', () => {
    expect([1900, 2000, 2026, 2028].map(year => daysInMonth(year, 2))).toEqual([28, 29, 28, 29])
    expect(Array.from({ length: 12 }, (_, index) => daysInMonth(2026, index + 1))).toEqual([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
  })
})

describe('parseDate', () => {
  it('reads back every day', () => {
    fc.assert(fc.property(anyDay, (number) => {
      expect(parseDate(new Date(number * day).toISOString().slice(0, 10))).toBe(number)
    }))
  })

  it.each(['', '2026-02-29', '2026-02-30', '2026-13-01', '2026-00-10', '2026-01-00', '2026-1-1', '7.12.2026', '2026-12-07T00:00', ' 2026-12-07', '+002026-12-07'])(
    'refuses "%s"',
    text => expect(parseDate(text)).toBeUndefined(),
  )
})

describe('parseTimeOfDay', () => {
  it.each([['00:00', 0], ['02:30', 2 * hour + 30 * minute], ['23:59', day - minute]])('reads %s', (text, want) => expect(parseTimeOfDay(text)).toBe(want))
  it.each(['', '24:00', '2:30', '02:60', '02:30:00', '0230', ' 02:30', '02:3'])('refuses "%s"', text => expect(parseTimeOfDay(text)).toBeUndefined())
})

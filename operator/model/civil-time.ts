import { day, hour, minute } from './instant.ts'

/** What a wall clock and calendar show: milliseconds since 1970-01-01 00:00 on that wall, whatever the zone's offset is. */
export type LocalTime = number

/** Days since 1970-01-01 in the proleptic Gregorian calendar. */
export type DayNumber = number

export interface CivilDate {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
}

const daysInEra = 146_097
const daysFromMarchYearZero = 719_468

/**
 * Month may lie outside 1 to 12 and day outside the month: they run over into the neighbours, as in Go's time.Date.
 * Years are counted from March, so that the leap day is the last day of the year (Howard Hinnant, chrono-Compatible
 * Low-Level Date Algorithms).
 */
export function dayNumber(year: number, month: number, dayOfMonth: number): DayNumber {
  const monthsFromMarch = year * 12 + month - 3
  const marchYear = Math.floor(monthsFromMarch / 12)
  const marchMonth = monthsFromMarch - marchYear * 12
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + Math.floor((153 * marchMonth + 2) / 5) + dayOfMonth - 1 - daysFromMarchYearZero
}

export function civilDate(date: DayNumber): CivilDate {
  const shifted = date + daysFromMarchYearZero
  const era = Math.floor(shifted / daysInEra)
  const dayOfEra = shifted - era * daysInEra
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / (daysInEra - 1))) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  }
}

export function daysInMonth(year: number, month: number): number {
  return dayNumber(year, month + 1, 1) - dayNumber(year, month, 1)
}

/** 0 is Monday: weeks begin on Monday (design/time.md). */
export function weekdayFromMonday(date: DayNumber): number {
  return remainder(date + 3, 7)
}

/** 0 is Sunday, as in cron. */
export function weekdayFromSunday(date: DayNumber): number {
  return remainder(date + 4, 7)
}

export function dayOf(local: LocalTime): DayNumber {
  return Math.floor(local / day)
}

/** Milliseconds since midnight on the wall. */
export function timeOfDay(local: LocalTime): number {
  return remainder(local, day)
}

/** The day of a `YYYY-MM-DD` that exists in the calendar, else undefined. */
export function parseDate(text: string): DayNumber | undefined {
  const [, year, month, dayOfMonth] = (/^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || dayOfMonth === undefined) return undefined
  if (month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > daysInMonth(year, month)) return undefined
  return dayNumber(year, month, dayOfMonth)
}

/** Milliseconds since midnight of an `HH:MM` from 00:00 to 23:59, else undefined. */
export function parseTimeOfDay(text: string): number | undefined {
  const [, hours, minutes] = (/^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []).map(Number)
  return hours === undefined || minutes === undefined ? undefined : hours * hour + minutes * minute
}

/** Never negative, unlike `%`. */
export function remainder(value: number, divisor: number): number {
  return value - Math.floor(value / divisor) * divisor
}

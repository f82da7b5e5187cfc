import { civilDate, dayNumber, dayOf, remainder, timeOfDay, weekdayFromSunday, type CivilDate, type DayNumber, type LocalTime } from './civil-time.ts'
import type { CronExpression } from './cron-expression.ts'
import { day, hour, minute, second, type Instant } from './instant.ts'
import { segmentAt, type OffsetSegment } from './time-zone.ts'

/**
 * The first match strictly after an instant as kube-controller-manager computes it (robfig/cron v3, SpecSchedule.Next), step
 * by step and with its oddities where the offset changes: the CronJob fires when that code says so, not when it should.
 * Undefined: none within its limit of five years; or the library never returns, which happens where a zone left out a whole
 * day by moving over the date line (Pacific/Fakaofo, 2011-12-30).
 *
 * It seeks month, day, hour and minute in turn and starts again whenever a field wraps around.
 */
export function nextMatch(expression: CronExpression, timeZone: string, after: Instant): Instant | undefined {
  const next = libraryNext(expression, timeZone, after)
  return next === undefined || next > after ? next : nextForward(expression, timeZone, after)
}

/**
 * Where clocks go back within an hour (Pacific/Chatham, from 03:45 to 02:45), the library seeks a minute of 3 o'clock into the repeated
 * 2 o'clock, and from there leads back to the same instant, over and over. kube-controller-manager takes that for an error and starts
 * nothing, until it looks from an instant that leads forward: it looks from the end of startingDeadlineSeconds, which moves.
 */
function nextForward(expression: CronExpression, timeZone: string, after: Instant): Instant | undefined {
  for (let from = after + minute; from <= after + day; from += minute) {
    const next = libraryNext(expression, timeZone, from)
    if (next === undefined || next > from) return next
  }
  return undefined
}

function libraryNext(expression: CronExpression, timeZone: string, after: Instant): Instant | undefined {
  const at = Math.floor(after / second) * second + second
  const search: Search = { expression, timeZone, at, segment: segmentAt(timeZone, at), date: undefined, truncated: false, stuck: false }
  const lastYear = dateOf(search).year + 5
  while (!search.stuck && dateOf(search).year <= lastYear) {
    if (seekMonth(search) && seekDay(search) && seekHour(search) && seekMinute(search) && seekSecond(search)) return search.at
  }
  return undefined
}

interface Search {
  readonly expression: CronExpression
  readonly timeZone: string
  at: Instant
  /** Around the last instant asked for, so that most steps need no look-up. */
  segment: OffsetSegment
  /** The last date asked for: each step asks several times. */
  date: { readonly day: DayNumber; readonly civil: CivilDate } | undefined
  /** Only the first field that has to change sets the smaller ones to their beginning. */
  truncated: boolean
  /** The next step leads back to where it began, so the library would repeat it for ever. */
  stuck: boolean
}

// Each seek returns false when its field has wrapped around, and then the larger fields must be looked at again.

function seekMonth(search: Search): boolean {
  while (!search.expression.months.includes(dateOf(search).month)) {
    const { year, month } = dateOf(search)
    truncate(search, dayNumber(year, month, 1) * day)
    addMonth(search)
    if (dateOf(search).month === 1) return false
  }
  return true
}

function seekDay(search: Search): boolean {
  while (!matchesDay(search)) {
    truncate(search, dayOf(localTime(search)) * day)
    const before = search.at
    setLocalTime(search, localTime(search) + day)
    // Where midnight does not exist this is 23 o'clock of the day before (west of Greenwich) or 1 o'clock (east of it).
    // Going back from 1 leads into the day before, and the next step over the day in question: Kubernetes never runs on it.
    const hours = hourOf(search)
    if (hours !== 0) search.at += (hours > 12 ? 24 - hours : -hours) * hour
    search.stuck = search.at <= before
    if (search.stuck || dateOf(search).day === 1) return false
  }
  return true
}

function seekHour(search: Search): boolean {
  while (!search.expression.hours.includes(hourOf(search))) {
    const local = localTime(search)
    truncate(search, local - remainder(local, hour))
    search.at += hour
    // Where midnight does not exist nobody notices that a new day has begun, and the day of the week may not match.
    if (hourOf(search) === 0) return false
  }
  return true
}

function seekMinute(search: Search): boolean {
  while (!search.expression.minutes.includes(minuteOf(search))) {
    if (!search.truncated) search.at = Math.floor(search.at / minute) * minute
    search.truncated = true
    search.at += minute
    if (minuteOf(search) === 0) return false
  }
  return true
}

/** Matches begin with second 0. The library goes there second by second, which always ends in a wrap. */
function seekSecond(search: Search): boolean {
  const beyondMinute = remainder(localTime(search), minute)
  if (beyondMinute === 0) return true
  search.truncated = true
  search.at += minute - beyondMinute
  return false
}

function matchesDay(search: Search): boolean {
  const { daysOfMonth, daysOfWeek, domStar, dowStar } = search.expression
  const local = localTime(search)
  const dayOfMonth = daysOfMonth.includes(dateOf(search).day)
  const dayOfWeek = daysOfWeek.includes(weekdayFromSunday(dayOf(local)))
  return domStar || dowStar ? dayOfMonth && dayOfWeek : dayOfMonth || dayOfWeek
}

function truncate(search: Search, local: LocalTime): void {
  if (!search.truncated) setLocalTime(search, local)
  search.truncated = true
}

/** The same day of the next month; 31 January becomes 2 or 3 March, as with Go's AddDate. */
function addMonth(search: Search): void {
  const local = localTime(search)
  const { year, month, day: dayOfMonth } = dateOf(search)
  setLocalTime(search, dayNumber(year, month + 1, dayOfMonth) * day + timeOfDay(local))
}

/**
 * Go's time.Date: for a wall time that does not exist, or exists twice, the result depends on which of the two offsets is in
 * force at that same time in UTC.
 */
function setLocalTime(search: Search, local: LocalTime): void {
  const guess = local - offsetAround(search, local)
  search.at = local - offsetAround(search, guess)
}

function localTime(search: Search): LocalTime {
  return search.at + offsetAround(search, search.at)
}

function dateOf(search: Search): CivilDate {
  const local = dayOf(localTime(search))
  if (search.date?.day !== local) search.date = { day: local, civil: civilDate(local) }
  return search.date.civil
}

function hourOf(search: Search): number {
  return Math.floor(timeOfDay(localTime(search)) / hour)
}

function minuteOf(search: Search): number {
  return Math.floor(remainder(localTime(search), hour) / minute)
}

function offsetAround(search: Search, instant: Instant): number {
  if (instant < search.segment.from || instant >= search.segment.until) search.segment = segmentAt(search.timeZone, instant)
  return search.segment.offset
}

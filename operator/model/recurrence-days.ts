import { civilDate, dayNumber, daysInMonth, remainder, weekdayFromMonday, type DayNumber } from './civil-time.ts'
import { months, weekdays, type Month, type Recurrence } from './schedule-spec.ts'

/**
 * The first day on or after `from` that a civil rule selects, undefined: there is none. `from` is not before the rule's start.
 * Found by division, never by walking there.
 */
export type DaysOfRule = (from: DayNumber) => DayNumber | undefined

/** The days of once, byDay, byWeek or byMonth; undefined for the other recurrences. Without `start` the rule has no beginning. */
export function daysOfRule(recurrence: Recurrence, start: DayNumber | undefined): DaysOfRule | undefined {
  const { once, byDay, byWeek, byMonth } = recurrence
  if (once !== undefined) return from => (start !== undefined && from <= start ? start : undefined)
  if (byDay !== undefined) return everyDays(byDay.every ?? 1, start)
  if (byWeek !== undefined) return everyWeeks(byWeek.every ?? 1, byWeek.days.map(day => weekdays.indexOf(day)), start)
  return byMonth === undefined ? undefined : everyMonths(byMonth)
}

function everyDays(every: number, start = 0): DaysOfRule {
  return from => start + Math.ceil((from - start) / every) * every
}

/**
 * Weeks begin on Monday and are counted from the week of the first listed day on or after start, not from the week of start:
 * a start on Wednesday with Monday listed begins a week later.
 */
function everyWeeks(every: number, days: readonly number[], start = 0): DaysOfRule {
  const listed = [...days].sort((a, b) => a - b)
  const originWeek = weekOf(listedDayOnOrAfter(listed, start))
  return (from) => {
    const day = listedDayOnOrAfter(listed, from)
    const weeksLate = remainder(weekOf(day) - originWeek, every)
    return weeksLate === 0 ? day : listedDayOnOrAfter(listed, mondayOf(weekOf(day) + every - weeksLate))
  }
}

/** `listed`: ascending, 0 is Monday. */
function listedDayOnOrAfter(listed: readonly number[], from: DayNumber): DayNumber {
  const weekday = weekdayFromMonday(from)
  const [first = 0] = listed
  return from - weekday + (listed.find(day => day >= weekday) ?? first + 7)
}

/** Weeks since the one of 1970-01-01, which was a Thursday. */
function weekOf(day: DayNumber): number {
  return Math.floor((day + 3) / 7)
}

function mondayOf(week: number): DayNumber {
  return week * 7 - 3
}

type MonthlyRule = NonNullable<Recurrence['byMonth']>

// From 29 February to the next one: eight years where a century is no leap year.
const longestWait = 8 * 12

/** No month named: all twelve. */
export function selectedMonths(rule: MonthlyRule): readonly Month[] {
  return rule.months === undefined || rule.months.length === 0 ? months : rule.months
}

function everyMonths(rule: MonthlyRule): DaysOfRule {
  const selected = new Set(selectedMonths(rule).map(month => months.indexOf(month)))
  return (from) => {
    const { year, month } = civilDate(from)
    const first = year * 12 + month - 1
    for (let index = first; index <= first + longestWait; index++) {
      if (!selected.has(remainder(index, 12))) continue
      const day = dayInMonth(rule, Math.floor(index / 12), remainder(index, 12) + 1)
      if (day !== undefined && day >= from) return day
    }
    return undefined
  }
}

function dayInMonth({ day, shortMonth }: MonthlyRule, year: number, month: number): DayNumber | undefined {
  const length = daysInMonth(year, month)
  if (day <= length) return dayNumber(year, month, day)
  return shortMonth === 'LastDay' ? dayNumber(year, month, length) : undefined
}

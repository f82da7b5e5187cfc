import { dayOf, type DayNumber } from './civil-time.ts'
import { day, type Instant } from './instant.ts'
import { instantsOfLocal, offsetAt } from './time-zone.ts'

/** First occurrence strictly after an instant, undefined: none. */
export type Next = (after: Instant) => Instant | undefined

/** startDate and endDate of a schedule, both inclusive, on the calendar of its zone; an absent one does not bound. */
export interface DateBounds {
  readonly timeZone: string
  readonly start: DayNumber | undefined
  readonly end: DayNumber | undefined
}

/** The occurrences whose local date lies within the bounds. */
export function cutToDates(bounds: DateBounds, next: Next): Next {
  const { timeZone, start = -Infinity, end = Infinity } = bounds
  if (start === -Infinity && end === Infinity) return next
  const first = firstInstant(bounds) ?? -Infinity
  const last = lastInstant(bounds) ?? Infinity
  return (after) => {
    let found = next(Math.max(after, first - 1))
    while (found !== undefined && found <= last) {
      // Clocks that go back over midnight show a date again, so dates need not ascend between first and last.
      const date = dayOf(found + offsetAt(timeZone, found))
      if (date >= start && date <= end) return found
      found = next(found)
    }
    return undefined
  }
}

/** The first instant that the calendar shows startDate or later; undefined without startDate. */
export function firstInstant({ timeZone, start }: DateBounds): Instant | undefined {
  if (start === undefined) return undefined
  const midnight = instantsOfLocal(timeZone, start * day)
  if (midnight.kind === 'gap') return midnight.end
  return midnight.kind === 'once' ? midnight.instant : midnight.first
}

/** The last millisecond that the calendar shows endDate or earlier; undefined without endDate. */
export function lastInstant({ timeZone, end }: DateBounds): Instant | undefined {
  if (end === undefined) return undefined
  const nextMidnight = instantsOfLocal(timeZone, (end + 1) * day)
  if (nextMidnight.kind === 'gap') return nextMidnight.end - 1
  return (nextMidnight.kind === 'once' ? nextMidnight.instant : nextMidnight.second) - 1
}

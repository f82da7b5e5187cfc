import { dayOf, type DayNumber, type LocalTime } from './civil-time.ts'
import { day, minute, type Instant } from './instant.ts'
import type { DaysOfRule } from './recurrence-days.ts'
import type { DstPolicy } from './schedule-spec.ts'
import { instantsOfLocal, offsetAt } from './time-zone.ts'

/** A civil rule: a time of day on a wall clock, on the days that the rule selects. */
interface WallRule {
  readonly timeZone: string
  readonly days: DaysOfRule
  /** The first day that can be selected; undefined: no beginning. */
  readonly start: DayNumber | undefined
  /** Milliseconds since midnight. */
  readonly time: number
  readonly dst: DstPolicy
}

// Of a rule whose selected days all lie in gaps; no zone has such a thing, but a search must end.
const longestSearch = 40 * 366

/** First occurrence strictly after an instant. */
export function nextOnWall(rule: WallRule, after: Instant): Instant | undefined {
  // The day before counts too: clocks that go back over midnight show it again.
  const today = dayOf(after + offsetAt(rule.timeZone, after))
  let date = rule.days(Math.max(today - 1, rule.start ?? -Infinity))
  const lastDate = (date ?? 0) + longestSearch
  while (date !== undefined && date <= lastDate) {
    const found = instantsOnWall(rule.timeZone, date * day + rule.time, rule.dst).find(instant => instant > after)
    if (found !== undefined) return found
    date = rule.days(date + 1)
  }
  return undefined
}

/** The instants, in order, at which a rule runs that intends this wall time; none when it is skipped. */
export function instantsOnWall(timeZone: string, local: LocalTime, { gap, overlap }: DstPolicy): readonly Instant[] {
  const instants = instantsOfLocal(timeZone, local)
  if (instants.kind === 'once') return [wholeMinute(instants.instant)]
  if (instants.kind === 'gap') return gap === 'Skip' ? [] : [wholeMinute(instants.shifted)]
  const first = wholeMinute(instants.first)
  const second = wholeMinute(instants.second)
  return overlap === 'Both' ? [first, second] : [overlap === 'Second' ? second : first]
}

/** Occurrences are whole minutes, offsets are not always: Africa/Monrovia was 44 min 30 s behind UTC until 1972. */
function wholeMinute(instant: Instant): Instant {
  return Math.floor(instant / minute) * minute
}

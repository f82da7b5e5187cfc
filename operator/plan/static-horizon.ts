import type { CronExpression } from '../model/cron-expression.ts'
import { nextMatch } from '../model/cron-next.ts'
import { type Instant, day, hour } from '../model/instant.ts'
import type { Occurrences } from '../model/occurrences.ts'
import { transitionsBetween } from '../model/time-zone.ts'

/** When an expression and the intended occurrences first differ, and how: it lacks an occurrence, or matches beside them. */
export interface Horizon {
  readonly at: Instant
  readonly kind: 'omission' | 'extra'
}

/** A wall clock whose changes a rule and its own cron treat differently: Kubernetes leaves out a skipped hour and repeats a repeated one. */
export interface Wall {
  readonly timeZone: string
  /** When the rule runs; milliseconds since midnight. */
  readonly time: number
  /** No two occurrences are farther apart; milliseconds. */
  readonly reach: number
}

/**
 * Years that are searched for a change of clocks that matters. Most zones change theirs on a day of the week, and a date falls
 * on that day again after 12 years at most. Beyond, tables of time zones are guesses anyway.
 */
const yearsAhead = 13
const year = 366 * day
/** Nothing a change of clocks does reaches farther: zones have skipped one whole day at most. */
const around = 3 * day

/** The static expression of a rule, and all that it depends on. */
interface Static {
  readonly occurrences: Occurrences
  readonly cron: CronExpression
  readonly timeZone: string
  readonly wall: Wall | undefined
}

/**
 * When the static expression of a rule stops saying the same, looking at times strictly after `after`: before its start, where
 * clocks change, and after its end. Nowhere else can they differ. Undefined: not for the next 13 years.
 */
export function staticHorizon(given: Static, after: Instant): Horizon | undefined {
  const { occurrences: { end } } = given
  return walk(given, { from: after, after, through: after })
    ?? clockHorizon(given, after)
    ?? (end === undefined ? undefined : walk(given, { from: Math.max(after, end), after, through: Infinity }))
}

function clockHorizon(given: Static, after: Instant): Horizon | undefined {
  const { occurrences: { end }, wall } = given
  if (wall === undefined) return undefined
  const last = Math.min(end ?? Infinity, after + yearsAhead * year)
  for (let from = after - around - wall.reach; from < last; from += year) {
    for (const change of transitionsBetween(wall.timeZone, from, Math.min(last, from + year))) {
      if (!isAtIssue(wall, change)) continue
      const found = walk(given, { from: change.at - around - wall.reach, after, through: change.at + around })
      if (found !== undefined) return found
    }
  }
  return undefined
}

/**
 * Whether clocks change over the time of day at which the rule runs. Where they change over midnight, or by a part of an hour,
 * Kubernetes can lose its way for the rest of the day, so that has to be tried out.
 */
function isAtIssue({ time }: Wall, { at, before, after }: ReturnType<typeof transitionsBetween>[number]): boolean {
  const [low, high] = [at + Math.min(before, after), at + Math.max(before, after)]
  const midnight = Math.floor(low / day) * day
  if (high >= midnight + day || low === midnight || (high - low) % hour !== 0 || low % hour !== 0) return true
  return midnight + time >= low && midnight + time < high
}

/**
 * The first difference after `after`. Both are followed from `from` on, as the controller sleeps from one match to the next: on a
 * day that lacks its midnight, what comes next depends on where one asks. Over once a step that both took began after `through`.
 */
function walk({ occurrences, cron, timeZone }: Static, { from, after, through }: Readonly<Record<'from' | 'after' | 'through', Instant>>): Horizon | undefined {
  let match = nextMatch(cron, timeZone, from)
  let occurrence = occurrences.next(from)
  for (;;) {
    const found = match === occurrence ? undefined : difference(match, occurrence)
    if (found !== undefined && found.at > after) return found
    const reached = found?.at ?? match
    if (reached === undefined || reached > through) return undefined
    if (match === reached) match = nextMatch(cron, timeZone, match)
    if (occurrence === reached) occurrence = occurrences.next(occurrence)
  }
}

export function difference(match: Instant | undefined, occurrence: Instant | undefined): Horizon | undefined {
  if (match !== undefined && (occurrence === undefined || match < occurrence)) return { at: match, kind: 'extra' }
  return occurrence === undefined ? undefined : { at: occurrence, kind: 'omission' }
}

import { type Instant, day, formatInstant, minute } from '../model/instant.ts'
import type { Occurrences } from '../model/occurrences.ts'
import { oncePer } from '../model/once-per.ts'
import type { ConditionDraft } from './conditions.ts'
import type { PlannableRule } from './schedule-rule.ts'

/** Runs are best this far apart; milliseconds. Closer ones run all the same. */
const wanted = 15 * minute
const ahead = 30 * day

/** A schedule by its name, and what it intends. */
export interface Stream {
  readonly name: string
  readonly occurrences: Occurrences
}

interface Close {
  readonly first: Instant
  readonly second: Instant
  readonly names: readonly [string, string]
}

/**
 * Whether two runs come closer than 15 minutes within the next 30 days: undefined, or the dates of the first such pair of the
 * present period. Periods are 30 days long for everybody, so that a status which tells the dates changes once in 30 days at
 * most, and not with every run.
 */
export function closeRuns(streams: readonly Stream[], now: Instant): Close | undefined {
  if (firstClose(streams, now, now + ahead) === undefined) return undefined
  return firstClose(streams, Math.floor(now / ahead) * ahead, now + ahead)
}

/** Of one stream: two of its occurrences. Of more: two of different ones, as each tells of its own. */
function firstClose(streams: readonly Stream[], after: Instant, through: Instant): Close | undefined {
  const heads = streams.map(({ name, occurrences }) => ({ name, occurrences, at: occurrences.next(after) ?? Infinity }))
  let last: { readonly name: string; readonly at: Instant } | undefined
  for (;;) {
    const head = heads.reduce((a, b) => (b.at < a.at ? b : a), heads[0] ?? { name: '', occurrences: undefined, at: Infinity })
    if (head.occurrences === undefined || head.at > through) return undefined
    if (last !== undefined && head.at - last.at < wanted && (streams.length === 1 || head.name !== last.name)) {
      return { first: last.at, second: head.at, names: [last.name, head.name] }
    }
    last = { name: head.name, at: head.at }
    head.at = head.occurrences.next(head.at) ?? Infinity
  }
}

/** Of one schedule. Most cannot crowd at all; of the others it is looked up once a day. */
export function ownCrowding(rule: PlannableRule, now: Instant): ConditionDraft | undefined {
  if (rule.smallestGap >= wanted) return undefined
  const today = Math.floor(now / day)
  const found = lookedUp(rule)
  if (found.day !== today) {
    found.day = today
    found.close = closeRuns([{ name: '', occurrences: rule.occurrences }], now)
  }
  return found.close && crowded('its runs come', found.close)
}

const lookedUp = oncePer((_rule: PlannableRule): { day: number; close: Close | undefined } => ({ day: -1, close: undefined }))

/** Of the enabled schedules of one Integration in one tenant. */
export function sharedCrowding(streams: readonly Stream[], now: Instant): ConditionDraft | undefined {
  const close = streams.length < 2 ? undefined : closeRuns(streams, now)
  return close && crowded(`runs of its schedules ${close.names.join(' and ')} come`, close)
}

function crowded(whose: string, { first, second }: Close): ConditionDraft {
  const message = `${whose} closer than 15 minutes, such as ${formatInstant(first)} and ${formatInstant(second)}: all of them run, but may get in each other's way`
  return { type: 'Crowded', status: 'True', reason: 'RunsTooClose', message }
}

import { type Instant, minute, second } from '../model/instant.ts'
import { nextMatch } from '../model/cron-next.ts'
import { parsedExpression } from './candidates.ts'
import type { Expression } from './cursor.ts'

/** Clock skew and the longest request together; milliseconds. */
export const eps = 90 * second
/** How long kube-controller-manager's watch may lag, and how long before a match nothing is written to its CronJob; milliseconds. */
export const quiet = 30 * second
/** A Job this old has been seen by everyone; milliseconds. */
export const settledAge = 60 * second
/** When the CronJob controller is reminded of a match that it has not fired; milliseconds after it. */
export const nudgeDelay = 20 * second

/** No `startingDeadlineSeconds` that we write is longer; milliseconds. */
export const longestDeadline = 300 * second

/**
 * I9: the native `startingDeadlineSeconds`. It bounds what an edit could fire in retrospect, and keeps at most one match due
 * at a time; how late a run may start is the user's deadline, which only shortens it.
 */
export function nativeDeadline(smallestGap: number, startingDeadlineSeconds: number): number {
  const gap = Math.floor(smallestGap / second)
  const belowGap = smallestGap >= 4 * minute ? gap - 150 : gap - 1
  return Math.max(10, Math.min(longestDeadline / second, startingDeadlineSeconds, belowGap))
}

/** The matches of an expression in (after, through], oldest first; at most `limit` of them, the newest ones. */
export function matchesIn(expression: Expression, after: Instant, through: Instant, limit = 1_000): readonly Instant[] {
  const cron = parsedExpression(expression)
  const matches: Instant[] = []
  if (cron === undefined) return matches
  for (let at = nextMatch(cron, expression.timeZone, after); at !== undefined && at <= through; at = nextMatch(cron, expression.timeZone, at)) {
    matches.push(at)
    if (matches.length > limit) matches.shift()
  }
  return matches
}

/** First match strictly after an instant. */
export function matchAfter(expression: Expression, after: Instant): Instant | undefined {
  const cron = parsedExpression(expression)
  return cron === undefined ? undefined : nextMatch(cron, expression.timeZone, after)
}

export function earliest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  return instants.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a), undefined)
}

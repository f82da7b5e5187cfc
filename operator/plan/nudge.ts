import { type Instant, second } from '../model/instant.ts'
import type { Action } from './action.ts'
import { evidenceOf, expressionOf, lookedThrough, nextOnServer, settlementOf } from './arming.ts'
import { notePatch, patchCronJob } from './cron-job.ts'
import type { Cursor } from './cursor.ts'
import { jobNameAt } from './run-record.ts'
import type { Scene } from './schedule-step.ts'
import { earliest, matchesIn, nudgeDelay, quiet } from './timing.ts'

export interface Nudge {
  /** When to ask again. */
  readonly at: Instant | undefined
  readonly actions: readonly Action[]
}

/** No back-off of the CronJob controller is longer; milliseconds. */
const longestBackoff = 1_000 * second
const mostReminders = 3
/** With a short deadline a reminder after 20 s would come too late: half of it is left then. Milliseconds. */
function reminderDelay(deadline: number): number {
  return Math.min(nudgeDelay, deadline / 2)
}

/** A match after one that the controller did not write down is reminded of earlier: it may be backing off; milliseconds. */
const soon = 5 * second

/**
 * I8: any write to a CronJob makes its controller look at it again. While a match may still fire and has not, it is reminded of
 * it, at most three times; and one that it did not write down, because its own write was refused, say, leaves it backing off
 * longer and longer, which one write ends, as long as no match is near.
 */
export function nudgeOf(scene: Scene): Nudge {
  const { cronJob, now } = scene
  const deadline = deadlineOf(scene)
  const [former, last] = lastTwo(matchesIn(expressionOf(cronJob), Math.max(lookedThrough(cronJob), now - deadline - longestBackoff), now, 2))
  const next = nextOnServer(cronJob, now)
  const nextReminder = next === undefined ? undefined : next + reminderDelay(deadline)
  if (last === undefined || isEnded(scene, last)) return { at: nextReminder, actions: [] }
  if (now > last + deadline) return endBackoff(scene, last, next)
  const nudge = remind(scene, last, former !== undefined && !isEnded(scene, former) ? soon : reminderDelay(deadline))
  return nudge.actions.length > 0 ? nudge : { at: earliest(nudge.at, last + deadline + 1), actions: [] }
}

function lastTwo(matches: readonly Instant[]): readonly [Instant | undefined, Instant | undefined] {
  return [matches.at(-2), matches.at(-1)]
}

function deadlineOf({ cronJob }: Scene): number {
  return (cronJob.spec.startingDeadlineSeconds ?? 300) * second
}

/** Whether the write that ends a back-off has been made for this match. */
function isEnded({ cursor }: Scene, match: Instant): boolean {
  return cursor.nudged?.at === match && cursor.nudged.times > mostReminders
}

function endBackoff(scene: Scene, match: Instant, next: Instant | undefined): Nudge {
  if (next !== undefined && next - scene.now <= quiet) return { at: next + soon, actions: [] }
  return note(scene, { at: match, times: mostReminders + 1 }, 'the CronJob controller has not written down the last match: end its back-off')
}

function remind(scene: Scene, match: Instant, delay: number): Nudge {
  const { observed, cronJob, cursor, now } = scene
  const settlement = settlementOf(observed, cronJob, match, now)
  if (settlement.settled || settlement.look === undefined) return { at: undefined, actions: [] }
  const times = cursor.nudged?.at === match ? cursor.nudged.times : 0
  const due = match + delay + nudgeDelay * times
  if (times >= mostReminders || due > match + deadlineOf(scene)) return { at: settlement.until, actions: [] }
  if (now < due) return { at: due, actions: [] }
  const evidence = evidenceOf(observed, settlement.look)
  if (evidence === undefined || evidence.at < due) {
    const { namespace } = cronJob.metadata
    return { at: undefined, actions: [{ verb: 'look', resource: 'jobs', namespace, name: jobNameAt(cronJob.metadata.name, match), because: 'no Job for the last match yet' }] }
  }
  if (evidence.object !== undefined) return { at: settlement.until, actions: [] }
  return note(scene, { at: match, times: times + 1 }, 'remind the CronJob controller of the last match')
}

function note({ cronJob, cursor }: Scene, nudged: NonNullable<Cursor['nudged']>, because: string): Nudge {
  return { at: undefined, actions: [patchCronJob(cronJob, notePatch(cronJob, { ...cursor, nudged }), because)] }
}

import { type Instant, parseInstant } from '../model/instant.ts'
import { expressionToArm, farthest, floorUnder, restingExpression } from './arming.ts'
import { cronJobName, newCronJob, ownerOf } from './cron-job.ts'
import { isActivatedByHand } from './home.ts'
import type { ObservedSchedule } from './observed.ts'
import { type Step, cursorNow, frameOf, isEnabled, lostUntilNow, progressing } from './schedule-step.ts'
import type { Valid } from './verdict.ts'

/**
 * The CronJob is not there. A schedule's first floor is its creation, so that one made seconds before its time still runs;
 * one that was looked at before, or whose CronJob somebody deleted, starts from now: nothing is caught up.
 */
export function firstStep(observed: ObservedSchedule, valid: Valid, now: Instant): Step {
  const isNew = observed.status?.observedGeneration === undefined
  const floor = isNew ? firstFloor(observed, valid, now) : now
  const frame = { ...frameOf(observed, valid, floor, undefined), lookedThrough: now }
  const armed = isEnabled(valid) ? expressionToArm(frame, now) : undefined
  const expression = armed?.expression ?? restingExpression(valid.rule, now)
  const under = armed === undefined ? floor : floorUnder(armed, valid.rule, floor)
  const lost = isNew || !isEnabled(valid) ? [] : lostUntilNow(observed, valid, now)
  const cursor = cursorNow(observed, valid, { floor: under, lost, suspend: armed === undefined, expression, parkedAt: undefined })
  const owner = ownerOf(observed)
  const wasThere = observed.status?.cronJob !== undefined
  return progressing(wasThere ? 'creating the CronJob again' : 'creating the CronJob', {
    actions: [
      {
        verb: 'create',
        resource: 'cronjobs',
        namespace: owner.namespace,
        name: cronJobName(owner.kind, owner.name),
        object: newCronJob(owner, valid.workload, cursor),
        because: wasThere ? 'the CronJob is gone' : 'the schedule has no CronJob yet',
      },
    ],
    repaired: wasThere ? 'the CronJob was deleted and has been created again' : undefined,
  })
}

/** As many occurrences as a status lists. */
const countable = 10

/**
 * From when a schedule that was never looked at counts. From its creation, unless it was changed or activated since: nobody knows
 * what it wanted before, and whether it was enabled. Of a longer time without an operator only what may still start counts: that it
 * came to nothing is no news, and nobody wants thousands of records of it.
 */
function firstFloor(observed: ObservedSchedule, valid: Valid, now: Instant): Instant {
  const { metadata } = observed
  const created = parseInstant(metadata.creationTimestamp) ?? now
  if ((metadata.generation ?? 1) > 1 || isActivatedByHand(observed, now)) return now
  let last: Instant | undefined = created
  for (let count = 0; last !== undefined && last <= now && count <= countable; count++) last = valid.rule.occurrences.next(last)
  return last === undefined || last > now ? created : Math.max(created, now - valid.spec.startingDeadlineSeconds * 1000)
}

/** When a CronJob that rests because its next occurrence is far away has to be armed. */
export function wakeBefore(valid: Valid, base: Instant): Instant | undefined {
  const next = valid.rule.occurrences.next(base)
  return next === undefined ? undefined : next - farthest
}

import { type Instant, parseInstant } from '../model/instant.ts'
import type { CronJob } from '../model/kubernetes.ts'
import { oncePer } from '../model/once-per.ts'
import { expressionOf, isExpressionOurs, lookedThrough } from './arming.ts'
import type { Cursor } from './cursor.ts'
import type { ObservedSchedule } from './observed.ts'
import { patienceOf } from './runs.ts'
import type { PlannableRule } from './schedule-rule.ts'
import { isEnabled, isNewEpoch } from './schedule-step.ts'
import { eps, matchAfter } from './timing.ts'
import type { Valid, Verdict } from './verdict.ts'

interface Evidence {
  readonly observed: ObservedSchedule
  readonly cronJob: CronJob
  readonly cursor: Cursor
  readonly now: Instant
}

const utc = 'Etc/UTC'

/**
 * The verdict, with windows in UTC only where kube-controller-manager does not read the time zone as we do: its tables of time
 * zones can be older or newer than ours, or lack the zone. Distrust lasts until the schedule is edited or enabled again.
 */
export function withTrust(verdict: Verdict, evidence: Evidence): Verdict {
  const { cursor } = evidence
  const zone = verdict.kind === 'valid' ? verdict.rule.static?.timeZone : undefined
  if (verdict.kind !== 'valid' || zone === undefined || zone === utc || isNewEpoch({ verdict, cursor })) return verdict
  const isDistrusted = cursor.distrusted === zone || (isEnabled(verdict) && (hasFiredAnother(verdict, evidence) || hasFiredNone(verdict, evidence)))
  return isDistrusted ? { ...verdict, rule: windowsOnly(verdict.rule), distrusted: zone } : verdict
}

const windowsOnly = oncePer((rule: PlannableRule): PlannableRule => ({ ...rule, static: undefined, wall: undefined }))

function isInItsZone({ cronJob, cursor }: Evidence): boolean {
  return cronJob.spec.suspend !== true && expressionOf(cronJob).timeZone !== utc && isExpressionOurs(cronJob, cursor)
}

/** It fired at a time that neither the schedule intends nor the expression matches, as we read it. */
function hasFiredAnother({ rule }: Valid, evidence: Evidence): boolean {
  const { cronJob, cursor } = evidence
  const looked = parseInstant(cronJob.status?.lastScheduleTime)
  if (looked === undefined || looked <= cursor.floor + eps || !isInItsZone(evidence)) return false
  return rule.occurrences.next(looked - 1) !== looked && matchAfter(expressionOf(cronJob), looked - 1) !== looked
}

/** It did not fire the last two occurrences, and was there: it has fired others since. */
function hasFiredNone(valid: Valid, evidence: Evidence): boolean {
  const { observed, cronJob, cursor, now } = evidence
  if (!isInItsZone(evidence)) return false
  const { occurrences } = valid.rule
  const first = occurrences.next(Math.max(lookedThrough(cronJob), cursor.floor))
  if (first === undefined || first > now) return false
  const second = occurrences.next(first)
  return second !== undefined && now > second + patienceOf(cronJob, valid) && observed.hasControllerFired(second)
}

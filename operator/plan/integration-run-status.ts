import { type Instant, formatInstant } from '../model/instant.ts'
import type { IntegrationRunStatus } from '../model/integration-run.ts'
import { asJson } from '../model/json.ts'
import type { JsonObject, ObjectMeta } from '../model/kubernetes.ts'
import { apiVersion } from '../model/names.ts'
import type { Reason } from '../model/reason.ts'
import type { Condition, MemberRecord, Outcome } from '../model/status-schema.ts'
import type { EventDraft, StatusPatch } from './action.ts'
import { conditionsOf } from './conditions.ts'
import { isFinal } from './run-record.ts'
import { outcomeWords } from './schedule-status.ts'

/** How a run on demand stands. */
export interface RunReport {
  readonly outcome: Outcome
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly jobName?: string | undefined
  readonly runName?: string | undefined
  readonly startTime?: string | undefined
  /** Absent at the end: now. */
  readonly completionTime?: string | undefined
  readonly members?: readonly MemberRecord[] | undefined
}

export interface RunStatusInput {
  readonly metadata: ObjectMeta
  readonly status: IntegrationRunStatus | undefined
  readonly rawStatus: JsonObject | undefined
}

const longestMessage = 4_000

export function runStatusPatch({ metadata, status: live, rawStatus }: RunStatusInput, report: RunReport, now: Instant): StatusPatch {
  const { namespace, name, uid, resourceVersion, generation = 0 } = metadata
  const { outcome, reason, message, jobName, runName, startTime, members = [] } = report
  const status: IntegrationRunStatus = {
    observedGeneration: generation,
    conditions: succeeded(report, live?.conditions, { generation, now }),
    jobName,
    runName,
    startTime,
    completionTime: isFinal(outcome) ? (report.completionTime ?? formatInstant(now)) : undefined,
    outcome,
    reason,
    message: message?.slice(0, longestMessage),
    members: members.length === 0 ? undefined : members,
  }
  return { resource: 'integrationruns', namespace, name, uid, resourceVersion, live: rawStatus, status: asJson(status) }
}

const reasons: Readonly<Record<Outcome, Reason>> = {
  Waiting: 'RunWaiting',
  Running: 'RunRunning',
  Succeeded: 'RunSucceeded',
  CompletedWithErrors: 'RunCompletedWithErrors',
  Failed: 'RunFailed',
  Skipped: 'RunSkipped',
  Missed: 'RunMissed',
  Unknown: 'RunUnknown',
  Unplanned: 'RunFailed',
  Replaced: 'RunReplaced',
}

function succeeded(report: RunReport, live: readonly Condition[] | undefined, at: { readonly generation: number; readonly now: Instant }): readonly Condition[] {
  const { outcome } = report
  const status = !isFinal(outcome) ? 'Unknown' : outcome === 'Succeeded' ? 'True' : 'False'
  return conditionsOf([{ type: 'Succeeded', status, reason: reasons[outcome], message: sentence(report) }], live, at)
}

function sentence({ outcome, reason, message }: RunReport): string {
  const why = [reason, message].filter((part) => part !== undefined).join(': ')
  return `the run ${outcomeWords[outcome]}${why === '' ? '' : `: ${why}`}`
}

/** One event marks its end; nothing else of it is news. */
export function runEndEvent({ namespace, name, uid }: ObjectMeta, report: RunReport): EventDraft {
  const regarding = { apiVersion, kind: 'IntegrationRun', namespace, name, uid }
  return { regarding, type: report.outcome === 'Succeeded' ? 'Normal' : 'Warning', reason: reasons[report.outcome], message: sentence(report), action: 'Run' }
}

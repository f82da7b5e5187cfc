import { type Instant, formatInstant, parseInstant } from '../model/instant.ts'
import { asJson } from '../model/json.ts'
import type { CronJob, JsonObject } from '../model/kubernetes.ts'
import type { Reason } from '../model/reason.ts'
import { scheduleText } from '../model/schedule-text.ts'
import type { RunRecord, ScheduleStatus } from '../model/status-schema.ts'
import { expressionOf, horizonOnServer, lookedThrough } from './arming.ts'
import { type ConditionDraft, conditionsOf, stalledConditions } from './conditions.ts'
import { ownCrowding } from './crowding.ts'
import { cursorOf } from './cursor.ts'
import { lockCrowding, lockUserName } from './lock-crowding.ts'
import { notesOf } from './notes.ts'
import type { ObservedSchedule } from './observed.ts'
import { isFinal } from './run-record.ts'
import type { RunLedger } from './runs.ts'
import { type Standing, settledThrough } from './schedule-step.ts'
import type { Valid, Verdict } from './verdict.ts'

/** Everything that a schedule's status is made of. */
export interface StatusInput {
  readonly observed: ObservedSchedule
  readonly verdict: Verdict
  /** The CronJob, if it is ours. */
  readonly cronJob: CronJob | undefined
  readonly standing: Standing
  readonly ledger: RunLedger
  readonly now: Instant
}

/** The whole status of a ScheduledIntegration. */
export function scheduleStatusOf(input: StatusInput): JsonObject {
  const { observed, cronJob, ledger } = input
  const generation = observed.metadata.generation ?? 0
  const runs = ledger.runs
  const status: ScheduleStatus = {
    observedGeneration: generation,
    conditions: [...conditionsOf([...standingConditions(input), ...lastRunCondition(runs, observed), ...crowding(input)], observed.status?.conditions, { generation, now: input.now })],
    ...(input.standing.kind === 'template' ? {} : { suspended: cronJob === undefined ? isSuspended(observed) : cronJob.spec.suspend === true && input.standing.kind !== 'resting' }),
    ...(cronJob === undefined ? {} : { cronJob: { name: cronJob.metadata.name, uid: cronJob.metadata.uid, ...expressionOf(cronJob) } }),
    ...timesOf(input),
    ...notes(input),
    ...(observed.spec.ok && observed.spec.value.schedule !== undefined ? { scheduleText: scheduleText(observed.spec.value.schedule) } : {}),
    ...(runs[0] === undefined ? {} : { lastRun: runs[0] }),
    ...(runs.length === 0 ? {} : { runs: [...runs] }),
    ...(Object.keys(ledger.counts).length === 0 ? {} : { counts: ledger.counts }),
    ...(ledger.accountedThrough === undefined ? {} : { accountedThrough: formatInstant(ledger.accountedThrough) }),
  }
  return asJson({ ...status, scheduledBy: observed.scheduledBy })
}

/** Only while runs will come. */
function crowding({ observed: { kind, metadata, collision }, verdict, standing, now }: StatusInput): readonly ConditionDraft[] {
  if (verdict.kind !== 'valid' || !isComing(standing)) return []
  const own = ownCrowding(verdict.rule, now)
  const shared = collision && lockCrowding(collision, lockUserName(kind, metadata))
  if (own === undefined || shared === undefined) return [own ?? shared ?? []].flat()
  return [{ ...own, message: `${own.message}; ${shared.message}` }]
}

function notes({ verdict, standing, now }: StatusInput): Pick<ScheduleStatus, 'notes'> {
  const found = verdict.kind === 'valid' && isComing(standing) ? notesOf(verdict.spec.schedule, now) : []
  return found.length === 0 ? {} : { notes: [...found] }
}

function isComing({ kind }: Standing): boolean {
  return kind === 'armed' || kind === 'resting'
}

function isSuspended(observed: ObservedSchedule): boolean {
  return observed.spec.ok && observed.spec.value.suspend === true
}

/** nextRuns, nextRunTime, exactUntil: only while runs will come. */
function timesOf({ observed, verdict, cronJob, standing, now }: StatusInput): Partial<ScheduleStatus> {
  if (!isComing(standing) || verdict.kind !== 'valid' || cronJob === undefined) return {}
  const floor = cursorOf(cronJob)?.floor ?? now
  const nextRuns = nextOccurrences(verdict, Math.max(floor, lookedThrough(cronJob), settledThrough(observed))).map(formatInstant)
  const horizon = standing.kind === 'armed' ? horizonOnServer(cronJob, verdict.rule, now) : undefined
  return {
    ...(nextRuns[0] === undefined ? {} : { nextRuns, nextRunTime: nextRuns[0] }),
    ...(horizon === undefined ? {} : { exactUntil: formatInstant(horizon.at) }),
  }
}

function nextOccurrences({ rule }: Valid, after: Instant, count = 5): Instant[] {
  const instants: Instant[] = []
  for (let at = rule.occurrences.next(after); at !== undefined && instants.length < count; at = rule.occurrences.next(at)) instants.push(at)
  return instants
}

/** Ready, Reconciling, Stalled, Active (kstatus; design/product.md). */
function standingConditions({ standing, cronJob, verdict }: StatusInput): readonly ConditionDraft[] {
  const ready = (reason: Reason, message: string): ConditionDraft => ({ type: 'Ready', status: 'True', reason, message })
  const name = cronJob?.metadata.name ?? ''
  switch (standing.kind) {
    case 'armed':
      return [ready('Scheduled', `CronJob ${name} starts the runs`), { type: 'Active', status: 'True', reason: 'Scheduled', message: 'runs start as scheduled' }]
    case 'resting':
      return [ready('Scheduled', `CronJob ${name} is in place`), { type: 'Active', status: 'True', reason: 'Scheduled', message: 'the next run is more than 360 days away; until then the CronJob is suspended' }]
    case 'suspended':
      return [ready('Suspended', `CronJob ${name} is suspended, as spec.suspend says`), suspended]
    case 'held':
      return [ready(standing.reason, `CronJob ${name} is suspended`), inactive(standing.reason, standing.message)]
    case 'over':
      return [ready(standing.reason, 'nothing is left to do'), inactive(standing.reason, overMessage(standing.reason))]
    case 'suspendedOutOfBand':
      return [
        ready('SuspendedOutOfBand', `CronJob ${name} was suspended by hand and is left so`),
        inactive('SuspendedOutOfBand', `CronJob ${name} was suspended by hand: no run starts. To take it back, set spec.suspend to true and then to false`),
      ]
    case 'progressing':
      return [
        { type: 'Ready', status: 'False', reason: 'Progressing', message: standing.message },
        { type: 'Reconciling', status: 'True', reason: 'Progressing', message: standing.message },
        disabled(verdict) ?? { type: 'Active', status: 'Unknown', reason: 'Progressing', message: standing.message },
      ]
    case 'template':
      return [ready('Valid', 'schedules and runs can use it')]
    case 'stalled':
      return [...stalledConditions(standing.reason, standing.message), inactive(standing.reason, 'no run starts until this is mended')]
  }
}

function inactive(reason: Reason, message: string): ConditionDraft {
  return { type: 'Active', status: 'False', reason, message }
}

const suspended = inactive('Suspended', 'spec.suspend is true: no run starts')

/** Also while it is not certain yet that nothing is on its way any more. */
function disabled(verdict: Verdict): ConditionDraft | undefined {
  if (verdict.kind === 'invalid') return undefined
  if (verdict.held !== undefined) return inactive(verdict.held.reason, verdict.held.message)
  return verdict.spec.suspend === true ? suspended : undefined
}

function overMessage(reason: 'Completed' | 'Expired'): string {
  return reason === 'Completed' ? 'all of its runs have been started: none will follow' : 'its only time had passed before it was created: it will never run'
}

function lastRunCondition(runs: readonly RunRecord[], { status }: ObservedSchedule): readonly ConditionDraft[] {
  const last = runs.find(({ outcome }) => isFinal(outcome) && outcome !== 'Skipped' && outcome !== 'Unknown' && outcome !== 'Replaced')
  if (last === undefined) {
    const kept = status?.conditions?.find(({ type }) => type === 'LastRunSucceeded')
    return kept === undefined ? [] : [{ type: 'LastRunSucceeded', status: kept.status, reason: kept.status === 'True' ? 'RunSucceeded' : 'RunFailed', message: kept.message }]
  }
  const isGood = last.outcome === 'Succeeded'
  const said = last.message === undefined || isGood ? '' : `: ${last.message}`
  return [{ type: 'LastRunSucceeded', status: isGood ? 'True' : 'False', reason: lastRunReason[last.outcome] ?? 'RunFailed', message: `run ${last.name} ${outcomeWords[last.outcome]}${said}` }]
}

const lastRunReason: Partial<Readonly<Record<RunRecord['outcome'], Reason>>> = {
  Succeeded: 'RunSucceeded',
  CompletedWithErrors: 'RunCompletedWithErrors',
  Failed: 'RunFailed',
  Missed: 'RunMissed',
}

export const outcomeWords: Readonly<Record<RunRecord['outcome'], string>> = {
  Waiting: 'waits',
  Running: 'is running',
  Succeeded: 'succeeded',
  CompletedWithErrors: 'completed with errors',
  Failed: 'failed',
  Skipped: 'was skipped',
  Missed: 'was missed',
  Unknown: 'has no evidence left',
  Unplanned: 'was not planned',
  Replaced: 'was replaced',
}

/** Where the accounts of the status stand. */
export function accountedThroughOf(observed: ObservedSchedule): Instant | undefined {
  return parseInstant(observed.status?.accountedThrough)
}

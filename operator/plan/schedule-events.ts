import { apiVersion } from '../model/names.ts'
import type { EventReason } from '../model/reason.ts'
import type { RunRecord } from '../model/status-schema.ts'
import type { EventDraft } from './action.ts'
import { type StatusInput, outcomeWords } from './schedule-status.ts'
import type { Standing, Step } from './schedule-step.ts'

/** Events mark transitions: of how the schedule stands, of its runs, and what was put right. Never a value of a parameter. */
export function scheduleEvents(input: StatusInput, step: Step): readonly EventDraft[] {
  const { observed, ledger } = input
  const { namespace, name, uid } = observed.metadata
  const regarding = { apiVersion, kind: observed.kind, namespace, name, uid }
  if (step.actions.length > 0) {
    return [
      ...(step.repaired === undefined ? [] : [{ regarding, type: 'Warning' as const, reason: 'DriftRepaired' as const, message: step.repaired, action: 'Repair' }]),
      ...(step.distrusts === undefined ? [] : [{ regarding, type: 'Warning' as const, reason: 'TimeZoneDataMismatch' as const, message: mismatch(step.distrusts), action: 'Schedule' }]),
    ]
  }
  const standing = transition(input)
  return [
    ...(standing === undefined ? [] : [{ regarding, ...standing, action: 'Schedule' }]),
    ...ledger.news.flatMap(runEvents).map((draft) => ({ regarding, ...draft, action: 'Run' })),
  ]
}

function mismatch(timeZone: string): string {
  return `kube-controller-manager does not read the time zone ${timeZone} as the operator does: from now on its CronJob says when in UTC. Bring their time zone data up to date, then set spec.suspend to true and to false again`
}

type Draft = Pick<EventDraft, 'type' | 'reason' | 'message'>

/** Undefined: it stands as it stood. */
function transition({ observed, verdict, standing, cronJob }: StatusInput): Draft | undefined {
  const held = verdict.kind === 'valid' && standing.kind === 'progressing' ? verdict.held : undefined // its condition says so already
  const draft = standingEvent(held === undefined ? standing : { kind: 'held', ...held }, cronJob?.metadata.name ?? '')
  const active = observed.status?.conditions?.find(({ type }) => type === 'Active')
  return active?.reason === draft?.reason ? undefined : draft
}

/** Its reason is the one of the condition Active, by which a transition is recognised. */
function standingEvent(standing: Standing, cronJob: string): Draft | undefined {
  switch (standing.kind) {
    case 'resting':
      return { type: 'Normal', reason: 'Scheduled', message: `the next run is more than 360 days away: until then CronJob ${cronJob} is suspended` }
    case 'armed':
      return { type: 'Normal', reason: 'Scheduled', message: `CronJob ${cronJob} starts the runs` }
    case 'suspended':
      return { type: 'Normal', reason: 'Suspended', message: `CronJob ${cronJob} is suspended: no run starts` }
    case 'held':
      return { type: 'Warning', reason: standing.reason, message: standing.message }
    case 'over':
      return { type: 'Normal', reason: standing.reason, message: standing.reason === 'Completed' ? 'no run is left' : 'its only time had passed before it was created' }
    case 'suspendedOutOfBand':
      return { type: 'Warning', reason: 'SuspendedOutOfBand', message: `CronJob ${cronJob} was suspended by hand and is left so` }
    case 'stalled':
      return { type: 'Warning', reason: standing.reason, message: standing.message }
    case 'progressing':
    case 'template':
      return undefined
  }
}

/** Undefined: the run is not over. */
const runReasons: Readonly<Record<RunRecord['outcome'], EventReason | undefined>> = {
  Waiting: undefined,
  Running: undefined,
  Succeeded: 'RunSucceeded',
  CompletedWithErrors: 'RunCompletedWithErrors',
  Failed: 'RunFailed',
  Skipped: 'RunSkipped',
  Missed: 'RunMissed',
  Unknown: 'RunUnknown',
  Unplanned: 'RunUnplanned',
  Replaced: 'RunReplaced',
}

function runEvents(record: RunRecord): readonly Draft[] {
  const reason = runReasons[record.outcome]
  if (reason === undefined) return []
  const said = record.message === undefined || record.outcome === 'Succeeded' ? '' : `: ${record.message}`
  return [{ type: record.outcome === 'Succeeded' ? 'Normal' : 'Warning', reason, message: `run ${record.name} ${outcomeWords[record.outcome]}${said}` }]
}

import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Resource } from '../controllers/resource.ts'
import type { Stores } from '../controllers/stores.ts'
import { parseInstant, second } from '../model/instant.ts'
import type { Outcome } from '../model/status-schema.ts'
import { countersOf, finalCondition, isFinal, isWaitingAtGate, recordOf } from '../plan/run-record.ts'
import type { SchedulableKind } from '../plan/schedulable.ts'
import { isSetRun } from '../plan/set-run-records.ts'

type Watched = Pick<Stores, 'schedules' | 'sets' | 'runs' | 'jobs'>

/**
 * What runs come to. Counted are changes of what statuses tell, as the stores show them: what had been counted before this process
 * started is not counted again, and of several processes only the one that works counts.
 */
export function watchRuns(registry: Registry, { schedules, sets, runs, jobs }: Watched, isLeading: () => boolean): void {
  const count = runCounter(registry)
  const countChange = (before: Resource<SchedulableKind> | undefined, after: Resource<SchedulableKind> | undefined) => {
    if (before === undefined || after === undefined || !isLeading()) return
    const [known, now] = [countersOf(before.status?.counts), countersOf(after.status?.counts)]
    for (const [outcome, number] of now) count(outcome, number - (known.get(outcome) ?? 0))
  }
  schedules.subscribe(countChange)
  sets.subscribe(countChange)
  runs.subscribe((before, after) => {
    const outcome = after?.status?.outcome
    if (before === undefined || outcome === undefined || !isFinal(outcome) || before.status?.outcome === outcome || !isLeading()) return
    count(outcome, 1)
  })
  setDurations(registry, jobs, isLeading)
  waitingRuns(registry, jobs)
}

/**
 * A counter cannot go back. A run that was counted as missed and comes after all leaves that count in the status: the next missed
 * one is not counted then, so that what is counted in the long run is what there was.
 */
function runCounter(registry: Registry): (outcome: Outcome, change: number) => void {
  const counter = new Counter({ name: 'integration_scheduler_runs_total', help: 'Runs that are over, by how they ended.', labelNames: ['outcome'], registers: [registry] })
  const owed = new Map<Outcome, number>()
  for (const outcome of countersOf({}).keys()) counter.labels(outcome).inc(0)
  return (outcome, change) => {
    const due = change - (owed.get(outcome) ?? 0)
    owed.set(outcome, Math.max(0, -due))
    if (due > 0) counter.labels(outcome).inc(due)
  }
}

function setDurations(registry: Registry, jobs: Watched['jobs'], isLeading: () => boolean): void {
  const histogram = new Histogram({
    name: 'integration_scheduler_set_run_duration_seconds',
    help: 'How long a run of an IntegrationSet took, from its start to its end.',
    labelNames: ['outcome'],
    buckets: [10, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400],
    registers: [registry],
  })
  jobs.subscribe((before, after) => {
    if (before === undefined || after === undefined || !isSetRun(after) || !isLeading()) return
    if (finalCondition(before) !== undefined || finalCondition(after) === undefined) return
    const { startTime, completionTime, outcome } = recordOf(after, () => '')
    const [start, end] = [parseInstant(startTime), parseInstant(completionTime)]
    if (start !== undefined && end !== undefined) histogram.labels(outcome).observe((end - start) / second)
  })
}

/** A series, by the values of its labels. */
interface Sample {
  readonly labels: readonly string[]
  readonly value: number
}

/** Read from the stores whenever it is asked for: a series goes with what it tells of. */
function gauge(registry: Registry, { name, help, labelNames }: { readonly name: string; readonly help: string; readonly labelNames: readonly string[] }, samples: () => Iterable<Sample>): void {
  registry.registerMetric(new Gauge({
    name: `integration_scheduler_${name}`,
    help,
    labelNames: [...labelNames],
    registers: [],
    collect() {
      this.reset()
      for (const { labels, value } of samples()) this.labels(...labels).inc(value)
    },
  }))
}

/** Only namespaces in which a run waits have a series. */
function waitingRuns(registry: Registry, jobs: Watched['jobs']): void {
  gauge(registry, { name: 'runs_waiting', help: 'Runs that wait for a lock, or for the previous run.', labelNames: ['namespace'] }, () =>
    [...jobs.list()].filter(isWaitingAtGate).map(({ metadata }) => ({ labels: [metadata.namespace], value: 1 })))
}

const perSchedule = ['namespace', 'kind', 'name']

/** What each schedule tells of itself. */
export function watchSchedules(registry: Registry, stores: Pick<Stores, 'schedules' | 'sets'>): void {
  const own = (name: string, help: string, valueOf: (status: Status) => number | undefined) =>
    gauge(registry, { name, help, labelNames: perSchedule }, () => statuses(stores).flatMap(({ labels, status }) => {
      const value = valueOf(status)
      return value === undefined ? [] : [{ labels, value }]
    }))
  own('next_run_timestamp_seconds', 'When the next run is due, in seconds since 1970.', ({ nextRunTime }) => seconds(nextRunTime))
  own('last_success_timestamp_seconds', 'When the latest successful run ended, in seconds since 1970.', ({ runs }) =>
    seconds(runs?.find(({ outcome }) => outcome === 'Succeeded')?.completionTime))
  own('suspended', '1 while the schedule is suspended.', ({ suspended }) => (suspended === undefined ? undefined : Number(suspended)))
  const help = 'How the latest run that is over has ended: one series for each schedule, with the outcome as a label and the value 1.'
  gauge(registry, { name: 'last_outcome', help, labelNames: [...perSchedule, 'outcome'] }, () => statuses(stores).flatMap(({ labels, status }) => {
    const last = status.runs?.find(({ outcome }) => isFinal(outcome))
    return last === undefined ? [] : [{ labels: [...labels, last.outcome], value: 1 }]
  }))
}

function seconds(text: string | undefined): number | undefined {
  const instant = parseInstant(text)
  return instant === undefined ? undefined : instant / second
}

type Status = NonNullable<Resource<SchedulableKind>['status']>

/** A set without a schedule has a status too, but nothing in it that these gauges tell. */
function statuses({ schedules, sets }: Pick<Stores, 'schedules' | 'sets'>): readonly { readonly labels: readonly string[]; readonly status: Status }[] {
  const told = (kind: SchedulableKind) => ({ metadata: { namespace, name }, status }: Resource<SchedulableKind>) => (status === undefined ? [] : [{ labels: [namespace, kind, name], status }])
  return [...[...schedules.list()].flatMap(told('ScheduledIntegration')), ...[...sets.list()].flatMap(told('IntegrationSet'))]
}

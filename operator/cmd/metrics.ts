import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { ApiCall } from '../kube/api-client.ts'
import type { Store } from '../kube/store.ts'
import type { Resource } from '../controllers/resource.ts'
import { parseInstant, second } from '../model/instant.ts'

type Schedules = Store<Resource<'ScheduledIntegration'>>

export interface Metrics {
  readonly apiCalled: (call: ApiCall) => void
  readonly reconciled: (pass: { readonly controller: string; readonly outcome: string; readonly seconds: number }) => void
  /** Shows that this process works, until that work is stopped. */
  readonly leading: (work: { stop(): Promise<void> }) => { stop(): Promise<void> }
  /** The Prometheus text format, and its content type. */
  readonly scrape: () => Promise<{ readonly type: string; readonly text: string }>
}

/** Everything below `integration_scheduler_`. No label ever holds the value of a parameter. */
export function createMetrics(): Metrics & { readonly watchSchedules: (schedules: Schedules) => void } {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const calls = new Counter({ name: 'integration_scheduler_api_requests_total', help: 'Requests to the API server.', labelNames: ['verb', 'resource', 'code'], registers })
  const passes = new Histogram({
    name: 'integration_scheduler_reconcile_duration_seconds',
    help: 'How long one pass over one object took.',
    labelNames: ['controller', 'outcome'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers,
  })
  new Gauge({ name: 'integration_scheduler_tzdata_info', help: 'Version of the time zone data that occurrences are computed with.', labelNames: ['version'], registers })
    .labels(process.versions.tz ?? 'unknown').set(1)
  const leader = new Gauge({ name: 'integration_scheduler_leader', help: '1 while this process works, 0 while it waits for another one that does.', registers })
  leader.set(0)
  return {
    leading: (work) => {
      leader.set(1)
      return { stop: () => work.stop().finally(() => leader.set(0)) }
    },
    apiCalled: ({ verb, resource, code }) => calls.labels(verb, resource, code).inc(),
    reconciled: ({ controller, outcome, seconds }) => passes.labels(controller, outcome).observe(seconds),
    scrape: async () => ({ type: registry.contentType, text: await registry.metrics() }),
    watchSchedules: (schedules) => scheduleGauges(registry, schedules),
  }
}

/** One series for each schedule, read from the cache when they are asked for, so that they go with their schedule. */
function scheduleGauges(registry: Registry, schedules: Schedules): void {
  const gauge = (name: string, help: string, valueOf: (schedule: Resource<'ScheduledIntegration'>) => number | undefined) =>
    new Gauge({
      name: `integration_scheduler_${name}`,
      help,
      labelNames: ['namespace', 'kind', 'name'],
      registers: [registry],
      collect() {
        this.reset()
        for (const schedule of schedules.list()) {
          const value = valueOf(schedule)
          if (value !== undefined) this.labels(schedule.metadata.namespace, 'ScheduledIntegration', schedule.metadata.name).set(value)
        }
      },
    })
  const seconds = (text: string | undefined) => {
    const instant = parseInstant(text)
    return instant === undefined ? undefined : instant / second
  }
  gauge('next_run_timestamp_seconds', 'When the next run is due, in seconds since 1970.', ({ status }) => seconds(status?.nextRunTime))
  gauge('last_success_timestamp_seconds', 'When the latest successful run ended, in seconds since 1970.', ({ status }) =>
    seconds(status?.runs?.find(({ outcome }) => outcome === 'Succeeded')?.completionTime))
  gauge('suspended', '1 while the schedule is suspended.', ({ status }) => (status?.suspended === undefined ? undefined : Number(status.suspended)))
}

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { ApiCall } from '../kube/api-client.ts'
import type { Stores } from '../controllers/stores.ts'
import { watchRuns, watchSchedules } from './run-metrics.ts'

export interface Metrics {
  readonly apiCalled: (call: ApiCall) => void
  readonly reconciled: (pass: { readonly controller: string; readonly outcome: string; readonly seconds: number }) => void
  /** Shows that this process works, until that work is stopped. */
  readonly leading: (work: { stop(): Promise<void> }) => { stop(): Promise<void> }
  /** The Prometheus text format, and its content type. */
  readonly scrape: () => Promise<{ readonly type: string; readonly text: string }>
  /** From now on what becomes of runs is counted. */
  readonly watchRuns: (stores: Stores) => void
  /** And each schedule has its own series. */
  readonly watchSchedules: (stores: Stores) => void
}

/** Everything below `integration_scheduler_`. No label ever holds the value of a parameter. */
export function createMetrics(): Metrics {
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
  let isLeading = false
  const lead = (leads: boolean) => {
    isLeading = leads
    leader.set(Number(leads))
  }
  lead(false)
  return {
    leading: (work) => {
      lead(true)
      return { stop: () => work.stop().finally(() => lead(false)) }
    },
    apiCalled: ({ verb, resource, code }) => calls.labels(verb, resource, code).inc(),
    reconciled: ({ controller, outcome, seconds }) => passes.labels(controller, outcome).observe(seconds),
    scrape: async () => ({ type: registry.contentType, text: await registry.metrics() }),
    watchRuns: (stores) => watchRuns(registry, stores, () => isLeading),
    watchSchedules: (stores) => watchSchedules(registry, stores),
  }
}

import type { JsonObject } from '../../model/kubernetes.ts'

/** Small valid objects for stories, each said to differ only where its story is about. */

const apiVersion = 'integration-scheduler.io/v1alpha1'

export interface Manifest extends JsonObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
}

export function integration(name: string, spec: JsonObject = {}): Manifest {
  return { apiVersion, kind: 'Integration', metadata: { name }, spec: { container: { image: 'registry.example.com/integration:1' }, ...spec } }
}

/** The played node ends pods as these annotations say (hack/controlplane/stages.yaml); a real one does not read them. */
export function played({ exitCode = 0, runFor = '50ms' }: { readonly exitCode?: number; readonly runFor?: string }): JsonObject {
  return { metadata: { annotations: { 'test/exit-code': String(exitCode), 'test/run-for': runFor } } }
}

/** A schedule of the Integration `export`, unless `spec` says otherwise. */
export function scheduled(name: string, schedule: JsonObject, spec: JsonObject = {}): Manifest {
  return { apiVersion, kind: 'ScheduledIntegration', metadata: { name }, spec: { integrationRef: { name: 'export' }, schedule, ...spec } }
}

export function cron(expression: string, rest: JsonObject = {}): JsonObject {
  return { recurrence: { cron: expression }, ...rest }
}

export const everyMinute = cron('* * * * *')
/** Nothing happens while a test runs, except on New Year's Eve. */
export const onceAYear = cron('59 23 31 12 *')

/** startDate and startTime, in UTC. */
export function startAt(instant: number): { readonly startDate: string; readonly startTime: string } {
  const text = new Date(instant).toISOString()
  return { startDate: text.slice(0, 10), startTime: text.slice(11, 16) }
}

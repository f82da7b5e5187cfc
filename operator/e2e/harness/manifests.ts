import { copyKinds } from '../../model/copying.ts'
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

/** A set whose members have the names of their Integrations. */
export function integrationSet(name: string, integrations: readonly string[], spec: JsonObject = {}): Manifest {
  return { apiVersion, kind: 'IntegrationSet', metadata: { name }, spec: { members: integrations.map((of) => ({ name: of, integrationRef: { name: of } })), ...spec } }
}

/** One run on demand. */
export function integrationRun(name: string, spec: JsonObject): Manifest {
  return { apiVersion, kind: 'IntegrationRun', metadata: { name }, spec }
}

/** Consent of the namespace it is applied to. */
export function cloneGrant(name: string, to: readonly string[], kinds: readonly string[] = copyKinds): Manifest {
  return { apiVersion, kind: 'CloneGrant', metadata: { name }, spec: { to: to.map((namespace) => ({ namespace })), kinds } }
}

export function tenantClone(name: string, source: string, spec: JsonObject = {}): Manifest {
  return { apiVersion, kind: 'TenantClone', metadata: { name }, spec: { source: { namespace: source }, ...spec } }
}

export function ofSet(name: string): JsonObject {
  return { integrationRef: { kind: 'IntegrationSet', name } }
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

export function onceAt(instant: number): JsonObject {
  return { recurrence: { once: {} }, ...startAt(instant) }
}

/** A minute that is far enough away for schedules of it to be armed before; milliseconds. */
export function soon(atLeast = 30_000): number {
  return Math.ceil((Date.now() + atLeast) / 60_000) * 60_000
}

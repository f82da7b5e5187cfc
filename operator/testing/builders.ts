import { projectedJob, projectedNamespace } from '../kube/projections.ts'
import { type Instant, formatInstant, parseInstant } from '../model/instant.ts'
import { asJson } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { apiVersion, label, scheduledTimestampAnnotation } from '../model/names.ts'
import { type Learned, evidenceKey } from '../plan/action.ts'
import type { Cursor, Expression } from '../plan/cursor.ts'
import { newCronJob } from '../plan/cron-job.ts'
import type { ObservedSchedule } from '../plan/observed.ts'
import { cursorNow } from '../plan/schedule-step.ts'
import { verdictOn } from '../plan/verdict.ts'
import { objectOf } from './json-reading.ts'
import { withDefaults } from './kubernetes-defaults.ts'
import { MemoryStores } from './memory-stores.ts'
import { type Resource, type ServerObject, acme, namespace, serverObject } from './virtual-api-server.ts'

/** Objects as the API server has them. What a test does not say is as in the smallest example that works. */

export const nothingLearned: Learned = { evidence: new Map(), refused: undefined, written: new Map(), postponed: new Map() }

/** `2026-03-02T10:00:00Z`, also without seconds: `2026-03-02T10:00Z`. */
export function at(text: string): Instant {
  const instant = parseInstant(text.replace(/T(\d\d:\d\d)Z$/, 'T$1:00Z'))
  if (instant === undefined) throw new Error(`${text} is no timestamp`)
  return instant
}

interface Common {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly created?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

function metadataOf(name: string, { uid, resourceVersion, generation, created, deletionTimestamp, labels, annotations }: Common): ServerObject['metadata'] {
  return {
    name,
    namespace,
    uid: uid ?? `${name}-uid`,
    resourceVersion: resourceVersion ?? '1',
    generation: generation ?? 1,
    creationTimestamp: formatInstant(at(created ?? '2026-03-01T00:00Z')),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}

export function integration(given: Common & { readonly name?: string; readonly spec?: JsonObject } = {}): ServerObject {
  const spec = { container: { image: 'registry.example.com/export:1' }, ...given.spec }
  return { apiVersion, kind: 'Integration', metadata: metadataOf(given.name ?? 'export', given), spec }
}

export interface ScheduleGiven extends Common {
  readonly name?: string
  /** Over the smallest spec: `{ schedule: { recurrence: { cron: '0 * * * *' } } }`. */
  readonly spec?: JsonObject
  readonly status?: JsonObject
}

export function schedule(given: ScheduleGiven = {}): ServerObject {
  const spec = { integrationRef: { name: 'export' }, schedule: { recurrence: { cron: '0 * * * *' } }, ...given.spec }
  return {
    apiVersion,
    kind: 'ScheduledIntegration',
    metadata: metadataOf(given.name ?? 'nightly', given),
    spec,
    ...(given.status === undefined ? {} : { status: given.status }),
  }
}

/** Of members `structure` and `people`, which run the Integrations of these names. */
export function set(given: ScheduleGiven = {}): ServerObject {
  const members = ['structure', 'people'].map((name) => ({ name, integrationRef: { name } }))
  return { ...schedule(given), kind: 'IntegrationSet', spec: { members, ...given.spec } }
}

interface CronJobGiven extends Common {
  readonly expression: Expression
  readonly floor?: string
  readonly suspend?: boolean
  readonly lastScheduleTime?: string
  /** Over the cursor that the operator wrote. */
  readonly cursor?: Partial<Cursor>
}

/** The CronJob that the operator made of a schedule, in the version of the schedule that is given. */
export function cronJob(owner: ServerObject, template: ServerObject, given: CronJobGiven): ServerObject {
  const observed = observation({ schedule: owner, integration: template })
  const verdict = verdictOn(observed)
  if (verdict.kind === 'invalid') throw new Error(`cannot have a CronJob: ${JSON.stringify(verdict.problems)}`)
  const { suspend = false, expression, floor } = given
  const start = at(floor ?? owner.metadata.creationTimestamp)
  const cursor = { ...cursorNow(observed, verdict, { floor: start, suspend, expression, parkedAt: undefined }), ...given.cursor }
  const { name, uid } = owner.metadata
  const posted = newCronJob({ kind: 'ScheduledIntegration', namespace, name, uid }, verdict.workload, cursor)
  const metadata = { ...objectOf(posted.metadata), ...asJson(metadataOf(name, { uid: 'cj-uid', created: formatInstant(start), ...given })) }
  const status = given.lastScheduleTime === undefined ? {} : { status: { lastScheduleTime: formatInstant(at(given.lastScheduleTime)) } }
  return serverObject(withDefaults('cronjobs', { ...posted, metadata, spec: { ...objectOf(posted.spec), suspend }, ...status }))
}

/** Of the CronJob named, at this minute. */
export function job(owner: ServerObject, scheduledFor: string, given: Common & { readonly outcome?: 'Running' | 'Complete' | JsonObject } = {}): ServerObject {
  const match = at(scheduledFor)
  const name = `${owner.metadata.name}-${match / 60_000}`
  const started = formatInstant(match + 1_000)
  const ended = formatInstant(match + 10_000)
  const condition = given.outcome === 'Complete' ? { type: 'Complete', status: 'True', lastTransitionTime: ended } : given.outcome
  const status = typeof condition === 'object' ? { startTime: started, conditions: [condition], ...(condition.type === 'Complete' ? { completionTime: ended } : {}) } : { startTime: started, active: 1 }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...metadataOf(name, { created: formatInstant(match), ...given }),
      labels: owner.metadata.labels,
      annotations: { [scheduledTimestampAnnotation]: formatInstant(match), ...given.annotations },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: owner.metadata.name, uid: owner.metadata.uid, controller: true }],
    },
    spec: { suspend: false },
    status,
  }
}

export const lease: ServerObject = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: metadataOf('integration-scheduler-locks', {}),
  spec: {},
}

/** The namespace of all objects. Its UID is acme-uid, unless it is another one of that name. */
export function tenant(given: Common & { readonly activation?: string } = {}): ServerObject {
  const labels = given.activation === undefined ? {} : { [label.activation]: given.activation }
  return { ...acme, metadata: { ...acme.metadata, ...metadataOf(namespace, { uid: acme.metadata.uid, labels, ...given }), namespace: '' } }
}

/** What exists, and what was learned. */
export interface World {
  /** A ScheduledIntegration, or an IntegrationSet. */
  readonly schedule: ServerObject
  readonly integration?: ServerObject | undefined
  /** The set that the ScheduledIntegration names. */
  readonly set?: ServerObject | undefined
  /** Integrations of its members. */
  readonly members?: readonly ServerObject[]
  readonly cronJob?: ServerObject | undefined
  readonly jobs?: readonly ServerObject[]
  readonly lease?: ServerObject | undefined
  /** If it is not the usual one. */
  readonly tenant?: ServerObject | undefined
  readonly learned?: Learned
}

/** The same world after an uncached look for a Job. */
export function withLook(world: World, jobName: string, sawAt: string, object?: ServerObject): World {
  const evidence = { resource: 'jobs' as const, at: at(sawAt), object: object && projectedJob(object) }
  return { ...world, learned: { ...nothingLearned, evidence: new Map([[evidenceKey('jobs', namespace, jobName), evidence]]) } }
}

/** The same world after an uncached look at its namespace; without one, there is none. */
export function withNamespaceSeen(world: World, sawAt: string, object?: ServerObject): World {
  const evidence = { resource: 'namespaces' as const, at: at(sawAt), object: object && projectedNamespace(object) }
  return { ...world, learned: { ...nothingLearned, evidence: new Map([[evidenceKey('namespaces', namespace, namespace, world.schedule.metadata.uid), evidence]]) } }
}

/** All objects of a world with their resources. */
export function objectsOf(world: World): readonly (readonly [Resource, ServerObject])[] {
  const present = (resource: Resource, object: ServerObject | undefined) => (object === undefined ? [] : [[resource, object] as const])
  return [
    ...present(world.schedule.kind === 'IntegrationSet' ? 'integrationsets' : 'scheduledintegrations', world.schedule),
    ...present('integrations', world.integration),
    ...present('integrationsets', world.set),
    ...(world.members ?? []).map((one) => ['integrations', one] as const),
    ...present('cronjobs', world.cronJob),
    ...present('leases', world.lease),
    ...present('namespaces', world.tenant),
    ...(world.jobs ?? []).map((one) => ['jobs', one] as const),
  ]
}

/** What the controller would observe of it: decoded, with defaults. */
export function observation(world: World): ObservedSchedule {
  const memory = new MemoryStores()
  for (const [resource, object] of objectsOf(world)) memory.put(resource, object)
  const key = `${namespace}/${world.schedule.metadata.name}${world.schedule.kind === 'IntegrationSet' ? '/set' : ''}`
  const observed = memory.observe(key, world.learned ?? nothingLearned)
  if (observed === undefined) throw new Error('the schedule is not in the store')
  return observed
}

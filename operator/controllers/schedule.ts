import type { Clock } from '../kube/clock.ts'
import { objectKey } from '../kube/store.ts'
import { type Instant, parseInstant, second } from '../model/instant.ts'
import type { CronJob, Job, KubernetesObject } from '../model/kubernetes.ts'
import { locksLease } from '../model/names.ts'
import { accepted } from '../model/problem.ts'
import type { Learned } from '../plan/action.ts'
import type { ActivationMode } from '../plan/activation.ts'
import { cronJobName } from '../plan/cron-job.ts'
import type { ObservedSchedule } from '../plan/observed.ts'
import { type SchedulableKind, schedulableOf } from '../plan/schedulable.ts'
import { planSchedule } from '../plan/schedule.ts'
import { coalesced } from './coalesced.ts'
import { type Controller, wakeOn } from './controller.ts'
import { LockCollisions } from './lock-collisions.ts'
import type { Resource } from './resource.ts'
import { type Stores, scheduleKey, scheduleOf, setRunOf, targetKeys } from './stores.ts'
import { setsWith, templatesOf } from './templates.ts'

/** Key: scheduleKey of a ScheduledIntegration or an IntegrationSet. Writes its CronJob, its Jobs' marks, and its status. */
export function scheduleController(stores: Stores, clock: Clock, defaultActivation: ActivationMode): Controller<ObservedSchedule> {
  const { schedules, sets, integrations, cronJobs, jobs, leases, namespaces } = stores
  const collisions = new LockCollisions(stores, clock)
  return {
    name: 'schedule',
    reads: [],
    wakes: [
      wakeOn(schedules, (schedule) => [keyOf(schedule)]),
      wakeOn(sets, (set) => [keyOfSet(set)]),
      wakeOn(sets, (set) => schedules.by('set', keyOf(set)).map(keyOf), 'SpecChanged'),
      coalesced(wakeOn(schedules, (schedule) => targetKeys(schedule, 'IntegrationSet').map((key) => `${key}/set`), 'SpecChanged'), clock, second),
      wakeOn(integrations, (integration) => keysWith(stores, keyOf(integration)), 'SpecChanged'),
      wakeOn(cronJobs, (cronJob) => [...schedules.by('cronJob', keyOf(cronJob)).map(keyOf), ...sets.by('cronJob', keyOf(cronJob)).map(keyOfSet)]),
      wakeOn(jobs, (job) => scheduleOf(setRunOf(stores, job) ?? job)),
      // Only that it is there: what is written in it is for the gate, many times a minute.
      wakeOn(leases, ({ metadata }) => keysIn(stores, metadata.namespace), 'SpecChanged'),
      wakeOn(namespaces, ({ metadata }) => keysIn(stores, metadata.name), 'LabelsChanged'),
      collisions.wake,
    ],
    observe: (key, learned) => observedSchedule(stores, key, learned, { collisions, defaultActivation }),
    plan: planSchedule,
  }
}

export function keyOf({ metadata }: KubernetesObject): string {
  return objectKey(metadata.namespace, metadata.name)
}

function keyOfSet({ metadata }: KubernetesObject): string {
  return scheduleKey('IntegrationSet', metadata)
}

/** Everything that runs an Integration. */
function keysWith(stores: Stores, integration: string): readonly string[] {
  const sets = setsWith(stores, integration)
  return [
    ...stores.schedules.by('template', integration).map(keyOf),
    ...sets.map((set) => `${set}/set`),
    ...sets.flatMap((set) => stores.schedules.by('set', set)).map(keyOf),
  ]
}

/** All in a namespace. */
function keysIn({ schedules, sets }: Stores, namespace: string): readonly string[] {
  return [...schedules.by('namespace', namespace).map(keyOf), ...sets.by('namespace', namespace).map(keyOfSet)]
}

interface Surroundings {
  readonly collisions?: LockCollisions
  readonly defaultActivation: ActivationMode
}

/** What the stores know of the schedulable with this key. */
export function observedSchedule(stores: Stores, key: string, learned: Learned, { collisions, defaultActivation }: Surroundings): ObservedSchedule | undefined {
  const [namespace = '', name = '', isSet] = key.split('/')
  const kind = isSet === undefined ? 'ScheduledIntegration' : 'IntegrationSet'
  const found = kind === 'IntegrationSet' ? stores.sets.get(namespace, name) : stores.schedules.get(namespace, name)
  if (found === undefined) return undefined
  const { metadata, status, rawStatus } = found
  const spec = specOf(found)
  const cronJob = stores.cronJobs.get(namespace, cronJobName(kind, name))
  return {
    kind,
    metadata,
    spec,
    status,
    rawStatus,
    templates: spec.ok ? templatesOf(stores, namespace, spec.value.target) : { set: undefined, integrations: new Map() },
    ...(kind === 'IntegrationSet' ? { scheduledBy: stores.schedules.by('set', objectKey(namespace, name)).length } : {}),
    cronJob,
    jobs: jobsOf(stores, key, new Set([metadata.uid, ownUid(cronJob, metadata.uid)]), new Set(status?.runs?.map(({ jobUID }) => jobUID))),
    membersOf: ({ metadata: { uid } }) => stores.jobs.by('owner', uid),
    collision: collisions?.of(key),
    locksLease: stores.leases.get(namespace, locksLease),
    namespace: stores.namespaces.get('', namespace),
    defaultActivation,
    hasControllerFired: (since) => hasFired(stores.cronJobs.list(), since),
    learned,
  }
}

function specOf({ object }: Resource<SchedulableKind>): ObservedSchedule['spec'] {
  return object.ok ? accepted(schedulableOf(object.value)) : object
}

function hasFired(cronJobs: Iterable<CronJob>, since: Instant): boolean {
  for (const { status } of cronJobs) if ((parseInstant(status?.lastScheduleTime) ?? -Infinity) >= since) return true
  return false
}

/** The UID of the CronJob, if it belongs to this very schedulable: one of that name may be left of one that was deleted. */
function ownUid(cronJob: CronJob | undefined, schedulable: string): string | undefined {
  return cronJob?.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === schedulable) === true ? cronJob.metadata.uid : undefined
}

/** Jobs whose controller is the CronJob, or the schedulable itself (late runs), and those that were: a CronJob deleted by hand leaves its Jobs without one. */
function jobsOf({ jobs }: Stores, key: string, owners: ReadonlySet<string | undefined>, recorded: ReadonlySet<string | undefined>): readonly Job[] {
  return jobs.by('schedule', key).filter(
    ({ metadata }) => recorded.has(metadata.uid) || metadata.ownerReferences?.some(({ uid, controller }) => controller === true && owners.has(uid)) === true,
  )
}

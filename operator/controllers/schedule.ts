import { type Store, objectKey } from '../kube/store.ts'
import { type Instant, parseInstant } from '../model/instant.ts'
import type { CronJob, Job, KubernetesObject } from '../model/kubernetes.ts'
import { locksLease } from '../model/names.ts'
import type { Checked } from '../model/problem.ts'
import { cronJobName } from '../plan/cron-job.ts'
import type { ObservedSchedule } from '../plan/observed.ts'
import type { Learned } from '../plan/action.ts'
import { planSchedule } from '../plan/schedule.ts'
import { type Controller, wakeOn } from './controller.ts'
import type { Resource } from './resource.ts'
import { type Stores, scheduleOf } from './stores.ts'

/** Key: `namespace/name` of a ScheduledIntegration. Writes its CronJob, its Jobs' marks, and its status. */
export function scheduleController(stores: Stores): Controller<ObservedSchedule> {
  const { schedules, integrations, cronJobs, jobs, leases } = stores
  return {
    name: 'schedule',
    reads: [],
    wakes: [
      wakeOn(schedules, (schedule) => [keyOf(schedule)]),
      wakeOn(integrations, (integration) => schedules.by('template', keyOf(integration)).map(keyOf), 'SpecChanged'),
      wakeOn(cronJobs, (cronJob) => schedules.by('cronJob', keyOf(cronJob)).map(keyOf)),
      wakeOn(jobs, (job) => scheduleOf(job)),
      wakeOn(leases, (lease) => schedules.by('namespace', lease.metadata.namespace).map(keyOf)),
    ],
    observe: (key, learned) => observedSchedule(stores, key, learned),
    plan: planSchedule,
  }
}

export function keyOf({ metadata }: KubernetesObject): string {
  return objectKey(metadata.namespace, metadata.name)
}

function observedSchedule(stores: Stores, key: string, learned: Learned): ObservedSchedule | undefined {
  const [namespace = '', name = ''] = key.split('/')
  const schedule = stores.schedules.get(namespace, name)
  if (schedule === undefined) return undefined
  const { metadata, object, status, rawStatus } = schedule
  const cronJob = stores.cronJobs.get(namespace, cronJobName('ScheduledIntegration', name))
  return {
    metadata,
    spec: specOf(object),
    status,
    rawStatus,
    template: templateOf(stores.integrations, schedule),
    cronJob,
    jobs: jobsOf(stores, key, new Set([metadata.uid, ownUid(cronJob, metadata.uid)]), new Set(status?.runs?.map(({ jobUID }) => jobUID))),
    locksLease: stores.leases.get(namespace, locksLease),
    hasControllerFired: (since) => hasFired(stores.cronJobs.list(), since),
    learned,
  }
}

function specOf<Spec>(object: Checked<{ readonly spec: Spec }>): Checked<Spec> {
  return object.ok ? { ok: true, value: object.value.spec } : object
}

function templateOf(integrations: Store<Resource<'Integration'>>, { metadata, object }: Resource<'ScheduledIntegration'>): ObservedSchedule['template'] {
  if (!object.ok || object.value.spec.integrationRef.kind !== 'Integration') return undefined
  const found = integrations.get(metadata.namespace, object.value.spec.integrationRef.name)
  return found === undefined || found.metadata.deletionTimestamp !== undefined ? undefined : found
}

function hasFired(cronJobs: Iterable<CronJob>, since: Instant): boolean {
  for (const { status } of cronJobs) if ((parseInstant(status?.lastScheduleTime) ?? -Infinity) >= since) return true
  return false
}

/** The UID of the CronJob, if it belongs to this very schedule: one of that name may be left of a schedule that was deleted. */
function ownUid(cronJob: CronJob | undefined, schedule: string): string | undefined {
  return cronJob?.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === schedule) === true ? cronJob.metadata.uid : undefined
}

/** Jobs whose controller is the CronJob, or the schedule itself (late runs), and those that were: a CronJob deleted by hand leaves its Jobs without one. */
function jobsOf({ jobs }: Stores, key: string, owners: ReadonlySet<string | undefined>, recorded: ReadonlySet<string | undefined>): readonly Job[] {
  return jobs.by('schedule', key).filter(
    ({ metadata }) => recorded.has(metadata.uid) || metadata.ownerReferences?.some(({ uid, controller }) => controller === true && owners.has(uid)) === true,
  )
}

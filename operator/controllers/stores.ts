import type { ApiClient } from '../kube/api-client.ts'
import { failureFields } from '../kube/api-failure.ts'
import type { Clock } from '../kube/clock.ts'
import { type InformerOptions, startInformer } from '../kube/informer.ts'
import type { Logger } from '../kube/logger.ts'
import { Sharing } from '../kube/sharing.ts'
import { projectedCronJob, projectedJob, projectedLease } from '../kube/projections.ts'
import { LiveStore, type Store, objectKey } from '../kube/store.ts'
import type { CronJob, Job, KubernetesObject, Lease } from '../model/kubernetes.ts'
import { label, locksLease, manager } from '../model/names.ts'
import { cronJobName } from '../plan/cron-job.ts'
import { type Resource, projectedResource } from './resource.ts'

/** Everything that the operator watches. */
export interface Stores {
  /** Indexes: template (`namespace/name` of its Integration), cronJob (`namespace/name` of its CronJob), namespace. */
  readonly schedules: Store<Resource<'ScheduledIntegration'>, 'template' | 'cronJob' | 'namespace'>
  readonly integrations: Store<Resource<'Integration'>>
  readonly sets: Store<Resource<'IntegrationSet'>>
  readonly runs: Store<Resource<'IntegrationRun'>>
  /** All CronJobs, also those of others: one of them can hold a name that we need. */
  readonly cronJobs: Store<CronJob>
  /** Jobs with our label. Index: schedule (`namespace/name`, by their label). */
  readonly jobs: Store<Job, 'schedule'>
  /** The lock table of each namespace. */
  readonly leases: Store<Lease>
}

interface StoresOptions {
  readonly client: ApiClient
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
}

/** Starts to watch. `stop` resolves when no store changes any more. */
export function startStores(options: StoresOptions): { readonly stores: Stores; stop(): Promise<void> } {
  const reportError = (error: unknown) => options.log.error(failureFields(error), 'a handler of a store threw')
  const make = <T extends KubernetesObject, Index extends string = never>(indexes: Readonly<Record<Index, (object: T) => readonly string[]>>) =>
    new LiveStore<T, Index>({ indexes, reportError })
  const stores = {
    schedules: make<Resource<'ScheduledIntegration'>, 'template' | 'cronJob' | 'namespace'>(scheduleIndexes),
    integrations: make<Resource<'Integration'>>({}),
    sets: make<Resource<'IntegrationSet'>>({}),
    runs: make<Resource<'IntegrationRun'>>({}),
    cronJobs: make<CronJob>({}),
    jobs: make<Job, 'schedule'>({ schedule: (job) => scheduleOf(job) }),
    leases: make<Lease>({}),
  }
  const watch = <T extends KubernetesObject>(own: Pick<InformerOptions<T>, 'resource' | 'project' | 'writer' | 'selector'>) =>
    startInformer<T>({ ...options, namespaces: undefined, ...own })
  // Of our own objects most is theirs alone; CronJobs and Jobs are made of what their neighbours are made of.
  const sharing = new Sharing()
  const shared = <T>(project: (object: KubernetesObject) => T) => (object: KubernetesObject) => sharing.share(project(object))
  const informers = [
    watch({ resource: 'scheduledintegrations', project: projectedResource('ScheduledIntegration'), writer: stores.schedules }),
    watch({ resource: 'integrations', project: projectedResource('Integration'), writer: stores.integrations }),
    watch({ resource: 'integrationsets', project: projectedResource('IntegrationSet'), writer: stores.sets }),
    watch({ resource: 'integrationruns', project: projectedResource('IntegrationRun'), writer: stores.runs }),
    watch({ resource: 'cronjobs', project: shared(projectedCronJob), writer: stores.cronJobs }),
    watch({ resource: 'jobs', project: shared(projectedJob), writer: stores.jobs, selector: { labelSelector: `${label.managedBy}=${manager}` } }),
    watch({ resource: 'leases', project: projectedLease, writer: stores.leases, selector: { fieldSelector: `metadata.name=${locksLease}` } }),
  ]
  return { stores, stop: async () => void (await Promise.all(informers.map((informer) => informer.stop()))) }
}

const scheduleIndexes = {
  template: (schedule: Resource<'ScheduledIntegration'>) => [templateKey(schedule)].flatMap((key) => key ?? []),
  cronJob: ({ metadata }: KubernetesObject) => [objectKey(metadata.namespace, cronJobName('ScheduledIntegration', metadata.name))],
  namespace: ({ metadata }: KubernetesObject) => [metadata.namespace],
}

/** `namespace/name` of the Integration that a schedule names. */
export function templateKey({ metadata, object }: Resource<'ScheduledIntegration'>): string | undefined {
  if (!object.ok || object.value.spec.integrationRef.kind !== 'Integration') return undefined
  return objectKey(metadata.namespace, object.value.spec.integrationRef.name)
}

/** `namespace/name` of the schedule that a Job says it belongs to. */
export function scheduleOf({ metadata }: Job): readonly string[] {
  const name = metadata.labels?.[label.schedule]
  return name === undefined ? [] : [objectKey(metadata.namespace, name)]
}

import type { ApiClient } from '../kube/api-client.ts'
import { failureFields } from '../kube/api-failure.ts'
import type { Clock } from '../kube/clock.ts'
import { type InformerOptions, startInformer } from '../kube/informer.ts'
import type { Logger } from '../kube/logger.ts'
import { Sharing } from '../kube/sharing.ts'
import { projectedCronJob, projectedJob, projectedLease, projectedNamespace } from '../kube/projections.ts'
import { LiveStore, type Store, objectKey } from '../kube/store.ts'
import type { CronJob, Job, KubernetesObject, Lease, Namespace } from '../model/kubernetes.ts'
import { label, locksLease, manager } from '../model/names.ts'
import { replacedOf } from '../model/run-terms.ts'
import { cronJobName } from '../plan/cron-job.ts'
import { finalCondition, isGated } from '../plan/run-record.ts'
import { type Resource, projectedResource } from './resource.ts'

/** Everything that the operator watches. */
export interface Stores {
  /** Indexes: template (`namespace/name` of its Integration), set (of its IntegrationSet), cronJob (of its CronJob), namespace. */
  readonly schedules: Store<Resource<'ScheduledIntegration'>, keyof typeof scheduleIndexes>
  /** Index: namespace. */
  readonly integrations: Store<Resource<'Integration'>, keyof typeof integrationIndexes>
  /** Indexes: template (`namespace/name` of the Integrations of its members), cronJob (of the CronJob of its own schedule), namespace. */
  readonly sets: Store<Resource<'IntegrationSet'>, keyof typeof setIndexes>
  /** Index: namespace. */
  readonly runs: Store<Resource<'IntegrationRun'>, keyof typeof runIndexes>
  /** All CronJobs, also those of others: one of them can hold a name that we need. */
  readonly cronJobs: Store<CronJob>
  /** Jobs with our label. Indexes: schedule (scheduleKey, by their labels), owner (UID of their controller), namespace, gate (isAtGate, by namespace). */
  readonly jobs: Store<Job, keyof typeof jobIndexes>
  /** The lock table of each namespace. */
  readonly leases: Store<Lease>
  /** Each is in the namespace ''. */
  readonly namespaces: Store<Namespace>
  /** Indexes: source (the namespace that it asks to copy), namespace. */
  readonly clones: Store<Resource<'TenantClone'>, keyof typeof cloneIndexes>
  /** Index: namespace. */
  readonly grants: Store<Resource<'CloneGrant'>, keyof typeof grantIndexes>
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
    schedules: make<Resource<'ScheduledIntegration'>, keyof typeof scheduleIndexes>(scheduleIndexes),
    integrations: make<Resource<'Integration'>, keyof typeof integrationIndexes>(integrationIndexes),
    sets: make<Resource<'IntegrationSet'>, keyof typeof setIndexes>(setIndexes),
    runs: make<Resource<'IntegrationRun'>, keyof typeof runIndexes>(runIndexes),
    cronJobs: make<CronJob>({}),
    jobs: make<Job, keyof typeof jobIndexes>(jobIndexes),
    leases: make<Lease>({}),
    namespaces: make<Namespace>({}),
    clones: make<Resource<'TenantClone'>, keyof typeof cloneIndexes>(cloneIndexes),
    grants: make<Resource<'CloneGrant'>, keyof typeof grantIndexes>(grantIndexes),
  }
  const sharing = new Sharing()
  const watch = <T extends KubernetesObject>(own: Pick<InformerOptions<T>, 'resource' | 'project' | 'writer' | 'selector'>) =>
    startInformer<T>({ ...options, namespaces: undefined, ...own, project: (object) => sharing.share(own.project(object)) })
  const informers = [
    watch({ resource: 'scheduledintegrations', project: projectedResource('ScheduledIntegration'), writer: stores.schedules }),
    watch({ resource: 'integrations', project: projectedResource('Integration'), writer: stores.integrations }),
    watch({ resource: 'integrationsets', project: projectedResource('IntegrationSet'), writer: stores.sets }),
    watch({ resource: 'integrationruns', project: projectedResource('IntegrationRun'), writer: stores.runs }),
    watch({ resource: 'cronjobs', project: projectedCronJob, writer: stores.cronJobs }),
    watch({ resource: 'jobs', project: projectedJob, writer: stores.jobs, selector: { labelSelector: `${label.managedBy}=${manager}` } }),
    watch({ resource: 'leases', project: projectedLease, writer: stores.leases, selector: { fieldSelector: `metadata.name=${locksLease}` } }),
    watch({ resource: 'namespaces', project: projectedNamespace, writer: stores.namespaces }),
    watch({ resource: 'tenantclones', project: projectedResource('TenantClone'), writer: stores.clones }),
    watch({ resource: 'clonegrants', project: projectedResource('CloneGrant'), writer: stores.grants }),
  ]
  return { stores, stop: async () => void (await Promise.all(informers.map((informer) => informer.stop()))) }
}

const namespace = ({ metadata }: KubernetesObject) => [metadata.namespace]

export const scheduleIndexes = {
  template: (schedule: Resource<'ScheduledIntegration'>) => targetKeys(schedule, 'Integration'),
  set: (schedule: Resource<'ScheduledIntegration'>) => targetKeys(schedule, 'IntegrationSet'),
  cronJob: ({ metadata }: KubernetesObject) => [objectKey(metadata.namespace, cronJobName('ScheduledIntegration', metadata.name))],
  namespace,
}

export const setIndexes = {
  template: (set: Resource<'IntegrationSet'>) => memberKeys(set),
  cronJob: ({ metadata }: KubernetesObject) => [objectKey(metadata.namespace, cronJobName('IntegrationSet', metadata.name))],
  namespace,
}

export const integrationIndexes = { namespace }

export const runIndexes = { namespace }

export const cloneIndexes = { source: ({ object }: Resource<'TenantClone'>) => (object.ok ? [object.value.spec.source.namespace] : []), namespace }

export const grantIndexes = { namespace }

export const jobIndexes = {
  schedule: (job: Job) => scheduleOf(job),
  owner: ({ metadata }: Job) => (metadata.ownerReferences ?? []).flatMap(({ uid, controller }) => (controller === true ? [uid] : [])),
  namespace,
  /** The namespace of those that the gate has to do with. */
  gate: (job: Job) => (isAtGate(job) ? [job.metadata.namespace] : []),
}

/** Whether it has not ended, and passes the gate or was told that another run takes its place. */
export function isAtGate(job: Job): boolean {
  return finalCondition(job) === undefined && (isGated(job) || replacedOf(job) !== undefined)
}

/** `namespace/name` of the Integration, or of the IntegrationSet, that a schedule names. */
export function targetKeys({ metadata, object }: Resource<'ScheduledIntegration'>, kind: 'Integration' | 'IntegrationSet'): readonly string[] {
  if (!object.ok || object.value.spec.integrationRef.kind !== kind) return []
  return [objectKey(metadata.namespace, object.value.spec.integrationRef.name)]
}

/** `namespace/name` of each Integration that is a member of a set. */
export function memberKeys({ metadata, object }: Resource<'IntegrationSet'>): readonly string[] {
  if (!object.ok) return []
  return [...new Set(object.value.spec.members.map(({ integrationRef }) => objectKey(metadata.namespace, integrationRef.name)))]
}

/** By what the controller of schedules knows a schedulable: `namespace/name`, and `namespace/name/set` for a set. */
export function scheduleKey(kind: 'ScheduledIntegration' | 'IntegrationSet', { namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return kind === 'IntegrationSet' ? `${objectKey(namespace, name)}/set` : objectKey(namespace, name)
}

/** The run of a set that a Job is a member of, if it is there. */
export function setRunOf({ jobs }: Pick<Stores, 'jobs'>, { metadata }: Job): Job | undefined {
  const owner = metadata.ownerReferences?.find(({ kind, controller }) => kind === 'Job' && controller === true)
  return owner === undefined ? undefined : jobs.get(metadata.namespace, owner.name)
}

/** The scheduleKey of the schedulable that a Job says it is a run of. Members of a set belong to the run of the set instead. */
export function scheduleOf({ metadata }: Job): readonly string[] {
  const { [label.schedule]: schedule, [label.set]: set, [label.member]: member } = metadata.labels ?? {}
  if (member !== undefined) return []
  if (schedule !== undefined) return [scheduleKey('ScheduledIntegration', { ...metadata, name: schedule })]
  return set === undefined ? [] : [scheduleKey('IntegrationSet', { ...metadata, name: set })]
}

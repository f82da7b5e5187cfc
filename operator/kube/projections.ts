import type { CronJob, Job, JobCondition, KubernetesObject, Lease, Namespace, ObjectMeta } from '../model/kubernetes.ts'
import { annotation, label } from '../model/names.ts'

/** What we keep of Kubernetes' own objects: what decisions read, nothing else. Undefined: not an object of that kind. */
export function projectedCronJob(object: KubernetesObject): CronJob | undefined {
  if (!isCronJob(object)) return undefined
  const { spec, status } = object
  return { metadata: projectedMeta(object.metadata), spec, ...(status !== undefined && { status: { lastScheduleTime: status.lastScheduleTime } }) }
}

export function projectedJob(object: KubernetesObject): Job | undefined {
  if (!isJob(object)) return undefined
  const { suspend, managedBy, activeDeadlineSeconds } = object.spec
  const { startTime, completionTime, active, ready, succeeded, failed, conditions } = object.status ?? {}
  const metadata = projectedMeta(object.metadata)
  return {
    metadata: isFinished(conditions) ? withoutMembers(metadata) : metadata,
    spec: { suspend, managedBy, activeDeadlineSeconds },
    status: { startTime, completionTime, active, ready, succeeded, failed, conditions },
  }
}

function isFinished(conditions: readonly JobCondition[] = []): boolean {
  return conditions.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')
}

/** The copy of a set, up to 200 kB, is of no use once its run is over: dozens of them would be kept in memory. */
function withoutMembers(metadata: ObjectMeta): ObjectMeta {
  if (metadata.annotations?.[annotation.members] === undefined) return metadata
  const { [annotation.members]: _copy, ...annotations } = metadata.annotations
  return { ...metadata, annotations }
}

export function projectedLease(object: KubernetesObject): Lease {
  return { metadata: projectedMeta(object.metadata) }
}

/** There can be thousands, each with annotations of its own. */
export function projectedNamespace({ metadata }: KubernetesObject): Namespace {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp } = metadata
  const activation = metadata.labels?.[label.activation]
  return { metadata: { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels: activation === undefined ? undefined : { [label.activation]: activation } } }
}

function projectedMeta(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = metadata
  const { labels, annotations, ownerReferences, finalizers } = metadata
  return { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, labels, annotations, ownerReferences, finalizers }
}

function isCronJob(object: KubernetesObject): object is CronJob {
  return hasSpec(object) && 'schedule' in object.spec && typeof object.spec.schedule === 'string'
}

function isJob(object: KubernetesObject): object is Job {
  return hasSpec(object)
}

/** The API server checks the rest of its own kinds; that there is a spec tells them from a stranger. */
function hasSpec(object: KubernetesObject): object is KubernetesObject & { readonly spec: object } {
  return 'spec' in object && typeof object.spec === 'object' && object.spec !== null
}

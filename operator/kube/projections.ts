import type { CronJob, Job, KubernetesObject, Lease, ObjectMeta } from '../model/kubernetes.ts'

/** What we keep of Kubernetes' own objects: what decisions read, nothing else. Undefined: not an object of that kind. */
export function projectedCronJob(object: KubernetesObject): CronJob | undefined {
  if (!isCronJob(object)) return undefined
  const { spec, status } = object
  return { metadata: projectedMeta(object.metadata), spec, ...(status !== undefined && { status: { lastScheduleTime: status.lastScheduleTime } }) }
}

export function projectedJob(object: KubernetesObject): Job | undefined {
  if (!isJob(object)) return undefined
  const { startTime, completionTime, active, conditions } = object.status ?? {}
  return {
    metadata: projectedMeta(object.metadata),
    spec: { suspend: object.spec.suspend },
    status: { startTime, completionTime, active, conditions },
  }
}

export function projectedLease(object: KubernetesObject): Lease {
  return { metadata: projectedMeta(object.metadata) }
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

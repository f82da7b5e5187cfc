import type { JsonObject, ObjectMeta } from '../../model/kubernetes.ts'
import { api, decoded } from './api.ts'
import type { Tenant } from './tenant.ts'

interface JobTemplate {
  readonly metadata?: Pick<ObjectMeta, 'labels' | 'annotations'>
  readonly spec: JsonObject & { readonly template: JsonObject & { readonly metadata?: JsonObject } }
}

/**
 * A Job of a CronJob made by hand, as `kubectl create job NAME --from=cronjob/x` makes it. `pod`: metadata of its pods besides what the
 * template says, for the played node.
 */
export async function instantiate(tenant: Tenant, cronJob: string, name: string, pod: JsonObject = {}): Promise<void> {
  const { metadata: owner, spec: { jobTemplate } } = await tenant.untilCronJob(cronJob)
  const { metadata: { labels = {}, annotations = {} } = {}, spec } = decoded<JobTemplate>(jobTemplate)
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'CronJob', name: cronJob, uid: owner.uid, controller: true }]
  await api.create(tenant.path('jobs'), {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels, annotations: { ...annotations, 'cronjob.kubernetes.io/instantiate': 'manual' }, ownerReferences },
    spec: { ...spec, template: { ...spec.template, metadata: merged(spec.template.metadata ?? {}, pod) } },
  })
}

function merged({ annotations, ...rest }: JsonObject, pod: JsonObject): JsonObject {
  return { ...rest, annotations: { ...decoded<JsonObject | undefined>(annotations), ...pod } }
}

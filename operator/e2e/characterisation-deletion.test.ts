import { describe, expect } from 'vitest'
import type { JsonObject, KubernetesObject } from '../model/kubernetes.ts'
import { api, decoded, pathOf } from './harness/api.ts'
import { controlledBy, createCronJob, createJob } from './harness/raw.ts'
import { type Tenant, sleep, test } from './harness/tenant.ts'

// What becomes of Jobs in progress when the owner of their CronJob is deleted, without the operator (design/runs.md, Deletion).

interface Care {
  /** Of the CronJob: `orphan` is one of Kubernetes' own garbage collector. */
  readonly finalizers?: readonly string[]
  /** Of the Job, beside its controller. */
  readonly owners?: readonly JsonObject[]
}

/** A ConfigMap, in place of a schedule, owns a CronJob, which controls a Job; all of one name. */
async function family(tenant: Tenant, name: string, { finalizers = [], owners = [] }: Care): Promise<void> {
  const { uid: owner } = await created(tenant, 'configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
  const uid = await createCronJob(tenant, name, { schedule: '* * * * *', suspend: true })
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid: owner, controller: true }]
  await tenant.change('cronjobs', name, { metadata: { finalizers, ownerReferences } })
  await createJob(tenant, name, { ownerReferences: [controlledBy(name, uid), ...owners] })
}

async function created(tenant: Tenant, resource: 'configmaps' | 'leases', object: JsonObject): Promise<KubernetesObject['metadata']> {
  return decoded<KubernetesObject>(await api.create(pathOf(resource, tenant.namespace), object)).metadata
}

async function leaseOwner(tenant: Tenant): Promise<JsonObject> {
  const { name, uid } = await created(tenant, 'leases', { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'keeper' } })
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name, uid }
}

const orphan: Care = { finalizers: ['orphan'] }

describe('when what owns a CronJob is deleted', () => {
  test.for<[policy: 'Background' | 'Foreground', when: string, care: Care]>([
    ['Background', 'nothing else is said', {}],
    ['Foreground', 'the CronJob has the finalizer orphan', orphan],
  ])('in the %s and %s, its Job goes with it', async ([policy, _when, care], { tenant }) => {
    await family(tenant, 'a', care)
    await api.remove(pathOf('configmaps', tenant.namespace, 'a'), policy)
    await tenant.untilGone('cronjobs', 'a')
    await tenant.untilGone('jobs', 'a')
  })

  test.for<[policy: 'Background' | 'Foreground', when: string, isHeld: boolean]>([
    ['Background', 'the CronJob has the finalizer orphan', false],
    ['Foreground', 'the Job has a Lease as second owner too', true],
  ])('in the %s and %s, its Job stays', async ([policy, _when, isHeld], { tenant }) => {
    const owners = isHeld ? [await leaseOwner(tenant)] : []
    await family(tenant, 'a', { ...orphan, owners })
    await api.remove(pathOf('configmaps', tenant.namespace, 'a'), policy)
    await tenant.untilGone('cronjobs', 'a')
    await sleep(10_000)
    const { metadata } = tenant.current('jobs', 'a')
    expect(metadata.deletionTimestamp).toBeUndefined()
    expect(metadata.ownerReferences ?? []).toEqual(owners)
  })
})

import { describe, expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { integration, integrationRun, integrationSet, ofSet, onceAYear, scheduled } from './harness/manifests.ts'
import { createByHand, untilEnded, untilEvent, untilRecord, written } from './harness/runs.ts'
import { type Tenant, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'

// A run whose pod does not come up says why within about a minute (design/runs.md section 2): what a played node can show. The rest
// is told in node/.

const running = 'Running'

/** On a machine that is busy, what Kubernetes has to say of a pod comes after the first look; the next ones come a minute, two and four later. */
const patiently = 9 * minutes

/** Resolves with what the status of an IntegrationRun tells of its run, once it says that this is why it hangs. */
async function untilStuck(tenant: Tenant, run: string, reason: string): Promise<string> {
  const { status } = await tenant.until('integrationruns', run, (object) => object.status?.outcome === running && object.status.reason === reason, patiently)
  return status?.message ?? ''
}

const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'pods' }, spec: { hard: { pods: '0' } } } as const

async function untilQuotaCounts(tenant: Tenant): Promise<void> {
  await tenant.apply(quota)
  await tenant.kubectl('wait', '--for=jsonpath={.status.hard.pods}=0', 'resourcequota/pods', '--timeout=60s')
}

describe('a run whose pod does not come up', () => {
  test.for<[string, JsonObject, string, string]>([
    ['is refused by Pod Security', { container: { image: 'registry.example.com/integration:1', securityContext: { allowPrivilegeEscalation: true } } }, 'PodSecurityRefused', 'allowPrivilegeEscalation'],
    ['has a ServiceAccount that does not exist', { pod: { serviceAccountName: 'nobody' } }, 'ServiceAccountNotFound', '"nobody"'],
    ['fits on no node', { pod: { nodeSelector: { 'example.com/gpu': 'many' } } }, 'Unschedulable', 'node'],
    ['needs a claim that does not exist', { pod: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'lost' } }] } }, 'VolumeNotFound', '"lost"'],
  ])('because it %s, says so', async ([_why, spec, reason, words], { tenant }) => {
    await tenant.create(integration('export', spec), scheduled('a', onceAYear), integrationRun('now', { integrationRef: { name: 'export' } }))
    await tenant.untilReady('a')
    await createByHand(tenant, 'by-hand', 'a')
    expect(await untilStuck(tenant, 'now', reason)).toContain(words)
    const record = await untilRecord(tenant, 'a', 'by-hand', (run) => run.reason === reason)
    expect(record).toMatchObject({ outcome: running, message: expect.stringContaining(words) })
    const { status, ...job } = tenant.current('jobs', 'by-hand')
    const since = Date.parse(written(job, 'stuck')?.['since'] ?? '')
    expect(since - Date.parse(status?.startTime ?? job.metadata.creationTimestamp), 'it had the time to come up').toBeGreaterThanOrEqual(60_000)
    expect(await untilEvent(tenant, 'RunStuck', ({ involvedObject, message }) => involvedObject.name === 'a' && message.includes(words))).toMatchObject({ type: 'Warning', involvedObject: { kind: 'ScheduledIntegration' } })
  })

  test('because a quota is used up says so, and runs when there is room', async ({ tenant }) => {
    await untilQuotaCounts(tenant)
    await tenant.create(integration('export'), integrationRun('now', { integrationRef: { name: 'export' } }))
    expect(await untilStuck(tenant, 'now', 'QuotaExceeded')).toContain('pods=0')
    await tenant.kubectl('delete', 'resourcequota', 'pods')
    // kube-controller-manager tries again at growing distances.
    const { outcome, reason } = await untilEnded(tenant, 'now')
    expect({ outcome, reason }).toEqual({ outcome: 'Succeeded', reason: undefined })
  })

  test('as a member of a set is told as the reason of that member, until it comes up', async ({ tenant }) => {
    await tenant.create(integration('structure'), integration('people', { pod: { serviceAccountName: 'nobody' } }), integrationSet('nightly', ['structure', 'people']))
    await tenant.create(integrationRun('now', ofSet('nightly')))
    const { status } = await tenant.until('integrationruns', 'now', (object) => object.status?.members?.some(({ reason }) => reason === 'ServiceAccountNotFound') === true, patiently)
    expect(status?.members).toMatchObject([{ name: 'structure', outcome: 'Succeeded' }, { name: 'people', outcome: running, message: expect.stringContaining('"nobody"') }])
    await tenant.kubectl('create', 'serviceaccount', 'nobody')
    expect(await untilEnded(tenant, 'now')).toMatchObject({ outcome: 'Succeeded' })
  })
})

test('a run that waits at the gate does not hang, however long', async ({ tenant }) => {
  const locks = [{ name: 'files/out.csv' }]
  await untilQuotaCounts(tenant)
  await tenant.create(integration('export', { locks }), integrationRun('holder', { integrationRef: { name: 'export' } }))
  await tenant.until('integrationruns', 'holder', ({ status }) => status?.outcome === running)
  await tenant.create(integrationRun('waiting', { integrationRef: { name: 'export' } }))
  await untilStuck(tenant, 'holder', 'QuotaExceeded')
  const { status } = await tenant.until('integrationruns', 'waiting', (object) => object.status?.outcome === 'Waiting')
  expect(status).toMatchObject({ reason: 'WaitingForLock' })
  expect(written(tenant.current('jobs', status?.jobName ?? ''), 'stuck')).toBeUndefined()
  await tenant.kubectl('delete', 'resourcequota', 'pods')
  const ended = await Promise.all(['holder', 'waiting'].map((run) => untilEnded(tenant, run)))
  expect(ended.map(({ outcome }) => outcome)).toEqual(['Succeeded', 'Succeeded'])
})

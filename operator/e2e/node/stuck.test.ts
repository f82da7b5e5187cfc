import { rm } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import type { JsonObject } from '../../model/kubernetes.ts'
import { onClaim, withClaim } from '../harness/claim.ts'
import { everyMinute, integration, integrationRun, integrationSet, scheduled } from '../harness/manifests.ts'
import { isComplete, script } from '../harness/real.ts'
import { untilEnded, untilEvent } from '../harness/runs.ts'
import { type Tenant, test } from '../harness/tenant.ts'
import { minutes } from '../harness/watched.ts'

// A run whose pod does not come up says why within about a minute (docs/runs.md).

interface Hanging {
  readonly integration: JsonObject
  readonly run?: JsonObject
  readonly reason: string
  readonly says: string
}

const harmless = script('true')
const token = (secret: string, key: string): JsonObject => ({ parameters: [{ name: 'token', sensitive: true, default: { valueFrom: { secretKeyRef: { name: secret, key } } } }], container: harmless })
const file = (from: JsonObject): Pick<Hanging, 'integration' | 'run'> => ({ integration: { files: [{ name: 'input' }], container: harmless }, run: { files: [{ name: 'input', from }] } })

const hanging: Readonly<Record<string, Hanging>> = {
  'a Secret that is not there': { integration: token('absent', 'token'), reason: 'MissingSecret', says: 'there is no Secret "absent"' },
  'a key that its Secret lacks': { integration: token('present', 'absent'), reason: 'MissingKey', says: 'there is no key "absent" in Secret "present"' },
  'a file of a ConfigMap that is not there': { ...file({ configMapKeyRef: { name: 'absent', key: 'a.csv' } }), reason: 'MissingConfigMap', says: 'there is no ConfigMap "absent"' },
  'a file that its ConfigMap lacks': { ...file({ configMapKeyRef: { name: 'public', key: 'absent.csv' } }), reason: 'MissingKey', says: 'there is no key "absent.csv"' },
  'a file of a claim that is not there': { ...file({ persistentVolumeClaim: { claimName: 'absent', path: 'a.csv' } }), reason: 'VolumeNotFound', says: 'there is no PersistentVolumeClaim "absent"' },
  'an image that is not on the node and may not be fetched': { integration: { container: { ...harmless, image: 'localhost/absent:1' } }, reason: 'ImagePullBackOff', says: 'localhost/absent:1' },
  'an image that no registry has': { integration: { container: { ...harmless, image: 'registry.example.com/absent:1', imagePullPolicy: 'Always' } }, reason: 'ImagePullBackOff', says: 'registry.example.com/absent:1' },
  'an image that runs as root': { integration: { container: { ...harmless, securityContext: {} } }, reason: 'RunsAsRoot', says: 'runAsUser' },
  'a pod that Pod Security refuses': { integration: { container: { ...harmless, securityContext: { runAsUser: 65_532, allowPrivilegeEscalation: true } } }, reason: 'PodSecurityRefused', says: 'allowPrivilegeEscalation' },
  'no node that fits': { integration: { container: harmless, pod: { nodeSelector: { 'example.com/none': 'such' } } }, reason: 'Unschedulable', says: 'no node can take its pod' },
  'a ServiceAccount that is not there': { integration: { container: harmless, pod: { serviceAccountName: 'absent' } }, reason: 'ServiceAccountNotFound', says: 'absent' },
  'an image whose name is none': { integration: { container: { ...harmless, image: 'registry.example.com/UPPER:1' } }, reason: 'InvalidImageName', says: 'UPPER' },
}

/** On a machine that is busy, what kubelet has to say of a pod comes after the first look; the next ones come a minute, two and four later. */
const patiently = 9 * minutes

async function untilTold(tenant: Tenant, run: string, reason: string): Promise<string> {
  const { status } = await tenant.until('integrationruns', run, (object) => object.status?.outcome === 'Running' && object.status.reason === reason, patiently)
  return status?.message ?? ''
}

async function untilStuckEvent(tenant: Tenant, about: { readonly kind: string; readonly name: string }): Promise<string> {
  const { message } = await untilEvent(tenant, 'RunStuck', ({ involvedObject: { kind, name } }) => kind === about.kind && name === about.name)
  return message
}

async function withKeys(tenant: Tenant): Promise<void> {
  await tenant.kubectl('create', 'secret', 'generic', 'present', '--from-literal=token=s3cret')
  await tenant.kubectl('create', 'configmap', 'public', '--from-literal=a.csv=a')
}

describe('a run does not start and says why:', () => {
  test.for(Object.entries(hanging))('%s', async ([, { integration: spec, run = {}, reason, says }], { tenant }) => {
    await withKeys(tenant)
    await tenant.apply(integration('export', { ...spec, timeoutSeconds: 1_200 }), integrationRun('now', { integrationRef: { name: 'export' }, ...run }))
    expect(await untilTold(tenant, 'now', reason)).toContain(says)
    const event = await untilStuckEvent(tenant, { kind: 'IntegrationRun', name: 'now' })
    expect(event).toContain(says)
    expect(event).not.toContain('s3cret')
  })
})

describe('a run that hangs', () => {
  test('since a quota is used up tells it', async ({ tenant }) => {
    expect((await tenant.kubectl('create', 'quota', 'none', '--hard=pods=0')).code).toBe(0)
    expect((await tenant.kubectl('wait', '--for=jsonpath={.status.hard.pods}=0', 'resourcequota/none', '--timeout=120s')).code).toBe(0)
    await tenant.apply(integration('export', { container: harmless }), integrationRun('now', { integrationRef: { name: 'export' } }))
    expect(await untilTold(tenant, 'now', 'QuotaExceeded')).toContain('exceeded quota: none')
    expect((await tenant.kubectl('delete', 'quota', 'none')).code).toBe(0)
    expect(await untilEnded(tenant, 'now')).toMatchObject({ outcome: 'Succeeded' })
  })

  test('since a folder is not on its read-only claim, or the volume of the claim is gone, tells it', async ({ tenant }) => {
    await withClaim(tenant, async ({ path }) => {
      await tenant.apply(integration('export', { files: [{ name: 'input' }], container: harmless }))
      await tenant.apply(integrationRun('no-folder', { integrationRef: { name: 'export' }, files: [onClaim('input', 'absent/a.csv')] }))
      await untilTold(tenant, 'no-folder', 'ContainerRefused')
      await rm(path, { recursive: true })
      await tenant.apply(integrationRun('no-volume', { integrationRef: { name: 'export' }, files: [onClaim('input', 'a.csv')] }))
      await untilTold(tenant, 'no-volume', 'VolumeNotMounted')
    })
  })

  test('tells it in the status of its schedule and of its member, starts as soon as it can, and then tells it no more', async ({ tenant }) => {
    await tenant.apply(integration('first', { container: harmless }), integration('second', token('late', 'token')), integrationSet('both', ['first', 'second']))
    await tenant.apply(scheduled('often', everyMinute, { integrationRef: { kind: 'IntegrationSet', name: 'both' }, overlapPolicy: 'Skip' }))
    const hangs = await tenant.until('scheduledintegrations', 'often', ({ status }) => status?.runs?.some(({ members = [] }) => members.some(({ reason }) => reason === 'MissingSecret')) === true, patiently)
    const record = hangs.status?.runs?.find(({ outcome }) => outcome === 'Running')
    expect(record?.members).toMatchObject([{ name: 'first', outcome: 'Succeeded' }, { name: 'second', outcome: 'Running', reason: 'MissingSecret' }])
    expect(await untilStuckEvent(tenant, { kind: 'ScheduledIntegration', name: 'often' })).toContain('member second')
    expect((await tenant.kubectl('create', 'secret', 'generic', 'late', '--from-literal=token=s3cret')).code).toBe(0)
    await tenant.until('jobs', record?.jobName ?? '', isComplete)
    const { status } = await tenant.until('scheduledintegrations', 'often', (object) => object.status?.runs?.some(({ jobName, outcome }) => jobName === record?.jobName && outcome === 'Succeeded') === true)
    const told = status?.runs?.find(({ jobName }) => jobName === record?.jobName)
    expect(told?.members?.map(({ outcome, reason }) => [outcome, reason])).toEqual([['Succeeded', undefined], ['Succeeded', undefined]])
  })

  test('ends when its time is over, with Kubernetes\' own reason', async ({ tenant }) => {
    await tenant.apply(integration('export', { ...token('absent', 'token'), timeoutSeconds: 240 }), integrationRun('now', { integrationRef: { name: 'export' } }))
    await untilTold(tenant, 'now', 'MissingSecret')
    expect(await untilEnded(tenant, 'now')).toMatchObject({ outcome: 'Failed', reason: 'DeadlineExceeded' })
  })
})

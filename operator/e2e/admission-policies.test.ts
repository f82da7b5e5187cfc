import { describe, expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { api } from './harness/api.ts'
import { type Result, run } from './harness/command.ts'
import { namespace as operators, retried } from './harness/install.ts'
import { type Manifest, integration, integrationSet, onceAYear, scheduled, tenantClone } from './harness/manifests.ts'
import { type Tenant, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'

// What the API server itself refuses, or warns of, by the policies of the chart. Creations are dry runs: admission sees them all the same.

const copy = (manifest: Manifest, metadata: JsonObject = {}): JsonObject => ({ ...manifest, metadata: { ...manifest.metadata, labels: { 'integration-scheduler.io/clone': 'from-acme' }, ...metadata } })

function tried(namespace: string, object: JsonObject): Promise<Result> {
  return run('kubectl', ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'], JSON.stringify(object))
}

/** The API server learns of new policies within seconds. */
async function untilInForce(tenant: Tenant): Promise<void> {
  await retried(async () => {
    const { code } = await tried(tenant.namespace, copy(scheduled('probe', onceAYear)))
    if (code === 0) throw new Error('no policy refuses a copy that could run')
  }, minutes)
}

describe('a copy', () => {
  test('is created suspended or not at all', async ({ tenant }) => {
    await untilInForce(tenant)
    const refused = [
      copy(scheduled('silent', onceAYear)),
      copy(scheduled('on', onceAYear, { suspend: false })),
      copy(integrationSet('nightly', ['a', 'b'], { schedule: onceAYear })),
      copy(integrationSet('nightly', ['a', 'b'], { schedule: onceAYear, suspend: false })),
    ]
    const answers = await Promise.all(refused.map((object) => tried(tenant.namespace, object)))
    expect(answers.map(({ code }) => code)).toEqual(refused.map(() => 1))
    expect(answers.map(({ stderr }) => stderr.includes('a copy must be created with spec.suspend: true'))).toEqual(refused.map(() => true))
    const admitted = [
      copy(scheduled('off', onceAYear, { suspend: true })),
      copy(integrationSet('nightly', ['a', 'b'], { schedule: onceAYear, suspend: true })),
      copy(integrationSet('template', ['a', 'b'])),
      copy(integration('export')),
      scheduled('no-copy', onceAYear),
    ]
    expect((await Promise.all(admitted.map((object) => tried(tenant.namespace, object)))).map(({ stderr }) => stderr)).toEqual(admitted.map(() => ''))
  })

  test('that server-side apply would make is refused too', async ({ tenant }) => {
    await untilInForce(tenant)
    const args = ['apply', '--server-side', '--dry-run=server', '--namespace', tenant.namespace, '--filename', '-']
    const { code, stderr } = await run('kubectl', args, JSON.stringify(copy(scheduled('on', onceAYear))))
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('a copy must be created with spec.suspend: true') })
  })

  test('that was active once may come back from a backup', async ({ tenant }) => {
    await untilInForce(tenant)
    const annotations = { 'integration-scheduler.io/home': 'uid-of-a-namespace-that-is-gone' }
    expect((await tried(tenant.namespace, copy(scheduled('restored', onceAYear, { suspend: false }), { annotations }))).stderr).toBe('')
  })

  test('is enabled, edited and adopted without a word', async ({ tenant }) => {
    await untilInForce(tenant)
    await tenant.create(integration('export'), scheduled('ours', onceAYear))
    await api.create(tenant.path('scheduledintegrations'), copy(scheduled('copied', onceAYear, { suspend: true })))
    const [enabled, adopted] = await Promise.all([
      tenant.kubectl('patch', 'sint', 'copied', '--type=merge', '--patch={"spec":{"suspend":false}}'),
      tenant.kubectl('label', 'sint', 'ours', 'integration-scheduler.io/clone=from-acme'),
    ])
    expect([enabled, adopted].map(({ code, stderr }) => ({ code, stderr }))).toEqual([{ code: 0, stderr: '' }, { code: 0, stderr: '' }])
  })
})

describe('a TenantClone', () => {
  test.for([
    ['into a namespace of Kubernetes', 'kube-system', 'acme', 'nothing is copied into'],
    ['into the namespace of the operator', operators, 'acme', 'nothing is copied into'],
    ['from a namespace of Kubernetes', '', 'kube-public', 'nothing is copied from'],
    ['from the namespace of the operator', '', operators, 'nothing is copied from'],
  ] as const)('%s is refused', async ([, into, from, message], { tenant }) => {
    await untilInForce(tenant)
    const answer = await retried(async () => {
      const tries = await tried(into === '' ? tenant.namespace : into, tenantClone('clone', from))
      if (tries.code === 0) throw new Error('no policy refuses it')
      return tries
    }, minutes)
    expect(answer.stderr).toContain(message)
  })

  test('between tenants is not in the way of the policies', async ({ tenant }) => {
    await untilInForce(tenant)
    expect((await tried(tenant.namespace, tenantClone('clone', 'acme'))).stderr).toBe('')
  })
})

describe('a generated CronJob', () => {
  const patch = ['--type=merge', '--dry-run=server', '--patch={"spec":{"suspend":true}}']

  async function untilItWarns(tenant: Tenant): Promise<void> {
    await retried(async () => {
      const { stderr } = await tenant.kubectl('patch', 'cronjob', 'yearly', ...patch)
      if (!stderr.includes("'integration-scheduler-cronjobs'")) throw new Error('no policy warns')
    }, minutes)
  }

  test('warns who edits or deletes it, and lets them', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('yearly', onceAYear))
    await tenant.untilCronJob('yearly')
    await untilItWarns(tenant)
    const answers = await Promise.all([tenant.kubectl('patch', 'cronjob', 'yearly', ...patch), tenant.kubectl('delete', 'cronjob', 'yearly', '--dry-run=server')])
    expect(answers.map(({ code, stderr }) => ({ code, stderr }))).toEqual(answers.map(() => ({ code: 0, stderr: expect.stringMatching(/ValidatingAdmissionPolicy 'integration-scheduler-cronjobs'.*this CronJob is generated/) })))
  })

  test('warns neither the operator nor Kubernetes, nor who edits a CronJob of their own', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('yearly', onceAYear))
    await tenant.untilCronJob('yearly')
    await untilItWarns(tenant)
    await tenant.kubectl('create', 'cronjob', 'own', '--image=registry.example.com/any', '--schedule=0 0 1 1 *')
    const answers = await Promise.all([
      tenant.kubectl('patch', 'cronjob', 'yearly', `--as=system:serviceaccount:${operators}:integration-scheduler`, ...patch),
      tenant.kubectl('delete', 'cronjob', 'yearly', '--as=system:serviceaccount:kube-system:generic-garbage-collector', '--dry-run=server'),
      tenant.kubectl('patch', 'cronjob', 'own', ...patch),
    ])
    // Other stories install releases of their own, whose operators are others.
    const warnings = answers.map(({ stderr }) => stderr.includes("ValidatingAdmissionPolicy 'integration-scheduler-cronjobs'"))
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(warnings).toEqual([false, false, false])
  })
})

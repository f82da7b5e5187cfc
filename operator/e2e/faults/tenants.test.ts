import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { FaultProxy } from '../../testing/fault-proxy.ts'
import { sideBySide } from '../../kube/side-by-side.ts'
import { applyClone, cloneName, request, untilCloned } from '../harness/clones.ts'
import { type Manifest, cloneGrant, integration, integrationSet, onceAYear, scheduled } from '../harness/manifests.ts'
import { ProxiedOperator, proxyBeforeCluster } from '../harness/proxied-operator.ts'
import { type Tenant, test } from '../harness/tenant.ts'
import { minutes } from '../harness/watched.ts'

// Copying a tenant while others interfere. These operators see the target alone (and all grants): what the status tells of orphans says nothing here.

async function withOperator(target: Tenant, story: (proxy: FaultProxy, operator: ProxiedOperator) => Promise<void>): Promise<void> {
  const proxy = await proxyBeforeCluster(target.namespace)
  const operator = await ProxiedOperator.create({ proxy, name: target.namespace, onlyNamespace: target.namespace })
  try {
    await operator.start()
    await story(proxy, operator)
  } finally {
    await operator.kill()
    await proxy.stop()
  }
}

async function until(holds: () => boolean, within: number): Promise<void> {
  const end = Date.now() + within
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${within / 1000} s`)
    await sleep(20)
  }
}

test('a copy that a user enables between our read and our write stays enabled: the API server refuses, and the operator reads again', async ({ tenant: source, other: target }) => {
  await source.create(integration('export'), scheduled('a', onceAYear), cloneGrant('allow', [target.namespace]))
  await withOperator(target, async (proxy) => {
    await applyClone(target, source)
    await untilCloned(target)
    await target.untilReady('a', 'Suspended')
    await source.edit('a', { runName: 'newer' })
    proxy.use([{ name: 'late', verb: 'patch', resource: 'scheduledintegrations', namespace: target.namespace, object: 'a', nth: 1, times: 1, fault: { kind: 'delay', request: 5 } }])
    const refreshed = request(target, 'Refresh', 'one')
    await until(() => proxy.struck('late') === 1, minutes)
    await target.edit('a', { suspend: false })
    expect((await refreshed).items).toContainEqual(expect.objectContaining({ name: 'a', result: 'Skipped', reason: 'FieldsKept', keptFields: ['.spec.suspend'] }))
    expect(proxy.trace.filter(({ rule }) => rule === 'late').map(({ serverCode }) => serverCode)).toEqual([409])
    await target.untilReady('a', 'Scheduled')
    const enabled = target.versions('scheduledintegrations', 'a').findIndex((version) => version?.spec['suspend'] === false)
    expect(target.versions('scheduledintegrations', 'a').slice(enabled).map((version) => version?.spec['suspend']), 'it was never disabled again').not.toContain(true)
    expect(target.current('scheduledintegrations', 'a').spec['runName']).toBeUndefined()
  })
})

const numbered = (count: number, manifest: (name: string) => Manifest) => Array.from({ length: count }, (_unused, index) => manifest(`n-${String(index).padStart(4, '0')}`))

test('five thousand objects are copied in bounded memory by an operator that is killed half-way, none twice and none lost', async ({ tenant: source, other: target }) => {
  const all = [
    ...numbered(4_000, (name) => integration(name)),
    ...numbered(200, (name) => integrationSet(name, ['n-0000', 'n-0001'])),
    ...numbered(800, (name) => scheduled(name, onceAYear, { integrationRef: { name: 'n-0000' } })),
  ]
  await sideBySide(all, 16, (manifest) => source.create(manifest))
  await source.create(cloneGrant('allow', [target.namespace]))
  await withOperator(target, async (proxy, operator) => {
    const copied = () => proxy.trace.filter(({ verb, resource, namespace, serverCode }) => verb === 'patch' && namespace === target.namespace && copies.has(resource) && serverCode === 201)
    await applyClone(target, source)
    for (const killedAt of [1_100, 3_333]) {
      await until(() => copied().length >= killedAt, 10 * minutes)
      await operator.kill()
      await operator.start()
    }
    await untilCloned(target, undefined, 10 * minutes)
    await target.caughtUp()
    expect([target.all('integrations').length, target.all('integrationsets').length, target.all('scheduledintegrations').length]).toEqual([4_000, 200, 800])
    expect(new Set(copied().map(({ resource, name }) => `${resource} ${name}`)).size, 'each was made once').toBe(copied().length)
    const asked = proxy.trace.filter(({ verb, resource, namespace }) => verb === 'patch' && namespace === target.namespace && copies.has(resource)).length
    expect(asked, 'and a kill costs a page at most').toBeLessThanOrEqual(5_000 + 2 * 250)
    expect(target.all('scheduledintegrations').every(({ spec }) => spec['suspend'] === true)).toBe(true)
    expect(await peakMemory(operator.pid)).toBeLessThan(300)
    expect(target.versions('tenantclones', cloneName).filter((version) => version?.status?.progress !== undefined).length, 'it tells how far it has come').toBeGreaterThan(10)
  })
})

const copies: ReadonlySet<string> = new Set(['integrations', 'integrationsets', 'scheduledintegrations'])

/** In MB; Infinity if nobody knows. */
async function peakMemory(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid ?? 0}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Infinity) / 1_000
}

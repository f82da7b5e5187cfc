import { expect } from 'vitest'
import { api } from '../harness/api.ts'
import { type Asked, auditMark, countsOf, inWords, operatorRequests, written } from '../harness/audit-log.ts'
import { namespace } from '../harness/install.ts'
import { integration, onceAYear, scheduled } from '../harness/manifests.ts'
import { ProxiedOperator, proxyBeforeCluster } from '../harness/proxied-operator.ts'
import { type Tenant, conditionOf, isPresent, test } from '../harness/tenant.ts'
import { expectSilence, untilQuiet } from './play.ts'

// What requests cost, by the API server's own audit log: Events and the leader's Lease are counted apart.

const count = 200
const names = Array.from({ length: count }, (_unused, index) => `schedule-${index}`)
const status = 'patch scheduledintegrations/status'
const stamp = 'patch scheduledintegrations'

const labelled = { metadata: { labels: { 'example.com/team': 'payroll' } } }

type Measure = (change: () => Promise<unknown>) => Promise<readonly Asked[]>

/** All that the operator asked, watches apart, from a change until it asked nothing more. What a busy API server put off is asked again. */
function measureIn(tenant: Tenant, quiet: () => Promise<void>): Measure {
  return async (change) => {
    const mark = await auditMark()
    await change()
    await quiet()
    return (await operatorRequests(mark, tenant.namespace)).filter(({ verb, code }) => verb !== 'watch' && code !== 429)
  }
}

const edited = (tenant: Tenant, name: string, spec: Parameters<Tenant['edit']>[1]) => async () => {
  await tenant.edit(name, spec)
  await tenant.until('scheduledintegrations', name, isPresent)
}

async function removed(tenant: Tenant, name: string): Promise<void> {
  await api.remove(tenant.path('scheduledintegrations', name))
  await tenant.untilGone('cronjobs', name)
  await tenant.until('integrations', 'export', ({ status: counted }) => counted?.scheduledBy === count - 1)
}

test(`${count} schedules cost ${count} CronJobs, ${count} writes of status and ${count} stamps, a change what the protocol needs, and a restart nothing`, async ({ tenant }) => {
  const proxy = await proxyBeforeCluster(tenant.namespace)
  const operator = await ProxiedOperator.create({ proxy, name: tenant.namespace, onlyNamespace: tenant.namespace, leaderElection: true })
  const measure = measureIn(tenant, () => untilQuiet(proxy, 6_000))
  try {
    await operator.start()
    await tenant.create(integration('export'))
    await tenant.until('integrations', 'export', (object) => conditionOf(object, 'Ready')?.status === 'True')
    await untilQuiet(proxy, 3_000)

    const begun = Date.now()
    const creating = await measure(async () => {
      await Promise.all(names.map((name) => tenant.create(scheduled(name, onceAYear))))
      await Promise.all(names.map((name) => tenant.untilReady(name, 'Scheduled')))
      await Promise.all(names.map((name) => tenant.untilAtHome(name)))
      await tenant.until('integrations', 'export', (object) => object.status?.scheduledBy === count)
    })
    const { 'create events': events = 0, 'patch integrations/status': countings = 0, ...rest } = countsOf(creating)
    // A stamp is for good: before it the namespace is looked at.
    expect(rest).toEqual({ 'create cronjobs': count, [status]: count, 'get namespaces': count, [stamp]: count })
    expect(new Set(written(creating).map(({ resource, name }) => `${resource} ${name}`)).size, 'one write for each object').toBe(3 * count + 1)
    expect(events).toBe(count)
    expect(countings, 'of an Integration at most one a second').toBeLessThanOrEqual((Date.now() - begun) / 1_000)

    const [a = '', b = '', c = ''] = names
    const changes: Readonly<Record<string, readonly [() => Promise<unknown>, Readonly<Record<string, number>>]>> = {
      'another schedule': [edited(tenant, a, { schedule: { recurrence: { cron: '0 0 1 1 *' } } }), { 'patch cronjobs': 1, [status]: 1 }],
      suspend: [edited(tenant, b, { suspend: true }), { 'patch cronjobs': 1, [status]: 1 }],
      enable: [edited(tenant, b, { suspend: false }), { 'patch cronjobs': 1, [status]: 1 }],
      'another deadline': [edited(tenant, c, { startingDeadlineSeconds: 120 }), { 'patch cronjobs': 1, [status]: 1 }],
      'labels of ten schedules': [() => Promise.all(names.slice(0, 10).map((name) => tenant.change('scheduledintegrations', name, labelled))), {}],
      'labels of the Integration': [() => tenant.change('integrations', 'export', labelled), {}],
      deletion: [() => removed(tenant, a), { 'patch integrations/status': 1 }],
    }
    for (const [name, [change, wanted]] of Object.entries(changes)) {
      const asked = (await measure(change)).filter(({ resource }) => resource !== 'events')
      expect(countsOf(asked), `${name}: ${inWords(asked).join(', ')}`).toEqual(wanted)
    }

    const mark = await auditMark()
    const restarting = await measure(async () => {
      await operator.stop()
      await operator.start()
    })
    const lists = ['scheduledintegrations', 'integrations', 'integrationsets', 'integrationruns', 'tenantclones', 'cronjobs', 'jobs', 'leases']
    expect(countsOf(restarting)).toEqual(Object.fromEntries(lists.map((resource) => [`list ${resource}`, 1])))
    const ofLease = (await operatorRequests(mark, namespace)).filter(({ verb }) => verb !== 'watch')
    expect(new Set(ofLease.map(({ resource, name }) => `${resource} ${name}`))).toEqual(new Set(['leases integration-scheduler']))
    await expectSilence(proxy, tenant)
  } finally {
    await operator.kill()
    await proxy.stop()
  }
})

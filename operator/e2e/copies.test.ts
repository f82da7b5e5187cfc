import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label } from '../model/names.ts'
import { api, decoded, pathOf } from './harness/api.ts'
import { auditMark, operatorWrites } from './harness/audit-log.ts'
import { kubectl, output } from './harness/command.ts'
import { cron, everyMinute, integration, integrationSet, onceAYear, scheduled } from './harness/manifests.ts'
import { untilEvent } from './harness/runs.ts'
import { type Tenant, conditionOf, minuteOf, nextMinute, test } from './harness/tenant.ts'
import { minutes, watched } from './harness/watched.ts'

// Tenants that are copied by others than us: kubectl, a restored dump, Git. What was active elsewhere starts nothing until a person
// says so, and then nothing of the past.

const kinds = 'integ,iset,sint'

async function uidOf({ namespace }: Tenant): Promise<string> {
  const { metadata } = decoded<{ metadata: { uid: string } }>(await api.get(pathOf('namespaces', undefined, namespace)))
  return metadata.uid
}

async function activate(tenant: Tenant, name: string, resource: 'scheduledintegrations' | 'integrationsets' = 'scheduledintegrations'): Promise<void> {
  await tenant.change(resource, name, { metadata: { annotations: { [annotation.activate]: await uidOf(tenant) } } })
}

function dumpOf({ namespace }: Tenant): Promise<string> {
  return output('kubectl', ['get', kinds, '--namespace', namespace, '--output=yaml'])
}

async function applyDump(dump: string, from: Tenant, to: Tenant): Promise<void> {
  await output('kubectl', ['apply', '--filename', '-'], dump.replaceAll(`namespace: ${from.namespace}`, `namespace: ${to.namespace}`))
}

async function setActivation({ namespace }: Tenant, value: string | null): Promise<void> {
  await api.merge(pathOf('namespaces', undefined, namespace), { metadata: { labels: { [label.activation]: value } } })
}

const activeOf = (tenant: Tenant, name: string) => conditionOf(tenant.find('scheduledintegrations', name), 'Active')

const untilHeld = (tenant: Tenant, name: string, reason: string) =>
  tenant.until('scheduledintegrations', name, (schedule) => conditionOf(schedule, 'Active')?.reason === reason && conditionOf(schedule, 'Ready')?.status === 'True')

/** The minutes for which a schedule ever had a Job, also those whose Jobs are gone. */
function ranAt(tenant: Tenant, name: string): readonly number[] {
  const ever = watched('jobs').names(tenant.namespace).flatMap((job) => tenant.versions('jobs', job).find((version) => version !== undefined) ?? [])
  return ever.filter(({ metadata }) => metadata.labels?.[label.schedule] === name).map(minuteOf).toSorted((one, other) => one - other)
}

/** Until the first run after an instant, which must be the very next minute but for one that the change fell into. */
async function expectNextRun(tenant: Tenant, name: string, since: number): Promise<void> {
  await tenant.untilJobs(name, 1, (job) => minuteOf(job) > since)
  const [first = NaN] = ranAt(tenant, name)
  expect(first, 'nothing of the past').toBeGreaterThan(since)
  expect(first - since, 'but what comes next').toBeLessThanOrEqual(2 * minutes)
}

async function untilTold(tenant: Tenant, name: string, reason: string): Promise<void> {
  const { namespace } = tenant
  expect(await untilEvent(tenant, reason, ({ involvedObject }) => involvedObject.name === name)).toMatchObject({ type: 'Warning', message: expect.stringContaining(`kubectl integrations enable ${name} --namespace ${namespace}`) })
}

/** Three integrations, a set with a schedule of its own, and schedules of every minute. */
async function payroll(tenant: Tenant): Promise<void> {
  const names = ['export', 'structure', 'people']
  await tenant.create(
    ...names.map((name) => integration(name)),
    integrationSet('nightly', names, { schedule: onceAYear }),
    ...['a', 'b'].map((name) => scheduled(name, everyMinute)),
    scheduled('yearly', onceAYear),
    scheduled('off', everyMinute, { suspend: true }),
  )
  for (const name of ['a', 'b', 'yearly']) await tenant.untilAtHome(name)
  await tenant.until('integrationsets', 'nightly', ({ metadata }) => metadata.annotations?.[annotation.home] !== undefined)
}

describe('a tenant that is copied with kubectl', () => {
  test('is held, schedule by schedule, until each is activated there; the source goes on', async ({ tenant, other }) => {
    await payroll(tenant)
    await applyDump(await dumpOf(tenant), tenant, other)
    const copied = Date.now()
    for (const name of ['a', 'b', 'yearly']) {
      await untilHeld(other, name, 'CopiedFromAnotherTenant')
      await other.untilCronJob(name, ({ spec }) => spec.suspend === true)
    }
    await other.until('integrationsets', 'nightly', (set) => conditionOf(set, 'Active')?.reason === 'CopiedFromAnotherTenant')
    await untilHeld(other, 'off', 'Suspended')
    await untilTold(other, 'a', 'CopiedFromAnotherTenant')
    await sleep(2 * minutes + 15_000)
    expect(watched('jobs').names(other.namespace), 'not one Job').toEqual([])
    expect(ranAt(tenant, 'a').filter((minute) => minute > copied).length, 'the source has run meanwhile').toBeGreaterThanOrEqual(2)

    // Whatever its suspend says: only an activation in this very namespace counts.
    await other.edit('b', { suspend: true })
    await other.edit('b', { suspend: false })
    await other.change('scheduledintegrations', 'b', { metadata: { annotations: { [annotation.activate]: await uidOf(tenant) } } })
    const since = Date.now()
    await activate(other, 'a')
    await expectNextRun(other, 'a', since)
    await other.until('scheduledintegrations', 'a', ({ metadata }) => metadata.annotations?.[annotation.home] === metadata.annotations?.[annotation.activate])
    expect(ranAt(other, 'b')).toEqual([])
    expect(activeOf(other, 'b')).toMatchObject({ status: 'False', reason: 'CopiedFromAnotherTenant' })

    await activate(other, 'nightly', 'integrationsets')
    await other.until('integrationsets', 'nightly', (set) => conditionOf(set, 'Active')?.status === 'True')
  })

  test('and whose namespace is deleted and restored from a dump is another one', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('a', everyMinute))
    await tenant.untilAtHome('a')
    await activate(tenant, 'a')
    const dump = await dumpOf(tenant)
    const former = await uidOf(tenant)
    await kubectl('delete', 'namespace', tenant.namespace, '--wait=true', '--timeout=120s')
    await tenant.untilGone('scheduledintegrations', 'a')
    await api.create(pathOf('namespaces'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: tenant.namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } })
    // At once, as a script does it: no store has to have seen the new namespace by then.
    await applyDump(dump, tenant, tenant)
    const restored = Date.now()
    await untilHeld(tenant, 'a', 'CopiedFromAnotherTenant')
    await sleep(2 * minutes + 15_000)
    expect(ranAt(tenant, 'a').filter((minute) => minute > restored)).toEqual([])
    expect(tenant.current('scheduledintegrations', 'a').metadata.annotations).toMatchObject({ [annotation.home]: former, [annotation.activate]: former })
    const since = Date.now()
    await activate(tenant, 'a')
    await tenant.untilJobs('a', 1, (job) => minuteOf(job) > since)
  })
})

describe('a namespace in which activation is required', () => {
  test('lets nothing start that comes from Git, though it says suspend: false; what is active there goes on', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('before', everyMinute))
    await tenant.untilAtHome('before')
    await setActivation(tenant, 'Required')
    // At once: the namespace is looked at before anything is stamped.
    const manifests = [scheduled('enabled', everyMinute, { suspend: false }), scheduled('plain', everyMinute), scheduled('off', everyMinute, { suspend: true })]
    await tenant.apply(...manifests)
    await untilHeld(tenant, 'enabled', 'ActivationRequired')
    await untilHeld(tenant, 'plain', 'ActivationRequired')
    await untilHeld(tenant, 'off', 'Suspended')
    await untilTold(tenant, 'plain', 'ActivationRequired')
    const asked = Date.now()
    await sleep(2 * minutes + 15_000)
    expect([...ranAt(tenant, 'enabled'), ...ranAt(tenant, 'plain')]).toEqual([])
    expect(ranAt(tenant, 'before').filter((minute) => minute > asked).length).toBeGreaterThanOrEqual(2)

    const since = Date.now()
    await activate(tenant, 'enabled')
    await expectNextRun(tenant, 'enabled', since)
    // Applied again, as Git does it every few minutes, it stays as it is.
    await tenant.apply(...manifests)
    await nextMinute(30_000)
    expect(activeOf(tenant, 'enabled')).toMatchObject({ status: 'True' })
    expect(activeOf(tenant, 'plain')).toMatchObject({ status: 'False', reason: 'ActivationRequired' })
  })

  test('lets them go when it requires it no more, and starts nothing of the past', async ({ tenant }) => {
    await setActivation(tenant, 'Required')
    await tenant.create(integration('export'), scheduled('a', everyMinute))
    await untilHeld(tenant, 'a', 'ActivationRequired')
    await nextMinute()
    await sleep(10_000)
    const since = Date.now()
    await setActivation(tenant, null)
    await expectNextRun(tenant, 'a', since)
  })
})

test('a copy whose suspend somebody removed is held; enabling it is an explicit false', async ({ tenant }) => {
  const clone = { ...scheduled('a', everyMinute, { suspend: true }), metadata: { name: 'a', labels: { [label.clone]: 'from-acme' } } }
  await tenant.create(integration('export'), clone)
  await untilHeld(tenant, 'a', 'Suspended')
  await tenant.edit('a', { suspend: null })
  await untilHeld(tenant, 'a', 'ActivationRequired')
  await nextMinute()
  await sleep(10_000)
  const since = Date.now()
  await tenant.edit('a', { suspend: false })
  await expectNextRun(tenant, 'a', since)
})

test('the stamp is one write in the life of a schedule, by a field manager of its own', async ({ tenant }) => {
  const mark = await auditMark()
  await tenant.create(integration('export'), scheduled('a', cron('0 0 1 1 *')))
  await tenant.untilAtHome('a')
  expect(tenant.current('scheduledintegrations', 'a').metadata.annotations).toEqual({ [annotation.home]: await uidOf(tenant) })
  await tenant.edit('a', { schedule: onceAYear })
  await tenant.untilCronJob('a', ({ spec }) => spec.schedule === '59 23 31 12 *')
  await tenant.edit('a', { suspend: true })
  await tenant.untilReady('a', 'Suspended')
  await tenant.edit('a', { suspend: false })
  await tenant.untilReady('a', 'Scheduled')
  await sleep(5_000)
  const stamps = (await operatorWrites(mark, tenant.namespace)).filter(({ resource, code }) => resource === 'scheduledintegrations' && code === 200)
  expect(stamps).toHaveLength(1)
  const { metadata } = decoded<{ metadata: { managedFields: readonly JsonObject[] } }>(await api.get(tenant.path('scheduledintegrations', 'a')))
  const own = metadata.managedFields.filter(({ manager }) => manager === 'integration-scheduler-home')
  expect(own).toMatchObject([{ operation: 'Update', fieldsV1: { 'f:metadata': { 'f:annotations': { [`f:${annotation.home}`]: {} } } } }])
})

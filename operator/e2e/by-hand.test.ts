import { describe, expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { api, pathOf } from './harness/api.ts'
import { everyMinute, integration, onceAYear, scheduled } from './harness/manifests.ts'
import { type Tenant, conditionOf, nextMinute, sleep, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'

// What people, and other controllers, do to the CronJobs of the operator.

const ready = async (tenant: Tenant): Promise<void> => {
  await tenant.create(integration('export'), scheduled('a', onceAYear))
  await tenant.untilReady('a', 'Scheduled')
}

const interfere = (tenant: Tenant, patch: JsonObject) => tenant.change('cronjobs', 'a', patch)

describe('a CronJob of the operator', () => {
  test('that is deleted is created again', async ({ tenant }) => {
    await ready(tenant)
    const { uid } = tenant.current('cronjobs', 'a').metadata
    await api.remove(tenant.path('cronjobs', 'a'))
    const again = await tenant.untilCronJob('a', ({ metadata }) => metadata.uid !== uid)
    expect(again.spec.suspend).toBe(false)
    await tenant.until('scheduledintegrations', 'a', ({ status }) => status?.cronJob?.uid === again.metadata.uid && conditionOf({ status }, 'Ready')?.status === 'True')
  })

  test.for<[string, JsonObject, (spec: string) => boolean]>([
    ['template of Jobs', { spec: { jobTemplate: { spec: { backoffLimit: 5 } } } }, (text) => text.includes('"backoffLimit":0')],
    ['image', { spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'main', image: 'registry.example.com/other:1' }] } } } } } }, (text) => !text.includes('other:1')],
    ['history limit', { spec: { failedJobsHistoryLimit: 0 } }, (text) => text.includes('"failedJobsHistoryLimit":25')],
    ['deadline', { spec: { startingDeadlineSeconds: 3600 } }, (text) => text.includes('"startingDeadlineSeconds":300')],
    ['concurrency policy', { spec: { concurrencyPolicy: 'Forbid' } }, (text) => text.includes('"concurrencyPolicy":"Allow"')],
    ['label', { metadata: { labels: { 'integration-scheduler.io/schedule': 'another' } } }, (text) => !text.includes('another')],
  ])('whose %s is changed gets it back, and nothing else changes', async ([_what, patch, isRestored], { tenant }) => {
    await ready(tenant)
    const before = tenant.current('cronjobs', 'a')
    await interfere(tenant, patch)
    const after = await tenant.untilCronJob('a', ({ spec, metadata: { labels } }) => isRestored(JSON.stringify({ spec, labels })))
    expect(after.spec).toEqual(before.spec)
    expect(after.metadata.labels).toEqual(before.metadata.labels)
    expect(after.metadata.uid).toBe(before.metadata.uid)
  })

  test('keeps labels and annotations of others', async ({ tenant }) => {
    await ready(tenant)
    await interfere(tenant, { metadata: { labels: { 'example.com/cost': '42' }, annotations: { 'example.com/note': 'mine' } }, spec: { failedJobsHistoryLimit: 0 } })
    const { metadata } = await tenant.untilCronJob('a', ({ spec }) => spec.failedJobsHistoryLimit === 25)
    expect(metadata.labels).toMatchObject({ 'example.com/cost': '42', 'integration-scheduler.io/schedule': 'a' })
    expect(metadata.annotations).toMatchObject({ 'example.com/note': 'mine' })
  })

  test('whose expression is changed is suspended first and then runs as its schedule says, never at the foreign time', async ({ tenant }) => {
    await ready(tenant)
    await interfere(tenant, { spec: { schedule: '* * * * *' } })
    const changed = Date.now()
    await tenant.untilCronJob('a', ({ spec }) => spec.schedule === '59 23 31 12 *' && spec.suspend === false, 5 * minutes)
    const seen = tenant.versions('cronjobs', 'a').map((cronJob) => `${cronJob?.spec.schedule} ${cronJob?.spec.suspend === true ? 'suspended' : 'fires'}`)
    expect(seen.filter((text, index) => text !== seen[index - 1])).toEqual(['59 23 31 12 * fires', '* * * * * fires', '* * * * * suspended', '59 23 31 12 * fires'])
    await nextMinute()
    await sleep(10_000)
    // The foreign expression can match once before the operator sees it; then, never.
    expect(tenant.jobs('a').filter(({ metadata }) => Date.parse(metadata.creationTimestamp) > changed + 60_000)).toEqual([])
  })

  test('that is suspended by hand stays so, is told so, and is taken back when the schedule is disabled and enabled', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('a', everyMinute))
    await tenant.untilReady('a', 'Scheduled')
    await sleep(1_000)
    await interfere(tenant, { spec: { suspend: true } })
    const told = await tenant.untilReady('a', 'SuspendedOutOfBand')
    expect(conditionOf(told, 'Active')).toMatchObject({ status: 'False', reason: 'SuspendedOutOfBand' })
    const runs = tenant.jobs('a').length
    await nextMinute()
    await nextMinute(5_000)
    expect(tenant.current('cronjobs', 'a').spec.suspend).toBe(true)
    expect(tenant.jobs('a').length).toBe(runs)
    await tenant.edit('a', { suspend: true })
    await tenant.untilReady('a', 'Suspended')
    await tenant.edit('a', { suspend: false })
    await tenant.untilReady('a', 'Scheduled')
    expect(tenant.current('cronjobs', 'a').spec.suspend).toBe(false)
  })

  test('that is released by hand while its schedule is suspended is suspended again before its next minute', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('a', everyMinute, { suspend: true }))
    await tenant.untilReady('a', 'Suspended')
    await nextMinute()
    await sleep(20_000)
    await interfere(tenant, { spec: { suspend: false } })
    const released = Date.now()
    await tenant.untilCronJob('a', ({ spec }) => spec.suspend === true)
    expect(Date.now() - released).toBeLessThan(90_000)
    await nextMinute()
    await nextMinute(5_000)
    // The CronJob controller may have been faster than the operator once; a minute later nothing starts.
    expect(tenant.jobs('a').filter(({ metadata }) => Date.parse(metadata.creationTimestamp) > released + 30_000)).toEqual([])
  })
})

describe('a CronJob of somebody else', () => {
  const foreign: JsonObject = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'a', labels: { 'integration-scheduler.io/schedule': 'a' } },
    spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.example.com/theirs' }] } } } } },
  }

  test('is never adopted or changed when it has the name that a schedule needs, and makes way when it is deleted', async ({ tenant }) => {
    await api.create(pathOf('cronjobs', tenant.namespace), foreign)
    await tenant.create(integration('export'), scheduled('a', onceAYear))
    const stalled = await tenant.untilStalled('a', 'CronJobNameTaken')
    expect(conditionOf(stalled, 'Ready')?.message).toContain('the name a is taken')
    await tenant.edit('a', { suspend: true })
    await tenant.untilStalled('a', 'CronJobNameTaken')
    await sleep(5_000)
    expect(tenant.versions('cronjobs', 'a').length, 'versions of the foreign CronJob').toBe(1)
    await api.remove(tenant.path('cronjobs', 'a'))
    await tenant.untilReady('a', 'Suspended')
    expect(tenant.current('cronjobs', 'a').metadata.ownerReferences).toMatchObject([{ kind: 'ScheduledIntegration', name: 'a' }])
  })
})

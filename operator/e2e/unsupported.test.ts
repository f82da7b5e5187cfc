import { expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { type Manifest, cron, integration, onceAYear, scheduled } from './harness/manifests.ts'
import { conditionOf, sleep, test } from './harness/tenant.ts'

// What can be applied and is not acted on yet is said, never ignored.

test.for<[string, JsonObject]>([
  ['overlapPolicy Skip', { overlapPolicy: 'Skip' }],
  ['overlapPolicy Queue', { overlapPolicy: 'Queue' }],
  ['overlapPolicy Replace', { overlapPolicy: 'Replace' }],
  ['files', { files: [{ name: 'employees', from: { configMapKeyRef: { name: 'employees', key: 'all.csv' } } }] }],
  ['an IntegrationSet', { integrationRef: { kind: 'IntegrationSet', name: 'nightly' } }],
])('%s is answered with NotSupportedYet, and there is no CronJob', async ([_what, spec], { tenant }) => {
  await tenant.apply(integration('export'), scheduled('a', onceAYear, spec))
  const answered = await tenant.untilStalled('a', 'NotSupportedYet')
  expect(conditionOf(answered, 'Ready')).toMatchObject({ status: 'False', message: expect.stringMatching(/^spec\.\S+: not supported yet\b.+/) })
  expect(conditionOf(answered, 'Active')).toMatchObject({ status: 'False' })
  expect(answered.status?.nextRuns).toBeUndefined()
  await sleep(3_000)
  expect(tenant.all('cronjobs')).toEqual([])
})

test.for<[string, JsonObject]>([
  ['locks', { locks: [{ name: 'sftp/outbound' }] }],
  ['files', { files: [{ name: 'employees' }] }],
])('an Integration with %s is answered with NotSupportedYet, and so are its schedules', async ([_what, spec], { tenant }) => {
  await tenant.apply(integration('export', spec), scheduled('a', onceAYear))
  await tenant.untilStalled('a', 'NotSupportedYet')
  const template = await tenant.until('integrations', 'export', (object) => conditionOf(object, 'Stalled')?.status === 'True')
  expect(conditionOf(template, 'Ready')).toMatchObject({ status: 'False', reason: 'NotSupportedYet' })
  await sleep(3_000)
  expect(tenant.all('cronjobs')).toEqual([])
})

const member = (name: string): JsonObject => ({ name, integrationRef: { name } })
const set = (spec: JsonObject): Manifest => ({ apiVersion: 'integration-scheduler.io/v1alpha1', kind: 'IntegrationSet', metadata: { name: 'nightly' }, spec: { members: [member('structure'), member('people')], ...spec } })

test.for<[string, Manifest, 'integrationsets' | 'integrationruns']>([
  ['IntegrationSet', set({}), 'integrationsets'],
  ['IntegrationSet with a schedule', set({ schedule: cron('0 2 * * *') }), 'integrationsets'],
  ['IntegrationRun', { apiVersion: 'integration-scheduler.io/v1alpha1', kind: 'IntegrationRun', metadata: { name: 'nightly' }, spec: { integrationRef: { name: 'export' } } }, 'integrationruns'],
])('an %s is answered with NotSupportedYet, and nothing of it runs', async ([_what, manifest, resource], { tenant }) => {
  await tenant.apply(integration('export'), manifest)
  const answered = await tenant.until(resource, 'nightly', (object) => conditionOf(object, 'Ready') !== undefined)
  expect(conditionOf(answered, 'Ready')).toMatchObject({ status: 'False', reason: 'NotSupportedYet' })
  expect(conditionOf(answered, 'Stalled')).toMatchObject({ status: 'True' })
  await sleep(3_000)
  expect([...tenant.all('cronjobs'), ...tenant.all('jobs')]).toEqual([])
})

test('a schedule that becomes one of what is not supported yet is parked, and runs again when it is changed back', async ({ tenant }) => {
  await tenant.create(integration('export'), scheduled('a', onceAYear))
  await tenant.untilReady('a', 'Scheduled')
  await tenant.edit('a', { overlapPolicy: 'Queue' })
  await tenant.untilStalled('a', 'NotSupportedYet')
  expect(tenant.current('cronjobs', 'a').spec.suspend).toBe(true)
  await tenant.edit('a', { overlapPolicy: 'Allow' })
  await tenant.untilReady('a', 'Scheduled')
  expect(tenant.current('cronjobs', 'a').spec.suspend).toBe(false)
})

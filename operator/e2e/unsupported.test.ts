import { expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { type Manifest, cron, integration, onceAYear, scheduled } from './harness/manifests.ts'
import { conditionOf, sleep, test } from './harness/tenant.ts'

// What can be applied and is not acted on yet is said, never ignored.

const start = { startDate: '2030-01-01', startTime: '02:30' }

test.for<[string, JsonObject, JsonObject]>([
  ['byDay every 2', { recurrence: { byDay: { every: 2 } }, ...start }, {}],
  ['byWeek every 2', { recurrence: { byWeek: { every: 2, days: ['Monday'] } }, ...start }, {}],
  ['byMonth on the last day', { recurrence: { byMonth: { day: 31, shortMonth: 'LastDay' } }, ...start }, {}],
  ['byHour that does not divide the day', { recurrence: { byHour: { every: 7 } }, ...start }, {}],
  ['byMinute that does not divide the hour', { recurrence: { byMinute: { every: 45 } }, ...start }, {}],
  ['byDay in a zone with daylight saving time', { recurrence: { byDay: {} }, ...start, timeZone: 'Europe/Berlin' }, {}],
  ['byWeek in a zone with daylight saving time', { recurrence: { byWeek: { days: ['Monday'] } }, ...start, timeZone: 'America/New_York' }, {}],
  ['byMonth in a zone with daylight saving time', { recurrence: { byMonth: { day: 1 } }, ...start, timeZone: 'Australia/Lord_Howe' }, {}],
  ['overlapPolicy Skip', onceAYear, { overlapPolicy: 'Skip' }],
  ['overlapPolicy Queue', onceAYear, { overlapPolicy: 'Queue' }],
  ['overlapPolicy Replace', onceAYear, { overlapPolicy: 'Replace' }],
  ['missedRunPolicy RunAll', onceAYear, { missedRunPolicy: 'RunAll' }],
  ['files', onceAYear, { files: [{ name: 'employees', from: { configMapKeyRef: { name: 'employees', key: 'all.csv' } } }] }],
  ['an IntegrationSet', onceAYear, { integrationRef: { kind: 'IntegrationSet', name: 'nightly' } }],
])('%s is answered with NotSupportedYet, and there is no CronJob', async ([_what, schedule, spec], { tenant }) => {
  await tenant.apply(integration('export'), scheduled('a', schedule, spec))
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

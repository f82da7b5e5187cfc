import { expect } from 'vitest'
import type { JsonObject } from '../../model/kubernetes.ts'
import { api } from '../harness/api.ts'
import { auditMark, inWords, operatorRequests, operatorWrites } from '../harness/audit-log.ts'
import { type Manifest, everyMinute, integration, onceAYear, played, scheduled } from '../harness/manifests.ts'
import { conditionOf, isPresent, sleep, test } from '../harness/tenant.ts'
import { eventually, minutes, watched } from '../harness/watched.ts'

// What the operator asks of the API server, as the server's own audit log has it. After the stories in which it is killed: a request that
// dies with it is sent again, and would be counted twice. What creating and changing schedules costs: operator/e2e/faults/costs.test.ts.

test('a run costs two writes of status, one of the Job, and none of the CronJob', async ({ tenant }) => {
  const at = Math.ceil(Date.now() / minutes + 1.5) * minutes
  // The counted one is seen in progress, however busy the machine is.
  await tenant.create(integration('export'), integration('longer', { pod: played({ runFor: '20s' }) }), scheduled('warm-up', everyMinute))
  // The first run in a namespace also makes its lock table.
  await tenant.until('scheduledintegrations', 'warm-up', ({ status }) => (status?.counts?.succeeded ?? 0) > 0)
  await tenant.create(scheduled('counted', { recurrence: { cron: `${new Date(at + minutes).getUTCMinutes()} * * * *` } }, { integrationRef: { name: 'longer' } }))
  await tenant.untilReady('counted', 'Scheduled')
  await tenant.untilAtHome('counted')
  const mark = await auditMark()
  const [job] = await tenant.untilJobs('counted', 1)
  await tenant.until('scheduledintegrations', 'counted', ({ status }) => status?.counts?.succeeded === 1)
  await sleep(5_000)
  const asked = (await operatorWrites(mark, tenant.namespace)).filter(({ name }) => name.startsWith('counted'))
  // Kubernetes changes the Job at the same time: a refused write has done nothing, and is decided again.
  expect(asked.filter(({ code }) => code === 409).length).toBeLessThanOrEqual(3)
  expect(inWords(asked.filter(({ code }) => code !== 409))).toEqual([`patch jobs ${job?.metadata.name}`, 'patch scheduledintegrations/status counted', 'patch scheduledintegrations/status counted'])
})

const quota: Manifest = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none' }, spec: { hard: { 'count/cronjobs.batch': '2' } } }
/** The schema lets it in, the API server refuses the CronJob. */
const refusedPod: JsonObject = { pod: { nodeSelector: { 'not a key!': 'x' } } }

test('objects that cannot work are answered once and then left alone, whatever is wrong with them', async ({ tenant }) => {
  const bad: readonly [Manifest, string][] = [
    [scheduled('homeless', onceAYear, { integrationRef: { name: 'nobody' } }), 'IntegrationNotFound'],
    [scheduled('lost-in-space', { ...onceAYear, timeZone: 'Mars/Olympus' }), 'InvalidSpec'],
    [scheduled('never', { recurrence: { cron: '0 0 30 2 *' } }), 'NoOccurrence'],
    [scheduled('misfiled', onceAYear, { files: [{ name: 'employees', from: { configMapKeyRef: { name: 'employees', key: 'all.csv' } } }] }), 'InvalidFiles'],
    [scheduled('incomplete', onceAYear, { integrationRef: { name: 'strict' } }), 'InvalidParameters'],
    [scheduled('unwelcome', onceAYear, { integrationRef: { name: 'refused' } }), 'CronJobRefused'],
    [scheduled('taken', onceAYear), 'CronJobNameTaken'],
    [scheduled('over-quota', onceAYear), 'CronJobRefused'],
  ]
  const own = { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.example.com/theirs' }] } } } } }
  for (const name of ['taken', 'other']) await api.create(tenant.path('cronjobs'), { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name }, spec: own })
  await tenant.create(quota, integration('export'), integration('strict', { parameters: [{ name: 'payPeriod', required: true }] }), integration('refused', refusedPod))
  await tenant.kubectl('wait', `--for=jsonpath={.status.used.count/cronjobs\\.batch}=2`, 'resourcequota/none', '--timeout=120s') // it is counted, and so enforced
  await tenant.create(...bad.map(([manifest]) => manifest))
  const state = () => bad.map(([{ metadata }]) => `${metadata.name}: ${conditionOf(tenant.find('scheduledintegrations', metadata.name), 'Ready')?.reason}`).join(', ')
  const isAnswered = ([{ metadata }, reason]: readonly [Manifest, string]) => {
    const found = watched('scheduledintegrations').current(tenant.namespace, metadata.name)
    return found !== undefined && isPresent(found) && conditionOf(found, 'Ready')?.reason === reason && conditionOf(found, 'Stalled')?.status === 'True'
  }
  await eventually(['scheduledintegrations'], () => (bad.every(isAnswered) ? true : undefined), { within: 2 * minutes, state })
  await sleep(5_000)
  const mark = await auditMark()
  await sleep(65_000)
  const asked = await operatorRequests(mark, tenant.namespace)
  const perName = Map.groupBy(asked, ({ name }) => name)
  for (const [{ metadata }] of bad) expect(inWords(perName.get(metadata.name) ?? []).length, `${metadata.name}: ${inWords(perName.get(metadata.name) ?? []).join(', ')}`).toBeLessThanOrEqual(metadata.name === 'over-quota' ? 3 : 1)
  expect(asked.length).toBeLessThanOrEqual(6)
})

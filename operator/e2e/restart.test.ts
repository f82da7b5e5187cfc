import { rm, writeFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { api } from './harness/api.ts'
import { auditMark, inWords, operatorRequests, operatorWrites } from './harness/audit-log.ts'
import { integration, onceAYear, scheduled, startAt } from './harness/manifests.ts'
import { isGone, operatorFile, operatorPid, untilOperatorReady } from './harness/operator-process.ts'
import { sleep, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'

// The only file that interferes with the operator's process, when all other stories are over: what it kills has events to write.

test('an operator that is killed and started again writes nothing but what changed meanwhile', async ({ tenant }) => {
  const tomorrow = startAt(Date.now() + 24 * 60 * minutes)
  await tenant.create(
    integration('export'),
    integration('strict', { parameters: [{ name: 'payPeriod', required: true }] }),
    scheduled('steady', onceAYear),
    scheduled('zoned', { recurrence: { cron: '30 2 1 1 *' }, timeZone: 'Europe/Berlin' }),
    scheduled('later', { recurrence: { once: {} }, ...tomorrow }),
    scheduled('over', { recurrence: { once: {} }, startDate: '2020-01-01', startTime: '00:00' }),
    scheduled('suspended', onceAYear, { suspend: true }),
    scheduled('homeless', onceAYear, { integrationRef: { name: 'nobody' } }),
    scheduled('misfiled', onceAYear, { files: [{ name: 'employees', from: { configMapKeyRef: { name: 'employees', key: 'all.csv' } } }] }),
    scheduled('incomplete', onceAYear, { integrationRef: { name: 'strict' } }),
    scheduled('lost', onceAYear),
    scheduled('disabled-meanwhile', onceAYear),
    scheduled('drifted', onceAYear),
  )
  for (const name of ['steady', 'zoned', 'later', 'over', 'suspended', 'lost', 'disabled-meanwhile', 'drifted']) await tenant.untilReady(name)
  for (const [name, reason] of [['homeless', 'IntegrationNotFound'], ['misfiled', 'InvalidFiles'], ['incomplete', 'InvalidParameters']] as const) await tenant.untilStalled(name, reason)
  for (const name of ['steady', 'zoned', 'later', 'lost', 'disabled-meanwhile', 'drifted']) await tenant.untilAtHome(name)
  await tenant.until('integrations', 'export', ({ status }) => status?.scheduledBy === 9)
  await sleep(5_000)

  await writeFile(operatorFile('hold'), '')
  const mark = await auditMark()
  try {
    const pid = await operatorPid()
    process.kill(pid, 'SIGKILL')
    while (!isGone(pid)) await sleep(50)
    await api.remove(tenant.path('cronjobs', 'lost'))
    await tenant.edit('disabled-meanwhile', { suspend: true })
    await tenant.change('cronjobs', 'drifted', { spec: { successfulJobsHistoryLimit: 1 } })
    await api.create(`${tenant.path('scheduledintegrations')}?fieldValidation=Strict`, scheduled('new', onceAYear))
    await tenant.untilGone('cronjobs', 'lost')
  } finally {
    await rm(operatorFile('hold'))
  }
  await untilOperatorReady()
  await tenant.untilReady('new')
  await tenant.untilAtHome('new')
  await tenant.untilReady('disabled-meanwhile', 'Suspended')
  await tenant.untilCronJob('lost')
  await tenant.untilCronJob('drifted', ({ spec }) => spec.successfulJobsHistoryLimit === 25)
  await tenant.until('scheduledintegrations', 'lost', ({ status }) => status?.cronJob?.uid === tenant.find('cronjobs', 'lost')?.metadata.uid)
  await sleep(10_000)

  const writes = inWords(await operatorWrites(mark, tenant.namespace))
  expect(writes.filter((line) => !line.startsWith('patch integrations/status export'))).toEqual([
    'create cronjobs lost',
    'create cronjobs new',
    'patch cronjobs disabled-meanwhile',
    'patch cronjobs drifted',
    'patch scheduledintegrations new',
    'patch scheduledintegrations/status disabled-meanwhile',
    'patch scheduledintegrations/status lost',
    'patch scheduledintegrations/status new',
  ])
  expect(writes.filter((line) => line.startsWith('patch integrations/status')).length, 'the Integration has one schedule more').toBe(1)
  const events = (await operatorRequests(mark, tenant.namespace)).filter(({ resource, verb }) => resource === 'events' && verb === 'create')
  expect(events.length, 'events only of what changed').toBeLessThanOrEqual(4)
  const ofOthers = events.filter(({ name }) => !['lost', 'disabled-meanwhile', 'drifted', 'new'].some((changed) => name.startsWith(`${changed}.`)))
  expect(inWords(ofOthers), 'and none of others').toEqual([])
})

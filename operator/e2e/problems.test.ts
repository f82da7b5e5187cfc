import { describe, expect } from 'vitest'
import { api } from './harness/api.ts'
import { everyMinute, integration, onceAYear, scheduled } from './harness/manifests.ts'
import { conditionOf, nextMinute, sleep, test } from './harness/tenant.ts'

// A run never starts half-configured: the CronJob is parked, and the status names every problem.

describe('a schedule of an Integration', () => {
  test('that is not there says so, and runs as soon as it is', async ({ tenant }) => {
    await tenant.create(scheduled('a', onceAYear))
    const waiting = await tenant.untilStalled('a', 'IntegrationNotFound')
    expect(conditionOf(waiting, 'Ready')?.message).toContain('there is no Integration "export"')
    expect(tenant.all('cronjobs')).toEqual([])
    await tenant.create(integration('export'))
    await tenant.untilReady('a', 'Scheduled')
    expect(tenant.current('cronjobs', 'a').spec.suspend).toBe(false)
  })

  test('that is deleted starts no run until there is one of that name again', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('a', everyMinute))
    await tenant.untilJobs('a', 1)
    await api.remove(tenant.path('integrations', 'export'))
    await tenant.untilStalled('a', 'IntegrationNotFound')
    expect(tenant.current('cronjobs', 'a').spec.suspend).toBe(true)
    const runs = tenant.jobs('a').length
    await nextMinute()
    await nextMinute(10_000)
    expect(tenant.jobs('a').length).toBe(runs)
    await tenant.create(integration('export'))
    await tenant.untilReady('a', 'Scheduled')
    await tenant.untilJobs('a', runs + 1)
  })

  test('while parked for a problem also holds Jobs that are made of its CronJob by hand', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('a', onceAYear))
    await tenant.untilReady('a', 'Scheduled')
    await api.remove(tenant.path('integrations', 'export'))
    await tenant.untilStalled('a', 'IntegrationNotFound')
    const { code, stderr } = await tenant.kubectl('create', 'job', 'by-hand', '--from=cronjob/a')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const job = await tenant.until('jobs', 'by-hand', () => true)
    expect(job.spec.suspend).toBe(true)
    await sleep(3_000)
    expect(tenant.current('jobs', 'by-hand').status?.active ?? 0).toBe(0)
  })

  test('whose parameters are wrong names every one of them, and runs when all are right', async ({ tenant }) => {
    const parameters = [
      { name: 'payPeriod', required: true, allowedValues: ['Current', 'Previous'] },
      { name: 'limit', type: 'Integer' },
      { name: 'from', type: 'Date', required: true },
      { name: 'groups', type: 'List' },
      { name: 'token', sensitive: true },
    ]
    await tenant.create(integration('export', { parameters }))
    await tenant.apply(scheduled('a', onceAYear, {
      parameters: [
        { name: 'payPeriod', value: 'Next' },
        { name: 'limit', value: 'many' },
        { name: 'groups', value: 'one' },
        { name: 'token', value: 's3cret' },
        { name: 'tpyo', value: 'x' },
      ],
    }))
    const stalled = await tenant.untilStalled('a', 'InvalidParameters')
    const message = conditionOf(stalled, 'Ready')?.message ?? ''
    for (const name of ['"payPeriod"', '"limit"', '"from"', '"groups"', '"token"', '"tpyo"']) expect(message).toContain(name)
    for (const value of ['many', 's3cret']) expect(message, 'values can be confidential').not.toContain(value)
    expect(tenant.all('cronjobs')).toEqual([])
    await tenant.edit('a', { parameters: [{ name: 'payPeriod', value: 'Current' }, { name: 'from', value: '2026-01-01' }] })
    await tenant.untilReady('a', 'Scheduled')
  })

  test('that becomes stricter is parked at once, and what it lacks is told', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('a', onceAYear))
    await tenant.untilReady('a', 'Scheduled')
    await tenant.change('integrations', 'export', { spec: { parameters: [{ name: 'payPeriod', required: true }] } })
    await tenant.untilStalled('a', 'InvalidParameters')
    expect(tenant.current('cronjobs', 'a').spec.suspend).toBe(true)
  })

  test('that names one variable twice is refused with its name', async ({ tenant }) => {
    await tenant.create(integration('export', { parameters: [{ name: 'payPeriod' }, { name: 'other', env: 'PAY_PERIOD' }] }), scheduled('a', onceAYear)).catch((error: unknown) => {
      // The schema sees it already: even better.
      expect(String(error)).toContain('PAY_PERIOD')
    })
    if (tenant.find('integrations', 'export') !== undefined) await tenant.untilStalled('a', 'InvalidIntegration')
    expect(tenant.all('cronjobs')).toEqual([])
  })
})

test.for([
  ['an unknown time zone', { recurrence: { cron: '0 2 * * *' }, timeZone: 'Mars/Olympus' }, 'InvalidSpec', 'spec.schedule.timeZone'],
  ['a date that never comes', { recurrence: { cron: '0 0 30 2 *' } }, 'NoOccurrence', 'spec.schedule'],
] as const)('%s is told in the status, and there is no CronJob', async ([_what, schedule, reason, path], { tenant }) => {
  await tenant.create(integration('export'), scheduled('a', schedule))
  const stalled = await tenant.untilStalled('a', reason)
  expect(conditionOf(stalled, 'Ready')?.message).toContain(path)
  await sleep(3_000)
  expect(tenant.all('cronjobs')).toEqual([])
})

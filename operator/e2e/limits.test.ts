import { describe, expect } from 'vitest'
import { everyMinute, integration, onceAYear, scheduled } from './harness/manifests.ts'
import { conditionOf, minuteOf, test } from './harness/tenant.ts'

const longest = (end: string): string => `${'a-name-as-long-as-kubernetes-lets-labels-be-for-schedules-of-this-operator'.slice(0, 63 - end.length)}${end}`

describe('names at their length limits', () => {
  test('of 63 characters work, and names that begin alike get CronJobs of their own', async ({ tenant }) => {
    const names = [longest('-one'), longest('-two')]
    const template = longest('-template')
    expect(new Set([...names, template].map(({ length }) => length))).toEqual(new Set([63]))
    await tenant.apply(integration(template), ...names.map((name) => scheduled(name, everyMinute, { integrationRef: { name: template }, runName: longest('-run') })))
    await Promise.all(names.map((name) => tenant.untilReady(name, 'Scheduled')))
    const cronJobs = tenant.all('cronjobs').map(({ metadata }) => metadata.name)
    expect(new Set(cronJobs).size).toBe(2)
    expect(cronJobs.every((name) => name.length <= 43 && name.startsWith('a-name-as-long-as-kubernetes'))).toBe(true)
    for (const name of names) {
      const [job] = await tenant.untilJobs(name, 1)
      expect(job?.metadata.name).toBe(`${tenant.current('scheduledintegrations', name).status?.cronJob?.name}-${(job === undefined ? 0 : minuteOf(job)) / 60_000}`)
      const { status } = await tenant.until('scheduledintegrations', name, (schedule) => (schedule.status?.counts?.succeeded ?? 0) > 0)
      expect(status?.lastRun?.name).toMatch(new RegExp(`^${longest('-run')}-\\d{8}-\\d{4}$`))
    }
  })

  test('of 64 characters are refused with a message that names the limit', async ({ tenant }) => {
    const { code, stderr } = await tenant.tryApply(scheduled(`${longest('')}x`, onceAYear))
    expect(code).not.toBe(0)
    expect(stderr).toContain('63')
  })

  test('with dots work', async ({ tenant }) => {
    await tenant.apply(integration('export.v2'), scheduled('payroll.weekly.v2', everyMinute, { integrationRef: { name: 'export.v2' } }))
    await tenant.untilReady('payroll.weekly.v2', 'Scheduled')
    await tenant.until('scheduledintegrations', 'payroll.weekly.v2', ({ status }) => (status?.counts?.succeeded ?? 0) > 0)
  })
})

describe('an Integration', () => {
  const sized = (bytes: number) => ({ container: { image: 'registry.example.com/integration:1', args: Array.from({ length: Math.ceil(bytes / 16_000) }, () => 'x'.repeat(16_000)) } })

  test('of 400 KB runs', async ({ tenant }) => {
    await tenant.create(integration('export', sized(400_000)), scheduled('a', everyMinute))
    await tenant.untilReady('a', 'Scheduled')
    await tenant.until('scheduledintegrations', 'a', ({ status }) => (status?.counts?.succeeded ?? 0) > 0)
  })

  test('near one megabyte is scheduled or told to be too large, and other schedules go on', async ({ tenant }) => {
    await tenant.create(integration('large', sized(980_000)), integration('export'), scheduled('a', onceAYear, { integrationRef: { name: 'large' } }), scheduled('b', onceAYear))
    const answered = await tenant.until('scheduledintegrations', 'a', (schedule) => ['Scheduled', 'CronJobRefused'].includes(conditionOf(schedule, 'Ready')?.reason ?? ''))
    expect(conditionOf(answered, 'Ready')?.status === 'True').toBe(tenant.find('cronjobs', 'a') !== undefined)
    await tenant.untilReady('b', 'Scheduled')
  })
})

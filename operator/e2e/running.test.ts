import { describe, expect } from 'vitest'
import { everyMinute, integration, played, scheduled } from './harness/manifests.ts'
import { conditionOf, minuteOf, nextMinute, test } from './harness/tenant.ts'

describe('a schedule', () => {
  test('becomes a CronJob that starts a run at each of its minutes, and its status tells of them', async ({ tenant }) => {
    await tenant.apply(integration('export'), scheduled('often', everyMinute))
    const applied = Date.now()
    await tenant.untilReady('often', 'Scheduled')
    const jobs = await tenant.untilJobs('often', 2, ({ status }) => status?.completionTime !== undefined)
    expect(jobs.map(minuteOf).every((minute) => minute > applied - 60_000)).toBe(true)
    const { status } = await tenant.until('scheduledintegrations', 'often', (schedule) => (schedule.status?.counts?.succeeded ?? 0) >= 2)
    expect(status?.runs?.map(({ outcome }) => outcome).filter((outcome) => outcome === 'Succeeded').length).toBeGreaterThanOrEqual(2)
    expect(status?.lastRun?.jobName).toBe(status?.runs?.[0]?.jobName)
    expect(conditionOf({ status }, 'LastRunSucceeded')).toMatchObject({ status: 'True' })
  })

  test('whose run exits with a code of completedWithErrors tells so, and other codes are failures', async ({ tenant }) => {
    const failing = (exitCode: number) => ({ completedWithErrors: { exitCodes: [3] }, pod: played({ exitCode }) })
    await tenant.create(integration('some-records', failing(3)), integration('all-records', failing(4)))
    await tenant.create(
      scheduled('partly', everyMinute, { integrationRef: { name: 'some-records' } }),
      scheduled('wholly', everyMinute, { integrationRef: { name: 'all-records' } }),
    )
    const partly = await tenant.until('scheduledintegrations', 'partly', ({ status }) => (status?.counts?.completedWithErrors ?? 0) >= 1)
    const wholly = await tenant.until('scheduledintegrations', 'wholly', ({ status }) => (status?.counts?.failed ?? 0) >= 1)
    expect(partly.status?.counts?.failed).toBeUndefined()
    expect(wholly.status?.counts?.completedWithErrors).toBeUndefined()
    for (const schedule of [partly, wholly]) {
      expect(conditionOf(schedule, 'Ready')).toMatchObject({ status: 'True' })
      expect(conditionOf(schedule, 'LastRunSucceeded')).toMatchObject({ status: 'False' })
    }
  })

  test('that is suspended starts nothing, and once enabled nothing before its next minute', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('often', everyMinute, { suspend: true }))
    await tenant.untilReady('often', 'Suspended')
    await nextMinute()
    const quiet = await nextMinute()
    expect(tenant.jobs('often')).toEqual([])
    await tenant.edit('often', { suspend: false })
    const [first] = await tenant.untilJobs('often', 1)
    expect(first && minuteOf(first)).toBeGreaterThan(quiet)
  })
})

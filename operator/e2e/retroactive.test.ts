import { describe, expect } from 'vitest'
import type { Job, JsonObject } from '../model/kubernetes.ts'
import { api } from './harness/api.ts'
import { cron, everyMinute, integration, onceAYear, scheduled } from './harness/manifests.ts'
import { type Tenant, minuteOf, nextMinute, sleep, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'

// kube-controller-manager fires every match of the present expression since it last looked, whenever that expression was written, as
// soon as anything wakes it (design/time.md section 2). Ours must not: a run that nobody intended would start.

const jobTemplate = { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.example.com/any' }] } } } }

/** A CronJob without our care, with which kube-controller-manager shows that the danger is real. */
const unprotected = (name: string, schedule: string): JsonObject => ({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name }, spec: { schedule, timeZone: 'Etc/UTC', jobTemplate } })

const daily = (minute: number): string => `${new Date(minute).getUTCMinutes()} ${new Date(minute).getUTCHours()} * * *`

/** Wakes the CronJob controller, as any write does. */
const annotate = (tenant: Tenant, name: string) => tenant.change('cronjobs', name, { metadata: { annotations: { 'example.com/note': String(Date.now()) } } })

const minutesOf = (tenant: Tenant, owner: string): readonly number[] =>
  tenant.all('jobs').filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === owner) === true).map(minuteOf)

describe('a minute that has passed', () => {
  test('does not start a run when the schedule is edited so that it would have been a match, whatever is written to the CronJob', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('edited', onceAYear), scheduled('enabled', onceAYear, { suspend: true }))
    await api.create(tenant.path('cronjobs'), unprotected('unprotected', '59 23 31 12 *'))
    await tenant.untilReady('edited', 'Scheduled')
    await nextMinute()
    const passed = await nextMinute() // all CronJobs are older than this minute
    await sleep(2 * minutes)
    const schedule = daily(passed)
    await Promise.all([
      tenant.edit('edited', { schedule: cron(schedule) }),
      tenant.edit('enabled', { schedule: cron(schedule), suspend: false }),
      tenant.change('cronjobs', 'unprotected', { spec: { schedule } }),
    ])
    await Promise.all(['edited', 'enabled'].map((name) => tenant.until('scheduledintegrations', name, ({ status }) => status?.nextRunTime === new Date(passed + 24 * 60 * minutes).toISOString().replace('.000Z', 'Z'))))
    const end = Date.now() + 75_000
    while (Date.now() < end) {
      await Promise.all(['edited', 'enabled', 'unprotected'].map((name) => annotate(tenant, name)))
      await sleep(10_000)
    }
    expect(minutesOf(tenant, 'unprotected'), 'the CronJob without our care').toEqual([passed])
    expect([minutesOf(tenant, 'edited'), minutesOf(tenant, 'enabled')]).toEqual([[], []])
  })

  test('does not start a run when a schedule of every minute is enabled', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('often', everyMinute, { suspend: true }))
    await tenant.untilReady('often', 'Suspended')
    const passed = await nextMinute()
    await sleep(20_000)
    await tenant.edit('often', { suspend: false })
    const enabled = Date.now()
    await tenant.untilCronJob('often', ({ spec }) => spec.suspend === false)
    await annotate(tenant, 'often')
    const [first] = await tenant.untilJobs('often', 1)
    expect(passed).toBeLessThan(enabled)
    expect(first && minuteOf(first)).toBeGreaterThan(enabled)
  })

  test('does not start a run because the Integration is changed, and the next run has the change', async ({ tenant }) => {
    await tenant.create(integration('export'), scheduled('often', everyMinute))
    await tenant.untilJobs('often', 1)
    await sleep(15_000)
    const before = new Set(tenant.jobs('often').map(({ metadata }) => metadata.name))
    await tenant.change('integrations', 'export', { spec: { container: { image: 'registry.example.com/integration:2' } } })
    const updated = await tenant.untilCronJob('often', (cronJob) => JSON.stringify(cronJob.spec.jobTemplate).includes('integration:2'))
    const written = Date.now()
    await annotate(tenant, updated.metadata.name)
    const isLater = ({ metadata }: Job) => !before.has(metadata.name)
    const later = await tenant.untilJobs('often', 2, isLater)
    expect(later.filter((job) => minuteOf(job) > written).map((job) => JSON.stringify(job).includes('integration:2'))).not.toContain(false)
    expect(new Set(later.map(minuteOf)).size, 'one run for each minute').toBe(later.length)
    expect(later.some((job) => minuteOf(job) > written)).toBe(true)
  })
})

import { describe, expect } from 'vitest'
import { isOlder } from '../kube/resource-version.ts'
import type { Job } from '../model/kubernetes.ts'
import { meanwhile } from './harness/admission.ts'
import { api } from './harness/api.ts'
import { annotate, createCronJob, jobNameAt, lastScheduled, minutesOf, untilFired } from './harness/raw.ts'
import { type Tenant, nextMinute, sleep, test } from './harness/tenant.ts'
import { eventually, minutes } from './harness/watched.ts'

// The CronJob controller makes a Job, and then writes down that it has. Between the two somebody else may write to the CronJob, or
// delete the Job. In real life that is a matter of milliseconds, and how often it happens only statistics tell; here the API server
// holds the controller's second request until it has happened.

const everyMinute = '* * * * *'

/** While the controller writes the status of a CronJob for the first time. */
function beforeFirstStatus<T>(tenant: Tenant, act: (cronJob: string) => Promise<unknown>, story: () => Promise<T>): Promise<T> {
  const seen = new Set<string>()
  const probe = async () => {
    const [any] = tenant.all('cronjobs')
    await api.merge(`${tenant.path('cronjobs', any?.metadata.name)}/status?dryRun=All`, { status: { lastSuccessfulTime: '2020-01-01T00:00:00Z' } })
  }
  return meanwhile(tenant, {
    resource: 'cronjobs/status',
    operation: 'UPDATE',
    probe,
    act: async ({ metadata: { name } }) => {
      if (seen.has(name)) return
      seen.add(name)
      await act(name)
    },
  }, story)
}

/** By its creation, in whole seconds, milliseconds after its minute. */
function latenessOf(tenant: Tenant, cronJob: string, minute: number): number {
  return Date.parse(tenant.current('jobs', jobNameAt(cronJob, minute)).metadata.creationTimestamp) - minute
}

/** The story's only Job, once it is there. */
function anyJob(tenant: Tenant): Promise<Job> {
  return eventually(['jobs'], () => tenant.all('jobs')[0], { within: minutes, state: () => 'there is no Job' })
}

describe('when its status write meets a conflict after it made a Job, the CronJob controller', () => {
  test('never writes down that Job, and is late for the next one, unless another write wakes it then', async ({ tenant }) => {
    const begun = await nextMinute()
    await createCronJob(tenant, 'late', { schedule: everyMinute })
    await createCronJob(tenant, 'woken', { schedule: everyMinute })
    await beforeFirstStatus(tenant, (name) => annotate(tenant, name), async () => {
      const first = await nextMinute()
      expect(first, 'all was prepared within a minute').toBe(begun + minutes)
      const second = first + minutes
      await Promise.all(['late', 'woken'].map((name) => untilFired(tenant, name, first)))
      await sleep(first + 30_000 - Date.now())
      expect(['late', 'woken'].map((name) => lastScheduled(tenant, name)), 'a controller whose repair works says that it was there').toEqual([undefined, undefined])
      await sleep(second + 3_000 - Date.now())
      await annotate(tenant, 'woken')
      await Promise.all(['late', 'woken'].map((name) => untilFired(tenant, name, second)))
      // It tries again after 5 ms, and then after twice the time each: about 41 s and 82 s after the first minute.
      const [late, woken] = ['late', 'woken'].map((name) => tenant.current('jobs', jobNameAt(name, second)).metadata.resourceVersion)
      expect(isOlder(woken ?? '', late ?? ''), 'the one that was woken is first').toBe(true)
      expect(latenessOf(tenant, 'late', second)).toBeGreaterThanOrEqual(5_000)
      expect(latenessOf(tenant, 'late', second)).toBeLessThan(minutes)
      await tenant.untilCronJob('late', () => lastScheduled(tenant, 'late') === second)
      expect(minutesOf(tenant, 'late')).toEqual([first, second])
    })
  })

  test('makes the Job again when it is gone by then; afterwards it does not', async ({ tenant }) => {
    const uids: string[] = []
    const begun = await nextMinute()
    await createCronJob(tenant, 'eager', { schedule: everyMinute })
    const removeJob = async (): Promise<string> => {
      const job = await anyJob(tenant)
      await api.remove(tenant.path('jobs', job.metadata.name))
      await tenant.untilGone('jobs', job.metadata.name)
      return job.metadata.uid
    }
    await beforeFirstStatus(tenant, async (name) => {
      uids.push(await removeJob())
      await annotate(tenant, name)
    }, async () => {
      const first = await nextMinute()
      expect(first, 'all was prepared within a minute').toBe(begun + minutes)
      await tenant.untilCronJob('eager', () => lastScheduled(tenant, 'eager') === first)
      expect(minutesOf(tenant, 'eager')).toEqual([first])
      uids.push(await removeJob())
      await annotate(tenant, 'eager')
      await sleep(5_000)
      expect(minutesOf(tenant, 'eager')).toEqual([])
      expect(new Set(uids).size).toBe(2)
    })
  })
})

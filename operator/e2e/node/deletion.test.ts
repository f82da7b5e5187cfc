import { describe, expect } from 'vitest'
import { api } from '../harness/api.ts'
import { everyMinute, integration, scheduled } from '../harness/manifests.ts'
import { isComplete, logOf, script } from '../harness/real.ts'
import { type Tenant, nextMinute, sleep, test } from '../harness/tenant.ts'

// Runs in progress survive their schedule (design/runs.md, Deletion).

/** A run that is seen by the operator, and works for most of a minute. */
async function running(tenant: Tenant) {
  await tenant.create(integration('export', { container: script('sleep 40; echo done') }), scheduled('slow', everyMinute))
  const [job] = await tenant.untilJobs('slow', 1, ({ status, metadata }) => (status?.active ?? 0) > 0 && metadata.annotations?.['integration-scheduler.io/run-name'] !== undefined)
  if (job === undefined) throw new Error('no Job')
  return job
}

describe('a run in progress', () => {
  test.for(['Background', 'Foreground'] as const)('goes on to its end when its schedule is deleted in the %s', async (policy, { tenant }) => {
    const job = await running(tenant)
    await api.remove(tenant.path('scheduledintegrations', 'slow'), policy)
    await tenant.untilGone('scheduledintegrations', 'slow')
    await tenant.untilGone('cronjobs', 'slow')
    const gone = Date.now()
    await tenant.until('jobs', job.metadata.name, isComplete)
    expect(await logOf(tenant, job)).toBe('done\n')
    await nextMinute()
    await sleep(5_000)
    expect(tenant.jobs('slow').filter(({ metadata }) => Date.parse(metadata.creationTimestamp) > gone), 'nothing starts any more').toEqual([])
  })

  test('goes on to its end when its schedule is deleted as kubectl does, and a new schedule of that name runs', async ({ tenant }) => {
    const job = await running(tenant)
    const { code, stderr } = await tenant.kubectl('delete', 'sint', 'slow', '--timeout=60s')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    await tenant.untilGone('cronjobs', 'slow')
    await tenant.create(scheduled('slow', everyMinute))
    await tenant.untilReady('slow', 'Scheduled')
    await tenant.until('jobs', job.metadata.name, isComplete)
    expect(await logOf(tenant, job)).toBe('done\n')
    await tenant.untilJobs('slow', 1, ({ metadata }) => metadata.uid !== job.metadata.uid)
  })

  test('goes on to its end when its CronJob is deleted by hand', async ({ tenant }) => {
    const job = await running(tenant)
    const { uid } = tenant.current('cronjobs', 'slow').metadata
    await api.remove(tenant.path('cronjobs', 'slow'))
    await tenant.untilCronJob('slow', ({ metadata }) => metadata.uid !== uid)
    await tenant.until('jobs', job.metadata.name, isComplete)
    expect(await logOf(tenant, job)).toBe('done\n')
  })
})

import { expect } from 'vitest'
import { everyMinute, integration, played, scheduled } from '../harness/manifests.ts'
import { ProxiedOperator, proxyBeforeCluster } from '../harness/proxied-operator.ts'
import { annotate, jobNameAt } from '../harness/raw.ts'
import { untilRecord, written } from '../harness/runs.ts'
import { nextMinute, sleep, test } from '../harness/tenant.ts'
import { everThere } from './end-state.ts'
import { runBreaches } from './run-laws.ts'
import { minutes } from '../harness/watched.ts'

// The CronJob controller makes the Job of a match again if it is gone too early: who deletes a Job that was skipped has to wait for that.

test('a Job that was skipped and deleted is not made again, also if the operator dies before or after it deletes it', async ({ tenant }) => {
  const proxy = await proxyBeforeCluster(tenant.namespace)
  const operator = await ProxiedOperator.create({ proxy, name: tenant.namespace, onlyNamespace: tenant.namespace })
  const deleting = { verb: 'delete', resource: 'jobs' } as const
  proxy.use([
    { name: 'dies before', ...deleting, nth: 1, times: 1, fault: { kind: 'crash', when: 'before' } },
    { name: 'dies after', ...deleting, nth: 2, times: 1, fault: { kind: 'crash', when: 'after' } },
  ])
  try {
    await operator.start()
    await nextMinute()
    await tenant.create(integration('export', { pod: played({ runFor: '90s' }) }), scheduled('a', everyMinute, { overlapPolicy: 'Skip' }))
    await tenant.untilReady('a', 'Scheduled')
    // One runs for a minute and a half; the next is skipped; the one after that is a run again.
    const first = await nextMinute()
    const skipped = jobNameAt('a', first + minutes)
    await untilRecord(tenant, 'a', skipped, ({ outcome }) => outcome === 'Skipped')
    expect(tenant.find('jobs', skipped), 'too early to be deleted').toBeDefined()
    await tenant.untilGone('jobs', skipped, 4 * minutes)
    expect(tenant.current('cronjobs', 'a').status?.lastScheduleTime, 'deleted when the controller has gone on').toBe(new Date(first + 2 * minutes).toISOString().replace('.000', ''))
    await operator.untilBack()
    for (let time = 0; time < 4; time++) {
      await annotate(tenant, 'a') // what makes the controller look at its CronJob again
      await sleep(5_000)
    }
    await tenant.caughtUp()
    expect(everThere(tenant, 'jobs', skipped), 'Jobs of that minute').toBe(1)
    const record = await untilRecord(tenant, 'a', skipped)
    expect([record.outcome, record.reason]).toEqual(['Skipped', 'StillRunning'])
    const later = tenant.current('jobs', jobNameAt('a', first + 2 * minutes))
    expect(written(later, 'skipped')).toBeUndefined()
    expect(['dies before', 'dies after'].map((name) => proxy.struck(name))).toEqual([1, 1])
    expect(runBreaches(tenant)).toEqual([])
  } finally {
    await operator.kill()
    await proxy.stop()
  }
})

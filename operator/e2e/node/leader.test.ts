import { expect } from 'vitest'
import { kubectl } from '../harness/command.ts'
import { namespace, retried } from '../harness/install.ts'
import { everyMinute, integration, onceAYear, scheduled } from '../harness/manifests.ts'
import { isComplete, script } from '../harness/real.ts'
import { test } from '../harness/tenant.ts'
import { minutes } from '../harness/watched.ts'

// The only file here that interferes with the operator's pods. All other stories go on meanwhile: they must not notice.

const own = (...args: readonly string[]): Promise<string> => kubectl('--namespace', namespace, ...args)

/** The pod that works: its process is always number 1. */
async function leader(): Promise<string> {
  const holder = await own('get', 'lease', 'integration-scheduler', '--output', 'jsonpath={.spec.holderIdentity}')
  const [, pod] = /^(.+)_1$/.exec(holder) ?? []
  if (pod === undefined) throw new Error(`the Lease is held by '${holder}'`)
  return pod
}

/** `0` or `1`, as its metrics tell. */
async function isLeading(pod: string): Promise<string | undefined> {
  const metrics = await kubectl('get', '--raw', `/api/v1/namespaces/${namespace}/pods/${pod}:8080/proxy/metrics`)
  return /^integration_scheduler_leader (\d)$/m.exec(metrics)?.[1]
}

test('of two pods one works and the other is ready; when the one that works is stopped, another goes on', async ({ tenant }) => {
  await tenant.create(integration('export', { container: script('true') }), scheduled('often', everyMinute))
  await tenant.untilReady('often')
  await own('rollout', 'status', 'deployment/integration-scheduler', '--timeout=3m')
  const pods = (await own('get', 'pods', '--output', 'jsonpath={.items[*].metadata.name}')).split(' ')
  const former = await leader()
  expect(pods).toHaveLength(2)
  expect(await Promise.all(pods.map(isLeading))).toEqual(pods.map((pod) => (pod === former ? '1' : '0')))
  const log = await own('logs', former, '--tail=-1')
  expect(log.split('\n').filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([])

  await own('delete', 'pod', former, '--wait=false')
  // The other of the two, or the one that comes in place of the former: whichever asks first.
  await retried(async () => {
    if ((await leader()) === former) throw new Error(`${former} still works`)
  }, 2 * minutes)
  await tenant.create(scheduled('new', onceAYear))
  await tenant.untilReady('new')
  await tenant.untilJobs('often', 2, isComplete)
  await own('rollout', 'status', 'deployment/integration-scheduler', '--timeout=3m')
})

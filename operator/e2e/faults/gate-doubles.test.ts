import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Job } from '../../model/kubernetes.ts'
import { faultPlan } from '../../testing/fault-proxy-plan.ts'
import { instantiate } from '../harness/instantiate.ts'
import { everyMinute, integration, integrationRun, integrationSet, ofSet, onceAYear, played, scheduled } from '../harness/manifests.ts'
import { ProxiedOperator, proxyBeforeCluster } from '../harness/proxied-operator.ts'
import { isOver } from '../harness/real.ts'
import { jobsEver, untilEnded, written } from '../harness/runs.ts'
import { type Tenant, test } from '../harness/tenant.ts'
import { eventually, minutes } from '../harness/watched.ts'
import { untilUnlocked } from './gate-scenarios.ts'
import { carriedOut, expectSilence, refused, untilQuiet } from './play.ts'
import { holdersNow, runBreaches } from './run-laws.ts'

// Nobody elects a leader here: two operators decide at once on the same runs and locks, one of them upon what was 40 seconds ago.

const exclusive = { locks: [{ name: 'inbox/people.csv' }] }
const shared = { locks: [{ name: 'inbox/people.csv', mode: 'Shared' }] }

/** By overlapPolicy; all but Replace share a file. */
const schedules = { allow: 'reader', skip: 'writer', queue: 'writer', replace: 'slow' } as const
const policies = { allow: 'Allow', skip: 'Skip', queue: 'Queue', replace: 'Replace' } as const
const kinds = ['allow', 'skip', 'queue', 'replace'] as const

async function begin(tenant: Tenant): Promise<void> {
  await tenant.create(
    integration('writer', { ...exclusive, pod: played({ runFor: '4s' }) }),
    integration('reader', { ...shared, pod: played({ runFor: '3s' }) }),
    integration('slow', { pod: played({ runFor: '20s' }) }),
    integration('structure', { pod: played({ runFor: '2s' }) }),
    integrationSet('nightly', ['structure', 'writer']),
    ...kinds.map((kind) => scheduled(kind, onceAYear, { integrationRef: { name: schedules[kind] }, overlapPolicy: policies[kind] })),
    scheduled('set', onceAYear, { ...ofSet('nightly'), overlapPolicy: 'Queue' }),
    scheduled('often', everyMinute, { integrationRef: { name: 'writer' } }),
  )
  for (const name of [...kinds, 'set', 'often']) await tenant.untilReady(name, 'Scheduled')
}

const rounds = 8

/** In each round of six seconds a run of each schedule, made by hand, and now and then one of the set and one on demand. */
async function live(tenant: Tenant): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      await instantiate(tenant, kind, `${kind}-${round}`)
      await sleep(500)
    }
    if (round % 3 === 0) await instantiate(tenant, 'set', `set-${round}`)
    if (round % 3 === 1) await tenant.create(integrationRun(`now-${round}`, { integrationRef: { name: 'writer' } }))
    await sleep(4_000)
  }
  await tenant.edit('often', { suspend: true })
  await tenant.untilReady('often', 'Suspended')
}

const isHandled = (job: Job): boolean => isOver(job) || written(job, 'skipped') !== undefined || written(job, 'replaced') !== undefined

async function untilAllHandled(tenant: Tenant): Promise<void> {
  const open = () => jobsEver(tenant).filter((job) => !isHandled(job)).map(({ metadata }) => metadata.name)
  await eventually(['jobs'], () => (open().length === 0 ? true : undefined), { within: 6 * minutes, state: () => `runs that have not come to an end: ${open().join(', ')}` })
  await untilUnlocked(tenant)
}

/** What never starts is deleted in the end, up to two and a half minutes after its minute. */
async function untilCleared(tenant: Tenant): Promise<void> {
  const surplus = () => tenant.all('jobs').filter((job) => written(job, 'skipped') !== undefined).map(({ metadata }) => metadata.name)
  await eventually(['jobs'], () => (surplus().length === 0 ? true : undefined), { within: 6 * minutes, state: () => `not deleted: ${surplus().join(', ')}` })
}

function expectTold(tenant: Tenant, name: string): void {
  const { status } = tenant.current('scheduledintegrations', name)
  const records = status?.runs ?? []
  const jobs = jobsEver(tenant).filter(({ metadata }) => metadata.labels?.['integration-scheduler.io/schedule'] === name)
  const told = records.map(({ jobName, outcome, reason = '' }) => `${jobName} ${outcome} ${reason}`).join(', ')
  expect(new Set(records.map(({ jobUID }) => jobUID)), `${name}: each run is told: ${told}`).toEqual(new Set(jobs.map(({ metadata }) => metadata.uid)))
  expect(records.length, `${name}: once: ${told}`).toBe(jobs.length)
  const counted = Object.values(status?.counts ?? {}).reduce((total: number, count = 0) => total + count, 0)
  expect(counted, `${name}: each run is counted once: ${JSON.stringify(status?.counts)}`).toBe(jobs.length)
  const wrong = records.filter((record) => !jobs.some((job) => job.metadata.uid === record.jobUID && outcomesOf(job).includes(record.outcome)))
  expect(wrong, `${name}: told as it was: ${told}`).toEqual([])
}

/** A run that ends by itself when it is about to be replaced is told as what came first. */
function outcomesOf(job: Job): readonly (string | undefined)[] {
  const skipped = written(job, 'skipped')
  if (skipped !== undefined) return [skipped['outcome']]
  return [...(written(job, 'replaced') === undefined ? [] : ['Replaced']), ...(isOver(job) ? ['Succeeded'] : [])]
}

test('two operators at once, all watches of one 40 s behind: no lock is held by two, no run starts twice, all come to an end', async ({ tenant }) => {
  const proxy = await proxyBeforeCluster(tenant.namespace)
  const names = ['fresh', 'late']
  const operators = await Promise.all(names.map((name) => ProxiedOperator.create({ proxy, name: `${tenant.namespace}-${name}`, onlyNamespace: tenant.namespace })))
  const resources = ['scheduledintegrations', 'integrations', 'integrationsets', 'integrationruns', 'cronjobs', 'jobs', 'leases']
  const behind = resources.map((resource) => ({ name: `${resource} behind`, client: `${tenant.namespace}-late`, verb: 'watch', resource, fault: { kind: 'hold', seconds: 40 } }))
  proxy.use(faultPlan.parse({ rules: behind }).rules)
  try {
    await Promise.all(operators.map((operator) => operator.start()))
    await begin(tenant)
    await live(tenant)
    await untilAllHandled(tenant)
    await untilCleared(tenant)
    await sleep(45_000) // until the late one has seen all of it
    await untilQuiet(proxy, 30_000)
    await tenant.caughtUp()
    expect(runBreaches(tenant)).toEqual([])
    expect(holdersNow(tenant), 'who still holds locks').toEqual([])
    for (const name of [...kinds, 'set']) expectTold(tenant, name)
    for (const run of ['now-1', 'now-4', 'now-7']) expect((await untilEnded(tenant, run)).outcome).toBe('Succeeded')
    await expectSilence(proxy, tenant)
    expectNoFight(tenant, carriedOut(proxy.trace), refused(proxy.trace))
  } finally {
    await Promise.all(operators.map((operator) => operator.kill()))
    await proxy.stop()
  }
})

/**
 * One operator alone writes on each Job that it has to wait, who it waits for then, that it starts, and deletes it if it never does; who
 * is behind is refused most of what it tries (status and lock table as well), and tries again when its stores have had time to catch up.
 */
function expectNoFight(tenant: Tenant, writes: readonly string[], refusals: readonly string[]): void {
  const jobs = jobsEver(tenant).length
  const ofJobs = writes.filter((write) => / jobs /.test(write))
  expect(ofJobs.length, `writes of ${jobs} Jobs: ${ofJobs.join(', ')}`).toBeLessThanOrEqual(6 * jobs)
  expect(refusals.length, `refused: ${refusals.join(', ')}`).toBeLessThanOrEqual(10 * jobs)
}

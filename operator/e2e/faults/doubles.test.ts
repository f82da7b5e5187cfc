import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { CronJob, Job } from '../../model/kubernetes.ts'
import type { FaultProxy } from '../../testing/fault-proxy.ts'
import { faultPlan } from '../../testing/fault-proxy-plan.ts'
import { api } from '../harness/api.ts'
import { everyMinute, integration, onceAYear, scheduled } from '../harness/manifests.ts'
import { ProxiedOperator, proxyBeforeCluster } from '../harness/proxied-operator.ts'
import { type Tenant, conditionOf, isPresent, minuteOf, nextMinute, test } from '../harness/tenant.ts'
import { minutes, watched } from '../harness/watched.ts'
import { everThere } from './end-state.ts'
import { carriedOut, expectSilence, refused, untilQuiet } from './play.ts'

// Nobody elects a leader here: several operators work on the same schedules at once, and must not do harm.

const running = (tenant: Tenant, name: string) => tenant.untilCronJob(name, ({ spec }) => spec.suspend !== true)
const suspended = (tenant: Tenant, name: string) => tenant.untilCronJob(name, ({ spec }) => spec.suspend === true)
const untilSecond = (second: number): Promise<void> => sleep((second * 1_000 - (Date.now() % minutes) + minutes) % minutes)
const inOrder = (instants: readonly number[]): readonly number[] => instants.toSorted((one, other) => one - other)
const created = ({ metadata }: Job | CronJob): number => Date.parse(metadata.creationTimestamp)

/** Also those that were deleted because the history was full. */
function allJobs(tenant: Tenant, name: string): readonly Job[] {
  const ever = watched('jobs').names(tenant.namespace).flatMap((job) => tenant.versions('jobs', job).find((version) => version !== undefined) ?? [])
  return ever.filter(({ metadata }) => metadata.labels?.['integration-scheduler.io/schedule'] === name)
}

/** Jobs that were created in between; the API server tells whole seconds. */
function jobsBetween(tenant: Tenant, name: string, after: number, before = Infinity): readonly string[] {
  return allJobs(tenant, name).filter((job) => created(job) > after && created(job) < before).map(({ metadata }) => `${metadata.name} of ${metadata.creationTimestamp}`)
}

/** Ways in which a schedule can change while one of two operators does not know it yet, and the runs that must not be. */
const lives = {
  paused: async (tenant: Tenant) => {
    await tenant.edit('paused', { suspend: true })
    await suspended(tenant, 'paused')
    const landed = Date.now()
    await nextMinute()
    await sleep(15_000)
    const asked = Date.now()
    await tenant.edit('paused', { suspend: false })
    await running(tenant, 'paused')
    return () => jobsBetween(tenant, 'paused', landed, asked)
  },
  toggled: async (tenant: Tenant) => {
    for (const suspend of [true, false, true]) {
      await tenant.edit('toggled', { suspend })
      await (suspend ? suspended : running)(tenant, 'toggled')
      await sleep(3_000)
    }
    const landed = Date.now()
    return () => jobsBetween(tenant, 'toggled', landed)
  },
  slowed: async (tenant: Tenant) => {
    await tenant.edit('slowed', { schedule: onceAYear })
    await tenant.untilCronJob('slowed', ({ spec }) => spec.schedule === '59 23 31 12 *')
    const landed = Date.now()
    return () => jobsBetween(tenant, 'slowed', landed)
  },
  sped: async (tenant: Tenant) => {
    await tenant.edit('sped', { schedule: everyMinute })
    await tenant.untilCronJob('sped', ({ spec }) => spec.schedule === '* * * * *')
    await untilSecond(50) // ten seconds before a match
    await tenant.edit('sped', { suspend: true })
    await suspended(tenant, 'sped')
    const landed = Date.now()
    return () => jobsBetween(tenant, 'sped', landed)
  },
  removed: async (tenant: Tenant) => {
    await api.remove(tenant.path('scheduledintegrations', 'removed'))
    await tenant.untilGone('cronjobs', 'removed')
    const landed = Date.now()
    return () => jobsBetween(tenant, 'removed', landed)
  },
} as const

/**
 * A schedule that is gone before one of the operators has heard of it. Nothing tells that one so: it makes a CronJob, which the garbage
 * collector takes away at once. Far from a match, because one that fell into this moment would be fired.
 */
async function brief(tenant: Tenant): Promise<void> {
  await untilSecond(2) // the one that is 40 seconds behind makes it a quarter of a minute before a match
  await tenant.create(scheduled('brief', everyMinute))
  await tenant.untilReady('brief', 'Scheduled')
  await api.remove(tenant.path('scheduledintegrations', 'brief'))
  await tenant.untilGone('cronjobs', 'brief')
}

async function beginLives(tenant: Tenant): Promise<void> {
  await tenant.create(integration('export'), scheduled('often', everyMinute), scheduled('steady', onceAYear))
  for (const name of ['paused', 'toggled', 'slowed', 'removed']) await tenant.create(scheduled(name, everyMinute))
  await tenant.create(scheduled('sped', onceAYear))
  for (const name of ['often', 'steady', ...Object.keys(lives)]) await tenant.untilReady(name, 'Scheduled')
}

const lasting = ['often', 'steady', 'paused', 'toggled', 'slowed', 'sped']

/** All changes, each from 15 seconds after a minute, and then everything is brought to rest. */
async function live(tenant: Tenant): Promise<void> {
  await untilSecond(15)
  const [, ...checks] = await Promise.all([brief(tenant), ...Object.values(lives).map((life) => life(tenant))])
  await untilSecond(15)
  for (const name of ['often', 'paused']) await tenant.edit(name, { suspend: true })
  for (const name of ['often', 'paused', 'toggled', 'sped']) await tenant.untilReady(name, 'Suspended')
  await tenant.caughtUp()
  expect(checks.flatMap((unwanted) => unwanted()), 'no run after a landed suspend or edit, or after the end').toEqual([])
}

function expectRightEnd(tenant: Tenant): void {
  for (const name of lasting) {
    const schedule = tenant.current('scheduledintegrations', name)
    const jobs = allJobs(tenant, name)
    const runs = schedule.status?.runs ?? []
    const told = (outcome: string) => inOrder(runs.flatMap((run) => (run.outcome === outcome ? [Date.parse(run.scheduledTime ?? '')] : [])))
    expect(new Set(jobs.map(minuteOf)).size, `${name}: one Job for a minute`).toBe(jobs.length)
    expect(told('Succeeded'), `${name}: each Job is told once`).toEqual(inOrder(jobs.map(minuteOf)))
    // What was changed shortly before its time is told as skipped; what was due before its CronJob had been created, as missed.
    const none = { Skipped: told('Skipped'), Missed: told('Missed') }
    const minutesOfJobs = new Set(jobs.map(minuteOf))
    expect([...none.Skipped, ...none.Missed].filter((minute) => minutesOfJobs.has(minute)), `${name}: what has a Job is not told as skipped or missed`).toEqual([])
    expect(none.Missed.filter((minute) => minute >= Math.min(...minutesOfJobs)), `${name}: missed, though its CronJob was there`).toEqual([])
    const expected = { succeeded: jobs.length, skipped: none.Skipped.length, missed: none.Missed.length }
    const counts = Object.fromEntries(Object.entries(expected).filter(([, count]) => count > 0))
    expect([runs.length, schedule.status?.counts ?? {}], `${name}: nothing else is told`).toEqual([jobs.length + none.Skipped.length + none.Missed.length, counts])
    const conditions = ['Ready', 'Active'].map((type) => conditionOf(schedule, type)?.status)
    expect([isPresent(schedule), ...conditions], `${name}: status of the present spec, Ready, Active`).toEqual([true, 'True', name === 'steady' || name === 'slowed' ? 'True' : 'False'])
  }
  const often = inOrder(allJobs(tenant, 'often').map(minuteOf))
  expect(often, 'often: none is missing').toEqual(often.map((_minute, index) => (often[0] ?? 0) + index * minutes))
  expect(allJobs(tenant, 'brief')).toEqual([])
  const cronJobs = tenant.all('cronjobs').map(({ metadata }) => metadata.name)
  expect(cronJobs.toSorted()).toEqual(lasting.toSorted())
  for (const name of lasting) expect(everThere(tenant, 'cronjobs', name), `${name}: one CronJob for life`).toBe(1)
  expect(tenant.current('integrations', 'export').status?.scheduledBy).toBe(6)
}

/**
 * Eight schedules, with a dozen changes. One operator alone writes 8 creates and 13 patches of CronJobs, and of status one for each and two for
 * each run. Of two that do the same at the same time the API server refuses one; and who is 40 seconds behind tries again when its
 * stores have had time to catch up.
 */
function expectNoFight(tenant: Tenant, proxy: FaultProxy): void {
  const writes = carriedOut(proxy.trace)
  const alone = 8 + 13 + 2 * everThere(tenant, 'jobs')
  expect(writes.filter((write) => write.includes(' cronjobs ')).length, `carried out: ${writes.join(', ')}`).toBeLessThanOrEqual(26)
  expect(writes.filter((write) => write.includes('/status')).length, `carried out: ${writes.join(', ')}`).toBeLessThanOrEqual(1.5 * alone)
  expect(refused(proxy.trace).length, `refused: ${refused(proxy.trace).join(', ')}`).toBeLessThanOrEqual(2 * writes.length)
}

async function expectRestIn(tenant: Tenant, proxy: FaultProxy): Promise<void> {
  await untilQuiet(proxy, 10_000)
  await tenant.caughtUp()
  expectRightEnd(tenant)
  await expectSilence(proxy, tenant)
  expectNoFight(tenant, proxy)
}

function operatorsOf(tenant: Tenant, proxy: FaultProxy, names: readonly string[]): Promise<readonly ProxiedOperator[]> {
  return Promise.all(names.map((name) => ProxiedOperator.create({ proxy, name: `${tenant.namespace}-${name}`, onlyNamespace: tenant.namespace })))
}

test('two operators at once, all watches of one 40 s behind: no unwanted run, no fight, silence at the end', async ({ tenant }) => {
  const proxy = await proxyBeforeCluster(tenant.namespace)
  const operators = await operatorsOf(tenant, proxy, ['fresh', 'late'])
  const behind = ['scheduledintegrations', 'integrations', 'cronjobs', 'jobs'].map((resource) =>
    ({ name: `${resource} behind`, client: `${tenant.namespace}-late`, verb: 'watch', resource, fault: { kind: 'hold', seconds: 40 } }))
  proxy.use(faultPlan.parse({ rules: behind }).rules)
  try {
    await Promise.all(operators.map((operator) => operator.start()))
    await beginLives(tenant)
    await live(tenant)
    await sleep(45_000) // until the late one has seen all of it
    await expectRestIn(tenant, proxy)
  } finally {
    await Promise.all(operators.map((operator) => operator.kill()))
    await proxy.stop()
  }
})

test('three operators that come and go without a word: no unwanted run, no fight, silence at the end', async ({ tenant }) => {
  const proxy = await proxyBeforeCluster(tenant.namespace)
  const operators = await operatorsOf(tenant, proxy, ['1', '2', '3'])
  const over = new AbortController()
  try {
    await Promise.all(operators.map((operator) => operator.start()))
    await beginLives(tenant)
    const coming = comeAndGo(operators, over.signal)
    await live(tenant)
    over.abort()
    await coming
    await expectRestIn(tenant, proxy)
  } finally {
    over.abort()
    await Promise.all(operators.map((operator) => operator.kill()))
    await proxy.stop()
  }
})

/** All are killed one after the other, then started one after the other, and so on; in the end all are there. */
async function comeAndGo(operators: readonly ProxiedOperator[], over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    for (const operator of operators) {
      await operator.kill()
      await sleep(4_000)
    }
    for (const operator of operators) {
      await operator.start()
      await sleep(4_000)
    }
  }
}

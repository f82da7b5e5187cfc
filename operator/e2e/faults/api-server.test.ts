import { rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { FaultProxy, Traced } from '../../testing/fault-proxy.ts'
import { type FaultRule, faultPlan } from '../../testing/fault-proxy-plan.ts'
import { kubectl } from '../harness/command.ts'
import { namespace, retried } from '../harness/install.ts'
import { integration, onceAYear, scheduled } from '../harness/manifests.ts'
import { serviceAccountToken } from '../harness/operator-child.ts'
import { operatorFile } from '../harness/operator-process.ts'
import { ProxiedOperator, proxyBeforeCluster } from '../harness/proxied-operator.ts'
import { type Tenant, conditionOf, test } from '../harness/tenant.ts'
import { minutes } from '../harness/watched.ts'
import { everThere } from './end-state.ts'
import { carriedOut, expectSilence, untilQuiet } from './play.ts'

// An API server that is not well, or that is believed to be: what the operator asks of it meanwhile, and that it works again afterwards
// without a restart. The real one is behind the proxy.

interface Stage {
  readonly tenant: Tenant
  readonly proxy: FaultProxy
}

async function withOperator({ tenant, user, rules = [] }: { readonly tenant: Tenant; readonly user?: object; readonly rules?: readonly FaultRule[] }, story: (stage: Stage) => Promise<void>): Promise<void> {
  const proxy = await proxyBeforeCluster(tenant.namespace)
  proxy.use(rules)
  const operator = await ProxiedOperator.create({ proxy, name: tenant.namespace, onlyNamespace: tenant.namespace, ...(user !== undefined && { user }) })
  try {
    await operator.start()
    const { pid } = operator
    await tenant.create(integration('export'))
    await tenant.until('integrations', 'export', (object) => conditionOf(object, 'Ready')?.status === 'True')
    await story({ tenant, proxy })
    expect(operator.pid, 'it is the same process').toBe(pid)
    expect((await operator.log()).split('\n').filter((line) => /"level":"(?:error|fatal)"/.test(line))).toEqual([])
  } finally {
    await operator.kill()
    await proxy.stop()
  }
}

function rulesOf(...rules: readonly Omit<FaultRule, 'name'>[]): readonly FaultRule[] {
  return faultPlan.parse({ rules: rules.map((rule) => ({ name: `${rule.fault.kind} ${rule.verb ?? ''}`, ...rule })) }).rules
}

const newYear = { recurrence: { cron: '0 0 1 1 *' } }
const names = Array.from({ length: 30 }, (_unused, index) => `schedule-${index}`)

async function createAll(tenant: Tenant): Promise<void> {
  await Promise.all(names.map((name) => tenant.create(scheduled(name, onceAYear))))
  await Promise.all(names.map((name) => tenant.untilAtHome(name)))
}

async function untilAllEdited(tenant: Tenant): Promise<void> {
  for (const name of names) await tenant.untilCronJob(name, ({ spec }) => spec.schedule === '0 0 1 1 *')
  for (const name of names) await tenant.untilReady(name, 'Scheduled')
}

/** The most requests in any three seconds, by when they reached the proxy, which is not always at once; a second. */
function most(trace: readonly Traced[]): number {
  return Math.max(0, ...trace.map(({ at }) => trace.filter((other) => other.at >= at && other.at < at + 3_000).length)) / 3
}

test('while everything fails the operator asks at most five times a second, and then does what was due', ({ tenant }) => withOperator({ tenant }, async ({ proxy }) => {
  await createAll(tenant)
  await untilQuiet(proxy, 3_000)
  const phases: readonly [string, Omit<FaultRule, 'name'>, number][] = [
    ['writes are refused with 500', { verb: 'write', fault: { kind: 'answer', code: 500 } }, 15_000],
    ['all is refused with 500', { fault: { kind: 'answer', code: 500 } }, 20_000],
    ['all is refused with 429', { fault: { kind: 'answer', code: 429, retryAfter: 2 } }, 20_000],
    ['nothing is answered', { fault: { kind: 'silence' } }, 35_000],
  ]
  for (const [phase, rule, lasting] of phases) {
    proxy.use(rulesOf(rule))
    if (rule.verb === undefined) proxy.endWatches()
    else await Promise.all(names.map((name) => tenant.edit(name, { schedule: newYear })))
    // What is under way when it begins to fail is not held back by anything.
    await sleep(3_000)
    const from = proxy.trace.length
    await sleep(lasting)
    const trace = proxy.trace.slice(from)
    expect(trace.length, `${phase}: it goes on asking`).toBeGreaterThan(0)
    expect(most(trace), `${phase}: requests a second`).toBeLessThanOrEqual(5)
  }
  proxy.use([])
  await untilAllEdited(tenant)
  // What had no answer has none to the end: a watch is given up after 90 s, and is tried again 30 s later.
  await untilQuiet(proxy, 125_000)
  await expectSilence(proxy, tenant)
}))

test('an API server that hangs up every watch after a second is asked for no list, and changes are seen all the same', ({ tenant }) => withOperator({ tenant }, async ({ proxy }) => {
  await tenant.create(scheduled('a', onceAYear))
  await tenant.untilReady('a', 'Scheduled')
  proxy.use(rulesOf({ verb: 'watch', fault: { kind: 'endWatch', after: 1 } }))
  proxy.endWatches()
  const from = proxy.trace.length
  await sleep(30_000)
  await tenant.edit('a', { schedule: newYear })
  await tenant.untilCronJob('a', ({ spec }) => spec.schedule === '0 0 1 1 *')
  await sleep(20_000)
  const trace = proxy.trace.slice(from)
  const watches = Map.groupBy(trace.filter(({ verb }) => verb === 'watch'), ({ resource }) => resource)
  // Where nothing happens in this namespace, and much in others, an API server has forgotten after 75 s what these watches go on from.
  const forgotten = new Set(trace.filter(({ serverCode }) => serverCode === 410).map(({ resource }) => resource))
  expect(trace.filter(({ verb, resource }) => verb === 'list' && !forgotten.has(resource))).toEqual([])
  for (const [resource, all] of watches) expect(all.length, `watches of ${resource} in a minute`).toBeLessThanOrEqual(20)
  proxy.use([])
}))

test('a list from the past is not believed: nothing is written again, and changes are seen afterwards', async ({ tenant }) => {
  // The first list, in which there is no CronJob yet, is what the second and the third are answered with.
  const past = rulesOf({ verb: 'list', resource: 'cronjobs', nth: 2, times: 2, fault: { kind: 'replay' } })
  const expired = rulesOf({ verb: 'watch', resource: 'cronjobs', times: 1, fault: { kind: 'answer', code: 410 } })
  await withOperator({ tenant, rules: past }, async ({ proxy }) => {
    await tenant.create(scheduled('a', onceAYear))
    await tenant.untilAtHome('a')
    await tenant.until('integrations', 'export', ({ status }) => status?.scheduledBy === 1)
    await untilQuiet(proxy, 3_000)
    const from = proxy.trace.length
    proxy.use([...past, ...expired])
    proxy.endWatches('cronjobs')
    const lists = () => proxy.trace.slice(from).filter(({ verb, resource }) => verb === 'list' && resource === 'cronjobs')
    await retried(async () => expect(lists().length).toBeGreaterThanOrEqual(3), 2 * minutes)
    await untilQuiet(proxy, 10_000)
    expect(lists().map(({ rule }) => rule)).toEqual([past[0]?.name, past[0]?.name, undefined])
    expect(carriedOut(proxy.trace.slice(from))).toEqual([])
    await tenant.edit('a', { schedule: newYear })
    await tenant.untilCronJob('a', ({ spec }) => spec.schedule === '0 0 1 1 *')
    expect(everThere(tenant, 'cronjobs')).toBe(1)
  })
})

test('a token that expires and is replaced in its file ends nothing', async ({ tenant }) => {
  const secret = `token-${tenant.namespace}`
  const tokenFile = join(dirname(operatorFile('log')), '..', `${secret}.token`)
  // The API server accepts it as long as this Secret is there.
  await kubectl('create', 'secret', 'generic', secret, '--namespace', namespace)
  await writeFile(tokenFile, await serviceAccountToken(namespace, '--bound-object-kind', 'Secret', '--bound-object-name', secret), { mode: 0o600 })
  await withOperator({ tenant, user: { tokenFile } }, async ({ proxy }) => {
    await tenant.create(scheduled('a', onceAYear))
    await tenant.untilReady('a', 'Scheduled')
    await kubectl('delete', 'secret', secret, '--namespace', namespace)
    await sleep(12_000) // the API server remembers for ten seconds whom it has let in
    proxy.endWatches()
    await sleep(1_500)
    const from = proxy.trace.length
    await tenant.edit('a', { schedule: newYear })
    await sleep(15_000)
    const trace = proxy.trace.slice(from)
    const answers = trace.flatMap(({ serverCode }) => (serverCode === 0 ? [] : [serverCode])) // one may be under way
    expect(new Set(answers), 'it goes on asking').toEqual(new Set([401]))
    expect(most(trace)).toBeLessThanOrEqual(5)
    await writeFile(`${tokenFile}.new`, await serviceAccountToken(namespace), { mode: 0o600 })
    await rename(`${tokenFile}.new`, tokenFile)
    await tenant.untilCronJob('a', ({ spec }) => spec.schedule === '0 0 1 1 *', 2 * minutes)
    await tenant.untilReady('a', 'Scheduled')
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { JsonObject } from '../../model/kubernetes.ts'
import { leaderLease } from '../../model/names.ts'
import type { FaultProxy, Traced } from '../../testing/fault-proxy.ts'
import type { FaultRule } from '../../testing/fault-proxy-plan.ts'
import { auditMark, inWords, operatorRequests, written } from '../harness/audit-log.ts'
import { ProxiedOperator, proxyBeforeCluster } from '../harness/proxied-operator.ts'
import type { Tenant } from '../harness/tenant.ts'
import { minutes } from '../harness/watched.ts'
import { comparable, endState, everThere } from './end-state.ts'
import { holdersNow, runBreaches } from './run-laws.ts'
import type { Scenario } from './scenarios.ts'

/** What became of a scenario, for comparison. */
export interface Played {
  readonly end: JsonObject
  /** CronJobs and Jobs that ever were there. */
  readonly objects: readonly [number, number]
  /** Writes that the API server carried out, Events apart, in their order. */
  readonly writes: readonly string[]
}

/**
 * Plays a scenario with an operator of its own, under these rules from the change on; afterwards there must be silence, no lock is held,
 * and none ever was by two.
 */
export async function play(tenant: Tenant, scenario: Scenario, rules: readonly FaultRule[]): Promise<Played> {
  const proxy = await proxyBeforeCluster(tenant.namespace)
  const operator = await ProxiedOperator.create({ proxy, name: tenant.namespace, onlyNamespace: tenant.namespace })
  try {
    await operator.start()
    // Far enough for everything to be prepared by then.
    const stage = { tenant, match: Math.ceil((Date.now() + 110_000) / minutes) * minutes }
    await scenario.prepare(stage)
    await untilQuiet(proxy, 3_000)
    const from = proxy.trace.length
    proxy.use(rules)
    await scenario.change(stage)
    await scenario.done(stage)
    for (const rule of rules) await untilStruck(proxy, rule)
    await operator.untilBack()
    await scenario.done(stage)
    await untilQuiet(proxy, 5_000)
    await expectSilence(proxy, tenant)
    for (const { name } of rules) expect(proxy.struck(name), `how often rule ${name} struck`).toBe(1)
    await tenant.caughtUp()
    expect(runBreaches(tenant), 'laws of runs and locks').toEqual([])
    expect(holdersNow(tenant), 'who still holds locks').toEqual([])
    return { end: endState(stage), objects: [everThere(tenant, 'cronjobs'), everThere(tenant, 'jobs')], writes: carriedOut(proxy.trace.slice(from)).map((write) => comparable(write, stage)) }
  } catch (error) {
    const trace = proxy.trace.filter(({ verb, resource }) => verb !== 'watch' && resource !== 'events').map((traced) => JSON.stringify(traced)).join('\n')
    throw new Error(`${error instanceof Error ? error.message : String(error)}\ntrace:\n${trace}\nlog:\n${await operator.log()}`, { cause: error })
  } finally {
    await operator.kill()
    await proxy.stop()
  }
}

/** Writes that the API server carried out, Events apart. */
export function carriedOut(trace: readonly Traced[]): readonly string[] {
  return written(trace).flatMap(({ verb, resource, name, serverCode }) => (serverCode >= 200 && serverCode < 300 ? [`${verb} ${resource} ${name}`] : []))
}

/** Writes that the API server refused, Events apart. */
export function refused(trace: readonly Traced[]): readonly string[] {
  return written(trace).flatMap(({ verb, resource, name, serverCode }) => (serverCode >= 300 ? [`${verb} ${resource} ${name} (${serverCode})`] : []))
}

/** Watches and the leader's Lease apart, which is renewed for ever. */
function asked(trace: readonly Traced[]): readonly Traced[] {
  return trace.filter(({ verb, name }) => verb !== 'watch' && name !== leaderLease)
}

/** Whether an answer is to come: no rule has struck it, and its client is not long gone. */
function isUnderWay({ code, rule, at }: Traced): boolean {
  return code === 0 && rule === undefined && at > Date.now() - minutes
}

/** Resolves when nothing has been asked for so long, and nothing is under way, watches apart; milliseconds. */
export async function untilQuiet(proxy: FaultProxy, quiet: number): Promise<void> {
  const end = Date.now() + minutes + 3 * quiet
  for (;;) {
    const all = asked(proxy.trace)
    const left = all.some(isUnderWay) ? quiet : (all.at(-1)?.at ?? 0) + quiet - Date.now()
    if (left <= 0) return
    if (Date.now() > end) throw new Error(`there is no quiet: ${inWords(asked(proxy.trace).slice(-20)).join(', ')}`)
    await sleep(left)
  }
}

async function untilStruck(proxy: FaultProxy, { name }: FaultRule): Promise<void> {
  for (const end = Date.now() + 30_000; proxy.struck(name) === 0; await sleep(100)) {
    if (Date.now() > end) throw new Error(`the rule ${name} never struck: this case proves nothing`)
  }
}

/** By the proxy's trace and by the API server's own log. */
export async function expectSilence(proxy: FaultProxy, tenant: Tenant, lasting = 10_000): Promise<void> {
  const [from, mark] = [proxy.trace.length, await auditMark()]
  await sleep(lasting)
  expect(inWords(asked(proxy.trace.slice(from))), 'there is silence').toEqual([])
  const audited = await operatorRequests(mark, tenant.namespace)
  expect(inWords(audited.filter(({ verb }) => verb !== 'watch')), 'there is silence, by the audit log').toEqual([])
}

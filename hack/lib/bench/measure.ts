// One measurement each, of the operator and, where there is one, of the mark beside it.
import { setTimeout as sleep } from 'node:timers/promises'
import { auditMark, countsOf, operatorRequests } from '../../../operator/e2e/harness/audit-log.ts'
import { type Cluster, newCluster, serverPids } from './cluster.ts'
import { makeFinishedJobs } from './finished-jobs.ts'
import { applySchedules } from './load.ts'
import { type OperatorProcess, type Program, startOperator } from './operator.ts'
import { type Memory, cpuOf, memoryOf, untilAtRest } from './proc.ts'
import type { Bodies } from './raw.ts'
import { learnedBodies, startRawClient } from './raw-client.ts'
import { Seen, isCurrent } from './seen.ts'

export interface Setting {
  /** Of a cluster that may be removed at any time. */
  readonly clusterName: string
  readonly program: Program
  readonly schedules: number
}

const minutes = 60_000
const seconds = (milliseconds: number) => Math.round(milliseconds) / 1000

export interface Converged {
  readonly by: 'operator' | 'raw 16' | 'raw 32'
  /** From `operator started`, or from the first request of the raw client. */
  readonly seconds: number
  readonly sinceSpawn?: number
  /** CPU time of the client and of API server and etcd in that time. Other load makes everything slower, but this hardly. */
  readonly cpu: { readonly client: number; readonly server: number }
  /** From here on: once the operator is at rest. */
  readonly memory?: Memory
  readonly cpuSeconds?: number
  readonly requests?: Requests
}

/** Counts by `verb resource`. */
export type Requests = Readonly<Record<string, number>>

/** A new cluster with schedules that nobody has acted on, and a watch over what becomes of them. */
async function prepared({ clusterName, schedules }: Setting) {
  const cluster = await newCluster(clusterName)
  const targets = await applySchedules(cluster.load, schedules)
  await sleep(2_000)
  const cronJobs = await Seen.open(cluster.load, 'cronjobs')
  const statuses = await Seen.open(cluster.load, 'scheduledintegrations', isCurrent)
  const all = async () => {
    const ends = await Promise.all([cronJobs, statuses].map((seen) => seen.until(schedules, 30 * minutes)))
    cronJobs.close()
    statuses.close()
    return Math.max(...ends)
  }
  return { cluster, targets, all }
}

/** The operator meets N new schedules. The cluster is left with them, and with no operator. */
export async function operatorConverges(setting: Setting): Promise<{ readonly round: Converged; readonly bodies: Bodies; readonly cluster: Cluster }> {
  const { cluster, all } = await prepared(setting)
  const mark = await auditMark()
  const operator = await startOperator(setting.program, cluster.operator)
  const cpu = await cpuSince(operator.pid)
  const end = await all()
  const used = await cpu()
  await untilAtRest(operator.pid)
  const round = {
    by: 'operator' as const,
    cpu: used,
    seconds: seconds(end - operator.started),
    sinceSpawn: seconds(end - operator.spawned),
    memory: await memoryOf(operator.pid),
    cpuSeconds: seconds(await cpuOf(operator.pid)),
    requests: await requestsSince(mark),
  }
  await operator.stop()
  return { round, bodies: await learnedBodies(cluster.load), cluster }
}

export async function rawConverges(setting: Setting, inFlight: 16 | 32, bodies: Bodies): Promise<Converged> {
  const { cluster, targets, all } = await prepared(setting)
  const raw = await startRawClient()
  const start = performance.now()
  const cpu = await cpuSince(raw.pid)
  const [end] = await Promise.all([all(), raw.order({ kind: 'write', kubeconfig: cluster.operator, bodies, inFlight, targets }, 'done')])
  const used = await cpu()
  await raw.stop()
  return { by: `raw ${inFlight}`, seconds: seconds(end - start), cpu: used }
}

/** The returned function tells the CPU time used since now. */
async function cpuSince(client: number): Promise<() => Promise<Converged['cpu']>> {
  const servers = await serverPids()
  const now = async () => ({ client: await cpuOf(client), server: (await Promise.all(servers.map(cpuOf))).reduce((sum, used) => sum + used, 0) })
  const before = await now()
  return async () => {
    const after = await now()
    return { client: seconds(after.client - before.client), server: seconds(after.server - before.server) }
  }
}

export interface Restarted {
  /** From its spawning to `operator started`. */
  readonly up: number
  /** From `operator started` to all caches complete, and to rest. */
  readonly ready: number
  readonly rest: number
  readonly cpuSeconds: number
  readonly writes: Requests
  /** Half a minute after it came to rest. */
  readonly memory: Memory
}

const afterRest = 30_000

/** A start with nothing to do; `then` is what is measured with it before it is stopped. */
export async function restarts(setting: Setting, cluster: Cluster, then: (operator: OperatorProcess) => Promise<void> = async () => undefined): Promise<Restarted> {
  const mark = await auditMark()
  const operator = await startOperator(setting.program, cluster.operator)
  const ready = await operator.ready()
  const rest = await untilAtRest(operator.pid)
  const cpuSeconds = seconds(await cpuOf(operator.pid))
  await sleep(afterRest)
  const memory = await memoryOf(operator.pid)
  const writes = Object.fromEntries(Object.entries(await requestsSince(mark)).filter(([asked]) => !/^(?:get|list|watch) /.test(asked)))
  await then(operator)
  await operator.stop()
  const { started, spawned } = operator
  return { up: seconds(started - spawned), ready: seconds(ready - started), rest: seconds(Math.max(rest, ready) - started), cpuSeconds, writes, memory }
}

export interface Idle {
  readonly cpuMilliseconds: number
  readonly requests: Requests
  readonly memory: Memory
}

/** One minute of an operator that has nothing to do. */
export async function idles({ pid }: OperatorProcess): Promise<Idle> {
  const mark = await auditMark()
  const before = await cpuOf(pid)
  await sleep(minutes)
  return { cpuMilliseconds: Math.round((await cpuOf(pid)) - before), requests: await requestsSince(mark), memory: await memoryOf(pid) }
}

export interface Recorded {
  readonly jobs: number
  readonly requests: Requests
  readonly memory: Memory
}

const jobsEach = 3

/** The operator meets finished runs, records and marks them all. */
export async function recordsFinishedJobs(setting: Setting, cluster: Cluster): Promise<Recorded> {
  await makeFinishedJobs(cluster.load, jobsEach)
  const jobs = jobsEach * setting.schedules
  const mark = await auditMark()
  const operator = await startOperator(setting.program, cluster.operator)
  const end = performance.now() + 30 * minutes
  for (let marked = 0; marked < jobs; marked = await marksSince(mark)) {
    if (performance.now() > end) throw new Error(`${marked} of ${jobs} Jobs are marked`)
    await sleep(3_000)
  }
  await untilAtRest(operator.pid)
  const recorded = { jobs, requests: await requestsSince(mark), memory: await memoryOf(operator.pid) }
  await operator.stop()
  return recorded
}

async function marksSince(mark: number): Promise<number> {
  return (await operatorRequests(mark)).filter(({ verb, resource, code }) => verb === 'patch' && resource === 'jobs' && code < 300).length
}

/** Of the operator's ServiceAccount; a watch is counted when it ends. */
export async function requestsSince(mark: number): Promise<Requests> {
  return countsOf(await operatorRequests(mark))
}

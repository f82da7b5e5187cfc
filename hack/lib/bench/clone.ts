// hack/bench clone: how long it takes to copy a tenant, beside a raw client that makes the same writes
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { auditMark } from '../../../operator/e2e/harness/audit-log.ts'
import { cloneGrant, integration, integrationSet, onceAYear, scheduled, tenantClone } from '../../../operator/e2e/harness/manifests.ts'
import { type Server, decoded, pathOf, send } from '../../../operator/e2e/harness/api.ts'
import { type Cluster, newCluster, removeCluster, serverPids } from './cluster.ts'
import { quantile } from './latency.ts'
import { atEnd, toItsEnd } from './leaving.ts'
import { create, inParallel, listOf } from './load.ts'
import { type Requests, requestsSince } from './measure.ts'
import { builtProgram, startOperator } from './operator.ts'
import { commonOptions, optionsOrEnd, wholeNumber } from './options.ts'
import { type Memory, cpuOf, memoryOf, untilAtRest } from './proc.ts'
import { startRawClient } from './raw-client.ts'
import { type Occasion, occasion, occasionLines, requestsInWords, say, tell } from './report.ts'

const usage = `hack/bench clone [options]
  --objects N   to copy: one Integration and one set in ten, schedules else; 5000 unless given
  --rounds N    how often, 3 unless given; operator and raw client take turns
  --json FILE   also all figures, as JSON
  --name NAME   of the cluster, bench unless given; one of that name is removed
  --keep        keep the cluster at the end`

const { objects, rounds, values } = optionsOrEnd(usage, () => {
  const { values: given } = parseArgs({ options: { objects: { type: 'string', default: '5000' }, rounds: { type: 'string', default: '3' }, ...commonOptions } })
  return { objects: wholeNumber(given.objects, '--objects', { least: 20 }), rounds: wholeNumber(given.rounds, '--rounds'), values: given }
})

const source = 'bench-source'
/** As many as the operator's copying has in flight. */
const inFlight = 16

interface Copied {
  readonly by: 'operator' | 'raw'
  readonly seconds: number
  /** CPU seconds of who copies (the operator also makes the CronJobs of the copies, in both cases), and of API server and etcd. */
  readonly cpu: { readonly client: number; readonly server: number }
  /** Of the operator, when it is at rest again; its peak is of all rounds so far. */
  readonly memory: Memory
  readonly requests: Requests
}

/** A tenant as others are, only larger. Its schedules are enabled, and due once a year. */
async function applyTenant(server: Server): Promise<void> {
  await create(server, pathOf('namespaces'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: source } })
  const tenth = Math.ceil(objects / 10)
  const name = (kind: string, index: number) => `${kind}-${String(index).padStart(6, '0')}`
  const parameters = Array.from({ length: 8 }, (_unused, index) => ({ name: `parameter${index}`, description: 'One of several, as payroll exports have them.', default: { value: 'default' } }))
  const all = Array.from({ length: objects }, (_unused, index) => {
    if (index % 10 === 0) return { resource: 'integrations', body: integration(name('work', index / 10), { parameters }) } as const
    if (index % 10 === 1) return { resource: 'integrationsets', body: integrationSet(name('all', (index - 1) / 10), [name('work', (index - 1) / 10), name('work', ((index - 1) / 10 + 1) % tenth)]) } as const
    const values = parameters.slice(0, 4).map((parameter) => ({ name: parameter.name, value: `value ${index}` }))
    return { resource: 'scheduledintegrations', body: scheduled(name('schedule', index), onceAYear, { integrationRef: { name: name('work', index % tenth) }, parameters: values }) } as const
  })
  await inParallel(all, inFlight, async ({ resource, body }) => void (await create(server, pathOf(resource, source), body)))
}

const targets = (by: Copied['by'], round: number) => `bench-${by}-${round}`

async function makeTargets(server: Server): Promise<void> {
  const all = Array.from({ length: rounds }, (_unused, round) => [targets('operator', round), targets('raw', round)]).flat()
  for (const name of all) await create(server, pathOf('namespaces'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  await create(server, pathOf('clonegrants', source), cloneGrant('bench', all))
}

interface Measured {
  readonly cluster: Cluster
  /** Of the operator. */
  readonly pid: number
}

/** The operator is there in both cases, and makes the CronJobs of all copies: both have the same beside them. */
async function measured(by: Copied['by'], { pid }: Measured, work: () => Promise<{ readonly milliseconds: number; readonly client: number }>): Promise<Copied> {
  await untilAtRest(pid)
  await sleep(2_000)
  const servers = await serverPids()
  const server = async () => (await Promise.all(servers.map(cpuOf))).reduce((sum, used) => sum + used, 0)
  const [mark, before] = [await auditMark(), await server()]
  const { milliseconds, client } = await work()
  const cpu = { client: rounded(client / 1000), server: rounded(((await server()) - before) / 1000) }
  await untilAtRest(pid)
  return { by, seconds: rounded(milliseconds / 1000), cpu, memory: await memoryOf(pid), requests: await requestsSince(mark) }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

function byOperator(setting: Measured, round: number): Promise<Copied> {
  const { cluster, pid } = setting
  const namespace = targets('operator', round)
  return measured('operator', setting, async () => {
    const [start, cpu] = [performance.now(), await cpuOf(pid)]
    await create(cluster.load, pathOf('tenantclones', namespace), tenantClone('bench', source))
    await untilCloned(cluster.load, namespace)
    return { milliseconds: performance.now() - start, client: (await cpuOf(pid)) - cpu }
  })
}

interface Clone {
  readonly status?: { readonly summary?: Readonly<Record<string, number>>; readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[] }
}

async function untilCloned(server: Server, namespace: string): Promise<void> {
  const end = performance.now() + 30 * 60_000
  for (;;) {
    const { status } = decoded<Clone>(await (await send(server, pathOf('tenantclones', namespace, 'bench'), { method: 'GET' })).json())
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    if (ready?.status === 'True') return confirm(status?.summary)
    if (performance.now() > end) throw new Error(`the clone has not ended: ${JSON.stringify(status)}`)
    await sleep(50)
  }
}

function confirm(summary: Readonly<Record<string, number>> = {}): void {
  if (summary['created'] !== objects) throw new Error(`${objects} objects were to be created: ${JSON.stringify(summary)}`)
}

async function byRawClient(setting: Measured, round: number): Promise<Copied> {
  const { cluster } = setting
  const raw = await startRawClient()
  await raw.order({ kind: 'learn', kubeconfig: cluster.operator, namespace: targets('operator', 0) }, 'done')
  const copied = await measured('raw', setting, async () => {
    const [start, cpu] = [performance.now(), await cpuOf(raw.pid)]
    await raw.order({ kind: 'apply', kubeconfig: cluster.operator, namespace: targets('raw', round), inFlight }, 'done')
    return { milliseconds: performance.now() - start, client: (await cpuOf(raw.pid)) - cpu }
  })
  await raw.stop()
  const made = await Promise.all((['integrations', 'integrationsets', 'scheduledintegrations'] as const).map(async (resource) => (await listOf(cluster.load, pathOf(resource, targets('raw', round)))).length))
  if (made.reduce((sum, count) => sum + count, 0) !== objects) throw new Error(`the raw client has made ${made.join(' + ')} of ${objects} objects`)
  return copied
}

async function bench(): Promise<void> {
  const measuredAt = occasion()
  if (!values.keep) atEnd(() => removeCluster(values.name))
  const program = await builtProgram(undefined)
  const cluster = await newCluster(values.name)
  await applyTenant(cluster.load)
  await makeTargets(cluster.load)
  const operator = await startOperator(program, cluster.operator)
  await operator.ready()
  const setting = { cluster, pid: operator.pid }
  await untilAtRest(operator.pid)
  const idle = await memoryOf(operator.pid)
  const copied: Copied[] = []
  for (let round = 0; round < rounds; round++) {
    // The raw client learns from what the operator has made.
    for (const by of round % 2 === 0 ? (['operator', 'raw'] as const) : (['raw', 'operator'] as const)) {
      copied.push(await (by === 'operator' ? byOperator(setting, round) : byRawClient(setting, round)))
      say(JSON.stringify(copied.at(-1)))
    }
  }
  await operator.stop()
  const report = { ...(await measuredAt()), objects, idle, copied }
  await tell(report, inWords, values.json)
}

interface Report extends Occasion {
  readonly idle: Memory
  readonly copied: readonly Copied[]
}

function inWords({ idle, copied, ...when }: Report): string {
  const of = (by: Copied['by']) => copied.filter((one) => one.by === by).map(({ seconds }) => seconds)
  const pairs = of('operator').map((seconds, round) => rounded(seconds / (of('raw')[round] ?? NaN)))
  return [
    ...occasionLines(when),
    `${objects} objects; the operator before: RSS ${idle.rss} MB`,
    ...copied.map(({ by, seconds, cpu, memory, requests }) =>
      `  copied by ${by.padEnd(8)}: ${seconds.toFixed(2)} s, ${Math.round(objects / seconds)} objects per second, CPU: client ${cpu.client} s, server ${cpu.server} s; operator RSS ${memory.rss} MB (peak ${memory.peak}); ${requestsInWords(requests)}`),
    `  copied: ${quantile(pairs, 0.5)} x raw (rounds: ${pairs.join(', ')})`,
  ].join('\n')
}

if (values.help) console.log(usage)
else await toItsEnd(bench)

// hack/bench gate: how soon a run that needs permission starts, beside a raw client that gives it at once; and a thousand in one minute
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { auditMark } from '../../../operator/e2e/harness/audit-log.ts'
import { type Cluster, newCluster, removeCluster } from './cluster.ts'
import { type Arrivals, type SeenRun, applyLockedSchedules, cronJobsOf, removeRuns, runsOf } from './gated-runs.ts'
import { quantile } from './latency.ts'
import { atEnd, toItsEnd } from './leaving.ts'
import { type Requests, requestsSince } from './measure.ts'
import { type Program, builtProgram, startOperator } from './operator.ts'
import { commonOptions, optionsOrEnd, wholeNumber } from './options.ts'
import { cpuOf, untilAtRest } from './proc.ts'
import { startRawClient } from './raw-client.ts'
import { type Occasion, occasion, occasionLines, requestsInWords, say, tell } from './report.ts'

const usage = `hack/bench gate [options]
  --runs N      whose release is measured, 500 unless given
  --rate N      so many of them a second, 5 unless given
  --rounds N    how often, 3 unless given; operator and raw client take turns
  --burst N     runs in one minute, 1000 unless given; 0: none
  --locks N     how many locks those want, 50 unless given
  --json FILE   also all figures, as JSON
  --name NAME   of the cluster, bench unless given; one of that name is removed
  --keep        keep the cluster at the end`

const { runs, perSecond, rounds, burst, locks, values } = optionsOrEnd(usage, () => {
  const { values: given } = parseArgs({
    options: {
      runs: { type: 'string', default: '500' },
      rate: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      burst: { type: 'string', default: '1000' },
      locks: { type: 'string', default: '50' },
      ...commonOptions,
    },
  })
  const number = (name: 'runs' | 'rate' | 'rounds' | 'burst' | 'locks', least = 0) => wholeNumber(given[name], `--${name}`, { least, most: 10_000 })
  return { runs: number('runs'), perSecond: number('rate', 1), rounds: number('rounds'), burst: number('burst'), locks: number('locks'), values: given }
})

/** Each has a lock of its own, which is free again when its next run comes. */
const schedules = Math.max(100, locks)
/** The first ones of a process are slower, in both: they are not counted. */
const warmUp = 60

interface Released {
  readonly by: 'operator' | 'raw'
  /** Milliseconds from when the watch showed the Job until it showed it released. */
  readonly p50: number
  readonly p99: number
  readonly most: number
  /** Of all runs, also of those that are not counted. */
  readonly requests: Requests
}

interface Setting {
  readonly cluster: Cluster
  readonly program: Program
  readonly cronJobs: Arrivals['cronJobs']
}

/** Runs with the operator there, until it has had time to free their locks. */
async function withOperator<T>({ cluster, program }: Pick<Setting, 'cluster' | 'program'>, work: (pid: number) => Promise<T>): Promise<T> {
  const operator = await startOperator(program, cluster.operator)
  await operator.ready()
  await untilAtRest(operator.pid)
  const result = await work(operator.pid)
  await untilAtRest(operator.pid)
  await operator.stop()
  await removeRuns(cluster.load)
  return result
}

async function withRawClient<T>({ load: server, operator }: Cluster, work: () => Promise<T>): Promise<T> {
  const raw = await startRawClient()
  await raw.order({ kind: 'release', kubeconfig: operator }, 'running')
  const result = await Promise.race([work(), raw.failed])
  await raw.stop()
  await removeRuns(server)
  return result
}

async function released(by: Released['by'], setting: Setting, round: number): Promise<Released> {
  const { cluster, cronJobs } = setting
  const work = () => runsOf(cluster.load, { cronJobs, count: warmUp + runs, perSecond, name: `${by}-${round}` })
  const mark = await auditMark()
  const all = await (by === 'operator' ? withOperator(setting, work) : withRawClient(cluster, work))
  const samples = all.slice(warmUp).map(({ visible, released: at }) => at - visible)
  return { by, p50: quantile(samples, 0.5), p99: quantile(samples, 0.99), most: quantile(samples, 1), requests: await requestsSince(mark) }
}

interface Burst {
  readonly runs: number
  readonly locks: number
  /** Seconds from the first Job until the last was made, and until the last had ended. */
  readonly made: number
  readonly over: number
  /** Milliseconds from the turn of a run until it was released. */
  readonly p50: number
  readonly p99: number
  readonly last: number
  /** How many found their lock taken. */
  readonly waited: number
  readonly cpuSeconds: number
  readonly requests: Requests
}

/** Its turn: it is there, and the run that had its lock before it is over. */
function turnsOf(all: readonly SeenRun[]): readonly { readonly late: number; readonly waited: boolean }[] {
  const byLock = Map.groupBy(all, ({ cronJob }) => cronJob)
  return [...byLock.values()].flatMap((own) => {
    const inOrder = own.toSorted((a, b) => a.released - b.released)
    return inOrder.map(({ visible, released: at }, index) => {
      const free = inOrder[index - 1]?.ended ?? -Infinity
      if (at < free) throw new Error('two runs had the same lock')
      return { late: at - Math.max(visible, free), waited: free > visible }
    })
  })
}

async function manyAtOnce(setting: Setting): Promise<Burst> {
  const { cluster, cronJobs } = setting
  return withOperator(setting, async (pid) => {
    const [mark, cpu] = [await auditMark(), await cpuOf(pid)]
    // Within 50 seconds: some of them are still made when the minute is over otherwise.
    const all = await runsOf(cluster.load, { cronJobs: cronJobs.slice(0, locks), count: burst, perSecond: burst / 50, name: 'burst' })
    const turns = turnsOf(all)
    const late = turns.map((turn) => turn.late)
    const from = Math.min(...all.map(({ visible }) => visible))
    const seconds = (of: (run: SeenRun) => number) => Math.round(Math.max(...all.map(of)) - from) / 1000
    return {
      runs: burst,
      locks,
      made: seconds(({ visible }) => visible),
      over: seconds(({ ended }) => ended),
      p50: quantile(late, 0.5),
      p99: quantile(late, 0.99),
      last: quantile(late, 1),
      waited: turns.filter((turn) => turn.waited).length,
      cpuSeconds: Math.round((await cpuOf(pid)) - cpu) / 1000,
      requests: await requestsSince(mark),
    }
  })
}

async function bench(): Promise<void> {
  const measuredAt = occasion()
  if (!values.keep) atEnd(() => removeCluster(values.name))
  const program = await builtProgram(undefined)
  const cluster = await newCluster(values.name)
  await applyLockedSchedules(cluster.load, schedules)
  const cronJobs = await withOperator({ cluster, program }, () => cronJobsOf(cluster.load, schedules))
  const setting = { cluster, program, cronJobs }
  await sleep(2_000)
  const measured: Released[] = []
  for (let round = 0; round < rounds; round++) {
    for (const by of round % 2 === 0 ? (['operator', 'raw'] as const) : (['raw', 'operator'] as const)) {
      measured.push(await released(by, setting, round))
      say(JSON.stringify(measured.at(-1)))
    }
  }
  const many = burst === 0 ? undefined : await manyAtOnce(setting)
  const report = { ...(await measuredAt()), released: measured, many }
  await tell(report, inWords, values.json)
}

interface Report extends Occasion {
  readonly released: readonly Released[]
  readonly many: Burst | undefined
}

function inWords({ released: measured, many, ...when }: Report): string {
  const median = (by: Released['by'], part: 'p50' | 'p99') => quantile(measured.filter((one) => one.by === by).map((one) => one[part]), 0.5)
  const ratio = (part: 'p50' | 'p99') => Math.round((median('operator', part) / median('raw', part)) * 100) / 100
  return [
    ...occasionLines(when),
    ...measured.map(({ by, p50, p99, most }) => `  released by ${by.padEnd(8)}: p50 ${p50} ms, p99 ${p99} ms, most ${most} ms (${runs} at ${perSecond} per second)`),
    ...measured.slice(0, 1).map(({ requests }) => `  the operator's requests for ${warmUp + runs} runs: ${requestsInWords(requests)}`),
    `  released: p50 ${ratio('p50')} x raw, p99 ${ratio('p99')} x raw (medians of the rounds)`,
    ...(many === undefined ? [] : linesOf(many)),
  ].join('\n')
}

function linesOf({ runs: count, locks: wanted, made, over, p50, p99, last, waited, cpuSeconds, requests }: Burst): readonly string[] {
  return [
    `  ${count} runs within ${made} s over ${wanted} locks (${waited} found theirs taken), all over after ${over} s: released after their turn p50 ${p50} ms, p99 ${p99} ms, the last ${last} ms`,
    `  the operator meanwhile: ${cpuSeconds} s of CPU, ${requestsInWords(requests)}`,
  ]
}

if (values.help) console.log(usage)
else await toItsEnd(bench)

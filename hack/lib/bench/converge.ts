// hack/bench converge: what schedules cost the operator, beside a raw client that makes the same writes
import { parseArgs } from 'node:util'
import { imageStart } from '../../../operator/e2e/harness/image.ts'
import { type Cluster, removeCluster } from './cluster.ts'
import { type Latency, operatorLatency, rawLatency } from './latency.ts'
import { atEnd, toItsEnd } from './leaving.ts'
import { type Converged, type Idle, type Restarted, type Setting, idles, operatorConverges, rawConverges, recordsFinishedJobs, restarts } from './measure.ts'
import { builtProgram } from './operator.ts'
import { commonOptions, optionsOrEnd, wholeNumber } from './options.ts'
import type { Bodies } from './raw.ts'
import { type Measured, type Report, inWords, occasion, say, tell } from './report.ts'

const parts = ['converge', 'restart', 'idle', 'latency', 'jobs'] as const
type Part = (typeof parts)[number]

const usage = `hack/bench converge [options]
  --schedules N[,N]     how many schedules, 1000 unless given; with two numbers also how the figures grow
  --rounds N            how often each is measured, 3 unless given; operator and raw client take turns
  --only PART[,PART]    of ${parts.join(', ')}
  --json FILE           also all figures, as JSON
  --node-flags='FLAGS'  of Node.js, for the operator; otherwise those of the Dockerfile
  --name NAME           of the cluster, bench unless given; one of that name is removed
  --keep                keep the cluster at the end`

interface Options {
  readonly sizes: readonly number[]
  readonly rounds: number
  readonly chosen: ReadonlySet<Part>
  readonly json: string | undefined
  readonly nodeFlags: readonly string[] | undefined
  readonly clusterName: string
  readonly keep: boolean
  readonly help: boolean
}

function parsedOptions(): Options {
  const { values } = parseArgs({
    options: {
      schedules: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: parts.join(',') },
      'node-flags': { type: 'string' },
      ...commonOptions,
    },
  })
  return {
    sizes: values.schedules.split(',').map((text) => wholeNumber(text, '--schedules')),
    rounds: wholeNumber(values.rounds, '--rounds'),
    chosen: partsIn(values.only.split(',')),
    json: values.json,
    nodeFlags: values['node-flags']?.split(' ').filter((flag) => flag !== ''),
    clusterName: values.name,
    keep: values.keep,
    help: values.help,
  }
}

function partsIn(names: readonly string[]): ReadonlySet<Part> {
  const unknown = names.filter((name) => !parts.some((part) => part === name))
  if (unknown.length > 0) throw new Error(`--only: there is no ${unknown.join(', ')}, only ${parts.join(', ')}`)
  return new Set(parts.filter((part) => names.includes(part)))
}

const options = optionsOrEnd(usage, parsedOptions)

/** In this order, then in the opposite one, and so on. */
async function alternating<T>(measurements: readonly (() => Promise<T>)[]): Promise<readonly (readonly T[])[]> {
  const all: T[][] = []
  for (let round = 0; round < options.rounds; round++) {
    const results: T[] = []
    for (const measure of round % 2 === 0 ? measurements : measurements.toReversed()) {
      const result = await measure()
      say(JSON.stringify(result, (key, value: unknown) => (key === 'samples' ? undefined : value)))
      results.push(result)
    }
    all.push(results)
  }
  return all
}

async function repeated<T>(measure: () => Promise<T>): Promise<readonly T[]> {
  return (await alternating([measure])).flat()
}

/** What later measurements need: the cluster that the last operator left, and the bodies that it wrote. */
interface Left {
  cluster?: Cluster
  bodies?: Bodies
}

async function converging(setting: Setting, left: Left): Promise<readonly (readonly Converged[])[]> {
  const operator = async () => {
    const { round, bodies, cluster } = await operatorConverges(setting)
    Object.assign(left, { bodies, cluster })
    return round
  }
  const raw = (inFlight: 16 | 32) => () => {
    delete left.cluster
    if (left.bodies === undefined) throw new Error('the operator comes first: the raw client writes what it wrote')
    return rawConverges(setting, inFlight, left.bodies)
  }
  return alternating([operator, raw(16), raw(32)])
}

async function measured(setting: Setting, left: Left): Promise<Measured> {
  const { schedules } = setting
  const { chosen } = options
  const converge = chosen.has('converge') ? await converging(setting, left) : undefined
  if (chosen.size === (converge === undefined ? 0 : 1)) return { schedules, ...(converge && { converge }) }
  if (left.cluster === undefined) Object.assign(left, await operatorConverges(setting))
  const { cluster, bodies } = left
  if (cluster === undefined || bodies === undefined) throw new Error('no operator has converged')
  const idle: Idle[] = []
  const then = async (operator: Parameters<typeof idles>[0]) => void (chosen.has('idle') && idle.length === 0 && idle.push(await idles(operator)))
  const restart: readonly Restarted[] = chosen.has('restart') || chosen.has('idle') ? await repeated(() => restarts(setting, cluster, then)) : []
  const latency: readonly (readonly Latency[])[] = chosen.has('latency')
    ? await alternating([() => operatorLatency({ ...setting, cluster, bodies }), () => rawLatency({ ...setting, cluster, bodies })])
    : []
  const recorded = chosen.has('jobs') ? await recordsFinishedJobs(setting, cluster) : undefined
  const restartWithJobs = recorded === undefined ? [] : await repeated(() => restarts(setting, cluster))
  return { schedules, ...(converge && { converge }), restart, latency, ...(idle[0] && { idle: idle[0] }), ...(recorded && { recorded, restartWithJobs }) }
}

async function bench(): Promise<void> {
  const { clusterName, sizes, keep, json, nodeFlags } = options
  const measuredAt = occasion()
  if (!keep) atEnd(() => removeCluster(clusterName))
  const program = await builtProgram(nodeFlags)
  const all: Measured[] = []
  const left: Left = {}
  for (const schedules of sizes) {
    delete left.cluster
    all.push(await measured({ clusterName, program, schedules }, left))
  }
  const report: Report = { ...(await measuredAt()), nodeFlags: program.flags, environment: imageStart().environment, measured: all }
  await tell(report, inWords, json)
}

if (options.help) console.log(usage)
else await toItsEnd(bench)

// What a bench has measured, for people and as JSON.
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { decoded } from '../../../operator/e2e/harness/api.ts'
import { kubectl } from '../../../operator/e2e/harness/command.ts'
import { type Latency, quantile } from './latency.ts'
import type { Converged, Idle, Recorded, Requests, Restarted } from './measure.ts'
import type { Memory } from './proc.ts'

export interface Machine {
  readonly cores: number
  readonly processor: string
  readonly gigabytes: number
  readonly node: string
  readonly kubernetes: string
}

/** When and where it was measured; averages of the load before and after. */
export interface Occasion {
  readonly began: string
  readonly machine: Machine
  readonly load: { readonly before: readonly number[]; readonly after: readonly number[] }
}

/** Called before anything is measured. What it returns is called at the end, while there is a cluster. */
export function occasion(): () => Promise<Occasion> {
  const [began, before] = [new Date().toISOString(), load()]
  return async () => ({ began, machine: await thisMachine(), load: { before, after: load() } })
}

export function occasionLines({ began, machine: { cores, processor, gigabytes, node, kubernetes }, load: { before, after } }: Occasion): readonly string[] {
  return [
    `${began}: ${cores} cores (${processor}), ${gigabytes} GB, Node.js ${node}, Kubernetes ${kubernetes}`,
    `load average before ${before.join(' ')}, after ${after.join(' ')}`,
  ]
}

/** To people, and as JSON into a file if one is named. */
export async function tell<T extends Occasion>(report: T, inWords: (report: T) => string, file: string | undefined): Promise<void> {
  console.log(inWords(report))
  if (file !== undefined) await writeFile(file, `${JSON.stringify(report, undefined, 1)}\n`)
}

/** What a bench is at, while it lasts. */
export function say(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
}

async function thisMachine(): Promise<Machine> {
  const { gitVersion } = decoded<{ gitVersion: string }>(JSON.parse(await kubectl('get', '--raw', '/version')))
  const [first] = cpus()
  return { cores: cpus().length, processor: first?.model ?? '', gigabytes: Math.round(totalmem() / 2 ** 30), node: process.version, kubernetes: gitVersion }
}

/** Averages of the last 1, 5 and 15 minutes. */
function load(): readonly number[] {
  return loadavg().map((value) => Math.round(value * 100) / 100)
}

/** All that was measured with one number of schedules; what was left out is absent. */
export interface Measured {
  readonly schedules: number
  readonly converge?: readonly (readonly Converged[])[]
  readonly restart?: readonly Restarted[]
  readonly idle?: Idle
  readonly latency?: readonly (readonly Latency[])[]
  readonly recorded?: Recorded
  readonly restartWithJobs?: readonly Restarted[]
}

export interface Report extends Occasion {
  readonly nodeFlags: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly measured: readonly Measured[]
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function inWords({ nodeFlags, environment, measured, ...when }: Report): string {
  const flags = [...Object.entries(environment).map(([name, value]) => `${name}=${value}`), ...nodeFlags].join(' ')
  return [
    ...occasionLines(when),
    `the operator with: ${flags}`,
    ...measured.flatMap(linesOf),
    ...growthLines(measured),
  ].join('\n')
}

function linesOf(one: Measured): readonly string[] {
  return [
    `\n${one.schedules} schedules`,
    ...convergeLines(one.converge ?? []),
    ...restartLines('restart', one.restart ?? []),
    ...(one.idle === undefined ? [] : [`  idle for 60 s: ${one.idle.cpuMilliseconds} ms of CPU, ${requestsInWords(one.idle.requests)}; ${memoryInWords(one.idle.memory)}`]),
    ...latencyLines(one.latency ?? []),
    ...(one.recorded === undefined ? [] : [`  after recording ${one.recorded.jobs} finished Jobs (${requestsInWords(one.recorded.requests)}): ${memoryInWords(one.recorded.memory)}`]),
    ...restartLines(`restart with ${one.recorded?.jobs ?? 'these'} Jobs`, one.restartWithJobs ?? []),
  ]
}

/** Of each round, operator against the better of the raw clients. */
function convergeRatios(rounds: readonly (readonly Converged[])[], figure: (one: Converged) => number): readonly number[] {
  return rounds.flatMap((round) => {
    const operator = round.find(({ by }) => by === 'operator')
    const raw = Math.min(...round.filter(({ by }) => by !== 'operator').map(figure))
    return operator === undefined || raw === Infinity ? [] : [Math.round((figure(operator) / raw) * 100) / 100]
  })
}

function convergeLines(rounds: readonly (readonly Converged[])[]): readonly string[] {
  const ratios = convergeRatios(rounds, ({ seconds }) => seconds)
  const cpuRatios = convergeRatios(rounds, ({ cpu }) => cpu.client + cpu.server)
  const each = rounds.flatMap((round, index) =>
    round.map(({ by, seconds, sinceSpawn, cpu, memory, requests }) =>
      `  converge, round ${index + 1}: ${by.padEnd(8)} ${seconds.toFixed(2)} s${sinceSpawn === undefined ? '' : ` (since spawned ${sinceSpawn.toFixed(2)} s)`}`
      + `, CPU: client ${cpu.client} s, server ${cpu.server} s${memory === undefined ? '' : `, ${memoryInWords(memory)}`}${requests === undefined ? '' : `, ${requestsInWords(requests)}`}`))
  if (ratios.length === 0) return each
  return [...each, `  converge: ${median(ratios)} x raw (rounds: ${ratios.join(', ')}); in CPU time, client and server together, ${median(cpuRatios)} x raw (${cpuRatios.join(', ')})`]
}

function restartLines(title: string, rounds: readonly Restarted[]): readonly string[] {
  return rounds.map(({ up, ready, rest, cpuSeconds, writes, memory }, index) =>
    `  ${title}, round ${index + 1}: up after ${up.toFixed(2)} s, then ready after ${ready.toFixed(2)} s, at rest after ${rest.toFixed(2)} s, ${cpuSeconds} s of CPU, writes: ${requestsInWords(writes)}, ${memoryInWords(memory)}`)
}

function latencyLines(rounds: readonly (readonly Latency[])[]): readonly string[] {
  const of = (by: Latency['by'], part: 'p50' | 'p99') => median(rounds.flat().filter((one) => one.by === by).map((one) => one[part]))
  const ratio = (part: 'p50' | 'p99') => Math.round((of('operator', part) / of('raw', part)) * 100) / 100
  return [
    ...rounds.flatMap((round, index) => round.map(({ by, p50, p99, samples }) => `  new schedules, round ${index + 1}: ${by.padEnd(8)} p50 ${p50} ms, p99 ${p99} ms (${samples.length} at 20 per second)`)),
    ...(rounds.length === 0 ? [] : [`  new schedules: p50 ${ratio('p50')} x raw, p99 ${ratio('p99')} x raw (medians of the rounds)`]),
  ]
}

function memoryInWords({ rss, peak, anonymous }: Memory): string {
  return `RSS ${rss} MB (peak ${peak}, without files ${anonymous})`
}

export function requestsInWords(requests: Requests): string {
  const words = Object.entries(requests).map(([asked, count]) => `${count} ${asked}`)
  return words.length === 0 ? 'none' : words.join(', ')
}

/** How a figure grows with the number of schedules: 1 is linear. */
function growthLines(measured: readonly Measured[]): readonly string[] {
  const [less, more] = [measured[0], measured.at(-1)]
  if (less === undefined || more === undefined || less.schedules === more.schedules) return []
  const figures: Readonly<Record<string, (one: Measured) => number>> = {
    'time to converge': ({ converge = [] }) => median(converge.flat().filter(({ by }) => by === 'operator').map(({ seconds }) => seconds)),
    'time to rest after a restart': ({ restart = [] }) => median(restart.map(({ rest }) => rest)),
    'RSS with Jobs': ({ restartWithJobs = [] }) => median(restartWithJobs.map(({ memory }) => memory.rss)),
  }
  const exponent = (of: (one: Measured) => number) => Math.log(of(more) / of(less)) / Math.log(more.schedules / less.schedules)
  return ['', ...Object.entries(figures).map(([name, of]) => `growth from ${less.schedules} to ${more.schedules}, exponent of ${name}: ${exponent(of).toFixed(2)}`)]
}

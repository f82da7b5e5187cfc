// From the API server's answer to the creation of a schedule until its CronJob is seen, at a steady rate, with many schedules present.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Server, decoded, pathOf } from '../../../operator/e2e/harness/api.ts'
import type { Cluster } from './cluster.ts'
import { type Target, create, example, namespaceOf, removeSchedules } from './load.ts'
import { type Program, startOperator } from './operator.ts'
import { untilAtRest } from './proc.ts'
import type { Bodies } from './raw.ts'
import { startRawClient } from './raw-client.ts'
import { Seen } from './seen.ts'

export interface Latency {
  readonly by: 'operator' | 'raw'
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly samples: readonly number[]
}

const perSecond = 20
/** The first ones of a process are slower, in both: they are not counted. */
const warmUp = 60
const counted = 300

export interface LatencySetting {
  readonly cluster: Cluster
  readonly program: Program
  readonly bodies: Bodies
  /** How many schedules are there before and after. */
  readonly schedules: number
}

export async function operatorLatency(setting: LatencySetting): Promise<Latency> {
  const operator = await startOperator(setting.program, setting.cluster.operator)
  await operator.ready()
  await untilAtRest(operator.pid)
  const samples = await newSchedules(setting)
  await operator.stop()
  return summary('operator', samples)
}

export async function rawLatency(setting: LatencySetting): Promise<Latency> {
  const raw = await startRawClient()
  await raw.order({ kind: 'follow', kubeconfig: setting.cluster.operator, bodies: setting.bodies }, 'running')
  const samples = await newSchedules(setting)
  await raw.stop()
  return summary('raw', samples)
}

async function newSchedules({ cluster: { load }, schedules }: LatencySetting): Promise<readonly number[]> {
  const seen = await Seen.open(load, 'cronjobs', ({ metadata }) => decoded<Target>(metadata).name.startsWith('new-'))
  const { schedule } = await example()
  const answered = new Map<string, number>()
  const targets: Target[] = []
  const total = warmUp + counted
  const begin = performance.now()
  const creations = Array.from({ length: total }, async (_unused, index) => {
    await sleep(Math.max(0, begin + (index * 1000) / perSecond - performance.now()))
    const target = await created(load, namespaceOf(index), schedule(`new-${String(index).padStart(6, '0')}`))
    if (index >= warmUp) answered.set(`${target.namespace}/${target.name}`, performance.now())
    targets.push(target)
  })
  await Promise.all(creations)
  await seen.until(total, 60_000)
  seen.close()
  await removeSchedules(load, targets, schedules)
  return [...answered].map(([key, at]) => (seen.at.get(key) ?? NaN) - at)
}

async function created(load: Server, namespace: string, body: ReturnType<Awaited<ReturnType<typeof example>>['schedule']>): Promise<Target> {
  const { metadata } = decoded<{ metadata: Target }>(await create(load, pathOf('scheduledintegrations', namespace), body))
  return metadata
}

function summary(by: Latency['by'], samples: readonly number[]): Latency {
  return { by, p50: quantile(samples, 0.5), p99: quantile(samples, 0.99), samples: samples.map(rounded) }
}

/** Nearest rank. */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return rounded(sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN)
}

const rounded = (value: number) => Math.round(value * 100) / 100

// Runs that pass the gate: schedules whose Integrations declare a lock, one each, and Jobs of their CronJobs made by hand at a steady rate.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Server, decoded, pathOf, send } from '../../../operator/e2e/harness/api.ts'
import { integration, onceAYear, scheduled } from '../../../operator/e2e/harness/manifests.ts'
import type { JsonObject, ObjectMeta } from '../../../operator/model/kubernetes.ts'
import { create, inParallel, listOf, namespaceOf, namespaces } from './load.ts'
import { Seen } from './seen.ts'

interface CronJob {
  readonly metadata: ObjectMeta
  readonly spec: { readonly jobTemplate: { readonly metadata: { readonly labels: JsonObject; readonly annotations: JsonObject }; readonly spec: JsonObject } }
}

const inFlight = 16

/** Ten namespaces with `count` Integrations, schedules and locks in all; they are due once a year. */
export async function applyLockedSchedules(server: Server, count: number): Promise<void> {
  for (const name of namespaces) await create(server, pathOf('namespaces'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  await inParallel(Array.from({ length: count }, (_unused, index) => index), inFlight, async (index) => {
    const name = `work-${index}`
    await create(server, pathOf('integrations', namespaceOf(index)), integration(name, { locks: [{ name: `resources/${index}` }] }))
    await create(server, pathOf('scheduledintegrations', namespaceOf(index)), scheduled(name, onceAYear, { integrationRef: { name } }))
  })
}

/** Their CronJobs, once the operator has made all of them; neighbours are in different namespaces. */
export async function cronJobsOf(server: Server, count: number): Promise<readonly CronJob[]> {
  for (;;) {
    const all = await listOf<CronJob>(server, pathOf('cronjobs'))
    if (all.length >= count) return all.toSorted((a, b) => indexOf(a) - indexOf(b))
    await sleep(250)
  }
}

function indexOf({ metadata: { name } }: CronJob): number {
  return Number(name.split('-').at(-1))
}

/** One run as the watch saw it; instants are of performance.now. */
export interface SeenRun {
  readonly cronJob: string
  readonly visible: number
  readonly released: number
  readonly ended: number
}

export interface Arrivals {
  readonly cronJobs: readonly CronJob[]
  readonly count: number
  readonly perSecond: number
  /** Names of Jobs begin with it. */
  readonly name: string
}

/** Makes Jobs of all CronJobs in turn, at a steady rate. Resolves when all have ended, with what was seen of each, in the order in which they were made. */
export async function runsOf(server: Server, { cronJobs, count, perSecond, name }: Arrivals): Promise<readonly SeenRun[]> {
  const seen = await Seen.openMarked(server, 'jobs', marksOf)
  const begin = performance.now()
  const made = await Promise.all(Array.from({ length: count }, async (_unused, index) => {
    await sleep(Math.max(0, begin + (index * 1000) / perSecond - performance.now()))
    const cronJob = cronJobs[index % cronJobs.length]
    if (cronJob === undefined) throw new Error('there are no CronJobs')
    const job = jobOf(cronJob, `${name}-${String(index).padStart(5, '0')}`)
    await create(server, pathOf('jobs', cronJob.metadata.namespace), job)
    return { cronJob: `${cronJob.metadata.namespace}/${cronJob.metadata.name}`, key: `${cronJob.metadata.namespace}/${job.metadata.name}` }
  }))
  await seen.until(count * marks.length, 15 * 60_000)
  seen.close()
  const at = (key: string, mark: Mark) => seen.at.get(`${key} ${mark}`) ?? NaN
  return made.map(({ cronJob, key }) => ({ cronJob, visible: at(key, 'visible'), released: at(key, 'released'), ended: at(key, 'ended') }))
}

const marks = ['visible', 'released', 'ended'] as const
type Mark = (typeof marks)[number]

function marksOf(object: JsonObject): readonly Mark[] {
  const { spec, status } = decoded<{ spec: { suspend?: boolean }; status?: { conditions?: readonly { type: string; status: string }[] } }>(object)
  const isOver = status?.conditions?.some((one) => (one.type === 'Complete' || one.type === 'Failed') && one.status === 'True') === true
  return ['visible', ...(spec.suspend === true ? [] : ['released' as const]), ...(isOver ? ['ended' as const] : [])]
}

/** As `kubectl create job --from=cronjob/x` makes it. */
function jobOf({ metadata, spec: { jobTemplate } }: CronJob, name: string) {
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: metadata.name, uid: metadata.uid, controller: true }
  const { labels, annotations } = jobTemplate.metadata
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels, annotations: { ...annotations, 'cronjob.kubernetes.io/instantiate': 'manual' }, ownerReferences: [owner] },
    spec: jobTemplate.spec,
  }
}

/** Deletes all Jobs, and waits until they are gone. */
export async function removeRuns(server: Server): Promise<void> {
  for (const namespace of namespaces) {
    await (await send(server, `${pathOf('jobs', namespace)}?propagationPolicy=Background`, { method: 'DELETE' })).dump()
  }
  while ((await listOf(server, `${pathOf('jobs')}?limit=1`)).length > 0) await sleep(250)
}

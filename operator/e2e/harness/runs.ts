import { annotation } from '../../model/names.ts'
import type { Job, JsonObject } from '../../model/kubernetes.ts'
import type { RunRecord } from '../../model/status-schema.ts'
import { decoded } from './api.ts'
import { type Tenant, minuteOf } from './tenant.ts'
import { type LiveEvent, eventually, minutes, watched } from './watched.ts'

/** Runs as their Jobs tell of them, also those that are gone by now, and as status does. */

/** Every Job that ever was, as it was seen last. */
export function jobsEver(tenant: Tenant): readonly Job[] {
  const versions = watched('jobs').names(tenant.namespace).flatMap((name) => tenant.versions('jobs', name)).filter((job) => job !== undefined)
  return [...new Map(versions.map((job) => [job.metadata.uid, job])).values()]
}

/** Every Job that a schedule ever had, by its name, as it was seen last, in the order of their minutes. */
export function runsEver(tenant: Tenant, schedule: string): readonly Job[] {
  return jobsEver(tenant).filter(({ metadata }) => metadata.labels?.['integration-scheduler.io/schedule'] === schedule).toSorted((a, b) => minuteOf(a) - minuteOf(b))
}

/** Every Job that the Job of a set ever made, as it was seen last, in the order of its members. */
export function membersEver(tenant: Tenant, setRun: Job): readonly Job[] {
  const own = jobsEver(tenant).filter(({ metadata }) => metadata.ownerReferences?.some(({ uid, controller }) => uid === setRun.metadata.uid && controller === true) === true)
  return own.toSorted((a, b) => indexOf(a) - indexOf(b))
}

function indexOf({ metadata }: Job): number {
  return Number(metadata.name.split('-').at(-1))
}

/** From its start to its end, in whole seconds as Kubernetes has them; `to` is Infinity until it has ended. */
export interface Span {
  readonly job: string
  readonly from: number
  readonly to: number
}

/** Undefined: it never started. */
export function spanOf({ metadata, status }: Job): Span | undefined {
  const failed = status?.conditions?.find((condition) => condition.type === 'Failed' && condition.status === 'True')
  const end = status?.completionTime ?? failed?.lastTransitionTime
  return status?.startTime === undefined ? undefined : { job: metadata.name, from: Date.parse(status.startTime), to: end === undefined ? Infinity : Date.parse(end) }
}

export function spansOf(jobs: readonly Job[]): readonly Span[] {
  return jobs.flatMap((job) => spanOf(job) ?? [])
}

/** Which of them were in progress at the same time, each two in words. */
export function overlapsOf(jobs: readonly Job[]): readonly string[] {
  const spans = spansOf(jobs).toSorted((a, b) => a.from - b.from)
  const inWords = ({ job, from, to }: Span) => `${job} ${timeText(from)} to ${timeText(to)}`
  return spans.flatMap((a, index) => spans.slice(index + 1).filter((b) => b.from < a.to && a.from < b.to).map((b) => `${inWords(a)} beside ${inWords(b)}`))
}

function timeText(instant: number): string {
  return Number.isFinite(instant) ? new Date(instant).toISOString().slice(11, 19) : '?'
}

/** Whether the run of this Job is in progress: its pod may run. */
export function isStarted({ status, spec }: Job): boolean {
  return spec.suspend !== true && (status?.active ?? 0) > 0
}

function isFinal({ outcome }: { readonly outcome: string }): boolean {
  return outcome !== 'Waiting' && outcome !== 'Running'
}

/** What the gate has written on a Job, for whoever tells of its run. */
export function written(job: Job, what: 'waiting' | 'skipped' | 'replaced' | 'stuck'): Readonly<Record<string, string>> | undefined {
  const text = job.metadata.annotations?.[annotation[what]]
  return text === undefined ? undefined : decoded<Readonly<Record<string, string>>>(JSON.parse(text))
}

/** The records of all runs of a schedule or set, oldest first, once `count` of them are over. */
export async function untilOver(tenant: Tenant, name: string, count = 1, { of = 'scheduledintegrations', within = 5 * minutes }: { readonly of?: 'scheduledintegrations' | 'integrationsets'; readonly within?: number } = {}): Promise<readonly RunRecord[]> {
  const { status } = await tenant.until(of, name, (object) => (object.status?.runs ?? []).filter(isFinal).length >= count, within)
  return (status?.runs ?? []).toReversed()
}

/** The record of the run that this Job is, once `holds` is true of it. */
export async function untilRecord(tenant: Tenant, schedule: string, job: string, holds: (record: RunRecord) => boolean = isFinal): Promise<RunRecord> {
  const recordIn = (runs: readonly RunRecord[] = []) => runs.find(({ jobName }) => jobName === job)
  const { status } = await tenant.until('scheduledintegrations', schedule, (object) => {
    const record = recordIn(object.status?.runs)
    return record !== undefined && holds(record)
  }, 9 * minutes) // that its Job is gone is certain, and told, after six minutes and a half
  const record = recordIn(status?.runs)
  if (record === undefined) throw new Error(`no record of ${job}`)
  return record
}

/** An event that tells of it. Events come second: on a machine that is busy, minutes later. */
export function untilEvent(tenant: Tenant, reason: string, holds: (event: LiveEvent) => boolean = () => true): Promise<LiveEvent> {
  const all = () => watched('events').all(tenant.namespace)
  return eventually(['events'], () => all().find((event) => event.reason === reason && holds(event)), { within: 6 * minutes, state: () => `no such event ${reason}: ${all().map((event) => event.reason).join(', ')}` })
}

/** A run on demand, once it has ended. */
export async function untilEnded(tenant: Tenant, run: string) {
  const { status } = await tenant.until('integrationruns', run, (object) => object.status?.outcome !== undefined && isFinal({ outcome: object.status.outcome }), 5 * minutes)
  return status ?? {}
}

/** Makes a Job of a CronJob by hand, as a user does. */
export async function createByHand(tenant: Tenant, name: string, cronJob: string): Promise<void> {
  const { code, stderr } = await tenant.kubectl('create', 'job', name, `--from=cronjob/${cronJob}`)
  if (code !== 0) throw new Error(stderr)
}

/** Resolves with the Job once its run is in progress. */
export function untilStarted(tenant: Tenant, job: string): Promise<Job> {
  return tenant.until('jobs', job, isStarted)
}

/** Resolves with the Jobs that there were, once none of them will start or go on any more. */
export async function untilAllOver(tenant: Tenant, holds: (jobs: readonly Job[]) => boolean, within = 6 * minutes): Promise<readonly Job[]> {
  const look = () => {
    const jobs = jobsEver(tenant)
    const isOpen = (job: Job) => tenant.find('jobs', job.metadata.name)?.metadata.uid === job.metadata.uid && spanOf(job)?.to === undefined && written(job, 'skipped') === undefined
    return holds(jobs) && jobs.every((job) => !isOpen(job) && spanOf(job)?.to !== Infinity) ? jobs : undefined
  }
  const state = () => `Jobs: ${jobsEver(tenant).map(({ metadata, spec, status }) => `${metadata.name} ${spec.suspend === true ? 'suspended' : ''} ${JSON.stringify(status)}`).join('; ')}`
  return eventually(['jobs'], look, { within, state })
}

interface PodTemplate {
  readonly spec: { readonly containers: readonly { readonly image: string; readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: JsonObject }[] }[] }
}

function mainOf(job: Job): PodTemplate['spec']['containers'][number] {
  const { template } = decoded<{ readonly template: PodTemplate }>(job.spec)
  const [main] = template.spec.containers
  if (main === undefined) throw new Error(`${job.metadata.name} has no container`)
  return main
}

export function imageOf(job: Job): string {
  return mainOf(job).image
}

/** The variables of a run as the pod template of its Job gives them, without those that tell the run about itself. */
export function variablesOf(job: Job): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries((mainOf(job).env ?? []).filter(({ name }) => !name.startsWith('INTEGRATION_')).map(({ name, value }) => [name, value]))
}

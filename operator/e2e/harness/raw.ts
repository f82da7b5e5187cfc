import type { JsonObject } from '../../model/kubernetes.ts'
import { api } from './api.ts'
import { type Tenant, minuteOf } from './tenant.ts'
import { eventually, minutes } from './watched.ts'

/** CronJobs and Jobs without the operator: what kube-controller-manager makes of them on its own. */

/** Its Jobs are suspended, so nothing but the CronJob controller itself stirs after they are made. */
const jobSpec = { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.example.com/any' }] } } }

export async function createCronJob(tenant: Tenant, name: string, spec: JsonObject): Promise<string> {
  const object = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name }, spec: { timeZone: 'Etc/UTC', jobTemplate: { spec: jobSpec }, ...spec } }
  await api.create(tenant.path('cronjobs'), object)
  return (await tenant.untilCronJob(name)).metadata.uid
}

/** A Job as the CronJob controller would make it for a minute, unless `metadata` says otherwise. */
export async function createJob(tenant: Tenant, name: string, metadata: JsonObject = {}): Promise<void> {
  await api.create(tenant.path('jobs'), { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, ...metadata }, spec: jobSpec })
  await tenant.until('jobs', name, ({ status }) => status?.conditions?.some(({ type }) => type === 'Suspended') === true)
}

export function controlledBy(name: string, uid: string): JsonObject {
  return { apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true }
}

/** Wakes the CronJob controller, as any write but one of the expression does. */
export function annotate(tenant: Tenant, name: string): ReturnType<Tenant['change']> {
  return tenant.change('cronjobs', name, { metadata: { annotations: { 'example.com/note': String(Date.now()) } } })
}

/** Matches this minute of each day, in UTC. */
export function daily(minute: number): string {
  const date = new Date(minute)
  return `${date.getUTCMinutes()} ${date.getUTCHours()} * * *`
}

/** The name that the CronJob controller gives to the Job of a minute. */
export function jobNameAt(cronJob: string, minute: number): string {
  return `${cronJob}-${minute / minutes}`
}

/** The minutes for which this CronJob has Jobs. */
export function minutesOf(tenant: Tenant, cronJob: string): readonly number[] {
  return tenant.all('jobs').filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === cronJob) === true).map(minuteOf).toSorted((a, b) => a - b)
}

/** Resolves once the CronJob has a Job for this minute. */
export async function untilFired(tenant: Tenant, cronJob: string, minute: number, within = 2 * minutes): Promise<void> {
  const look = () => (minutesOf(tenant, cronJob).includes(minute) ? true : undefined)
  await eventually(['jobs'], look, { within, state: () => `${cronJob} has not fired ${new Date(minute).toISOString()}: ${JSON.stringify(tenant.find('cronjobs', cronJob)?.status)}` })
}

/** `L` of design/time.md: the last match that the controller says it has acted upon. */
export function lastScheduled(tenant: Tenant, cronJob: string): number | undefined {
  const text = tenant.current('cronjobs', cronJob).status?.lastScheduleTime
  return text === undefined ? undefined : Date.parse(text)
}

import { type Instant, formatInstant } from '../model/instant.ts'
import type { Job, JsonObject, Lease } from '../model/kubernetes.ts'
import { isJsonObject } from '../model/json.ts'
import { annotation, apiVersion } from '../model/names.ts'
import type { Skipped, Waiting } from '../model/run-terms.ts'
import type { Action, Errand, ObjectReference } from './action.ts'
import type { GatedRun } from './gate-run.ts'
import { newLocksLease } from './housekeeping.ts'
import { runNameAt } from './run-record.ts'

function changeJob({ metadata: { namespace, name, uid, resourceVersion } }: Job, merge: JsonObject, because: string): Action {
  return { verb: 'merge', resource: 'jobs', namespace, name, uid, resourceVersion, merge, because }
}

function annotated(job: Job, annotations: Readonly<Record<string, string>>, because: string): Action {
  return changeJob(job, { metadata: { annotations } }, because)
}

/**
 * One write lets the run start, says so, and gives it its name, unless whoever made it has; also on its pods, which read it from
 * there (downward API).
 */
export function release({ source, terms, occurrence, queuedAt }: GatedRun, lease: Lease | undefined, now: Instant): Action {
  const runName = source.metadata.annotations?.[annotation.runName] ?? runNameAt(terms.runName, terms.timeZone, queuedAt)
  const told = { [annotation.runName]: runName, ...(occurrence === undefined ? {} : { [annotation.scheduledTime]: formatInstant(occurrence) }) }
  const metadata = { annotations: { [annotation.released]: new Date(now).toISOString(), [annotation.runName]: runName }, ...secondOwner(source, lease) }
  // Kubernetes lets a pod template be changed as long as no pod was made of it.
  const template = source.status?.startTime === undefined ? { template: { metadata: { annotations: told } } } : {}
  return changeJob(source, { metadata, spec: { suspend: false, ...template } }, 'it may start')
}

/** See housekeeping.ts. What belongs to another Job or to a run on demand is meant to go with it. */
function secondOwner({ metadata: { ownerReferences = [] } }: Job, lease: Lease | undefined): JsonObject {
  const controller = ownerReferences.find((owner) => owner.controller === true)
  if (lease === undefined || controller === undefined || !survivors.has(controller.kind) || ownerReferences.some(({ uid }) => uid === lease.metadata.uid)) return {}
  const owners = [...ownerReferences, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: lease.metadata.name, uid: lease.metadata.uid }]
  return { ownerReferences: owners.map((owner): JsonObject => ({ ...owner })) }
}

const survivors: ReadonlySet<string> = new Set(['CronJob', 'ScheduledIntegration', 'IntegrationSet'])

export function skip({ source }: GatedRun, skipped: Skipped): Errand {
  return { action: annotated(source, { [annotation.skipped]: JSON.stringify(skipped) }, `it never starts: ${skipped.reason}`) }
}

export function replace(job: Job, by: string): Errand {
  return { action: annotated(job, { [annotation.replaced]: JSON.stringify({ by }) }, 'the next run takes its place') }
}

/** With its pods: who comes next must not start before they have ended. */
export function removeReplaced({ metadata: { namespace, name, uid } }: Job): Errand {
  return { action: { verb: 'delete', resource: 'jobs', namespace, name, uid, propagationPolicy: 'Foreground', because: 'the next run takes its place' } }
}

export interface Wait {
  readonly run: GatedRun
  readonly waiting: Waiting & { readonly reason: 'WaitingForLock' | 'WaitingForPrevious' | 'ReleaseRefused' }
}

export function tell({ run, waiting }: Wait): Errand {
  const { reason, message } = waiting
  const type = reason === 'ReleaseRefused' ? 'Warning' : 'Normal'
  const event = { regarding: regardingOf(run), type, reason, message: `Job ${run.job} ${message}`, action: 'Run' } as const
  return { action: annotated(run.source, { [annotation.waiting]: JSON.stringify(waiting) }, 'it has to wait'), event }
}

/** Whoever the run belongs to: there its user looks. */
function regardingOf({ source: { metadata }, terms: { schedulable } }: GatedRun): ObjectReference {
  const { namespace } = metadata
  if (schedulable !== undefined) return { apiVersion, namespace, ...schedulable }
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true)
  if (controller !== undefined) return { apiVersion: controller.apiVersion, kind: controller.kind, namespace, name: controller.name, uid: controller.uid }
  return { apiVersion: 'batch/v1', kind: 'Job', namespace, name: metadata.name, uid: metadata.uid }
}

/** The lock table as it is to be, upon the version that was read. */
export function writeTable(namespace: string, lease: Lease | undefined, text: string): Action {
  const annotations = { [annotation.locks]: text }
  if (lease === undefined) {
    const created = newLocksLease(namespace)
    const metadata = { ...(isJsonObject(created.object.metadata) ? created.object.metadata : {}), annotations }
    return { ...created, object: { ...created.object, metadata }, because: 'runs need locks' }
  }
  const { name, uid, resourceVersion } = lease.metadata
  return { verb: 'merge', resource: 'leases', namespace, name, uid, resourceVersion, merge: { metadata: { annotations } }, because: 'locks change hands' }
}

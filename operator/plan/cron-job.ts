import type { CronJob, JsonObject } from '../model/kubernetes.ts'
import { hashOf } from '../model/hash.ts'
import { isJsonObject } from '../model/json.ts'
import { annotation, apiVersion, orphanFinalizer } from '../model/names.ts'
import { type GateTerms, gateTermsIn, gateTermsText } from '../model/run-terms.ts'
import type { Action, JsonPatch } from './action.ts'
import { type Cursor, type Expression, cursorText } from './cursor.ts'
import { type Remade, covers, coversRemade } from './drift.ts'
import type { ObservedSchedule } from './observed.ts'
import type { SchedulableKind } from './schedulable.ts'

/** KCM keeps at least this many finished Jobs, so that none goes before it was recorded; we trim to the user's own limits (I11). */
const evidenceLimit = 25
/** Job names append `-` and the unix minute, and are at most 63 characters long. */
const longestName = 43

/** What a CronJob can belong to. */
export interface Owner {
  readonly kind: SchedulableKind
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export function ownerOf({ kind, metadata: { namespace, name, uid } }: Pick<ObservedSchedule, 'kind' | 'metadata'>): Owner {
  return { kind, namespace, name, uid }
}

/** I12: the CronJob's name, fixed for life: the owner's (`<name>-set` for sets), or a readable prefix and a hash when longer. */
export function cronJobName(kind: Owner['kind'], name: string): string {
  const whole = kind === 'IntegrationSet' ? `${name}-set` : name
  if (whole.length <= longestName) return whole
  return `${whole.slice(0, longestName - 11).replace(/[.-]+$/, '')}-${hashOf(whole, 10)}`
}

/** Everything of a CronJob's spec that follows from the user's objects and not from the time of day. */
export interface Workload {
  readonly labels: Readonly<Record<string, string>>
  /** batch/v1 JobTemplateSpec. */
  readonly jobTemplate: Remade
  /** I9; seconds. */
  readonly deadline: number
  readonly successfulJobsHistoryLimit: number
  readonly failedJobsHistoryLimit: number
}

/** batch/v1 CronJobSpec. */
function cronJobSpec(workload: Workload, expression: Expression, suspend: boolean): JsonObject {
  return { ...withoutTemplate(workload, expression, suspend), jobTemplate: workload.jobTemplate.make() }
}

function withoutTemplate(workload: Workload, expression: Expression, suspend: boolean): JsonObject {
  return {
    schedule: expression.schedule,
    timeZone: expression.timeZone,
    suspend,
    startingDeadlineSeconds: workload.deadline,
    concurrencyPolicy: 'Allow', // I13: overlap is decided at the Job
    successfulJobsHistoryLimit: Math.max(workload.successfulJobsHistoryLimit, evidenceLimit),
    failedJobsHistoryLimit: Math.max(workload.failedJobsHistoryLimit, evidenceLimit),
  }
}

/** Of the CronJob, and of Jobs that the operator makes in its place. */
export function ownerReference(owner: Owner): JsonObject {
  return { apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid, controller: true }
}

/** A new CronJob. Its finalizer is Kubernetes' own: when the CronJob is deleted, its Jobs go on (design/runs.md, Deletion). */
export function newCronJob(owner: Owner, workload: Workload, cursor: Cursor): JsonObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: {
      name: cronJobName(owner.kind, owner.name),
      namespace: owner.namespace,
      labels: workload.labels,
      annotations: { [annotation.cursor]: cursorText(cursor) },
      ownerReferences: [ownerReference(owner)],
      finalizers: [orphanFinalizer],
    },
    spec: cronJobSpec(workload, cursor.expression, cursor.suspend),
  }
}

/** As driftOf calls the native deadline. */
export const deadlineField = 'spec.startingDeadlineSeconds'

/** What somebody else changed on our CronJob, as words for an event; empty when it is as we would write it. */
export function driftOf(cronJob: CronJob, workload: Workload, cursor: Cursor): readonly string[] {
  const desired = withoutTemplate(workload, cursor.expression, cursor.suspend)
  const live: JsonObject = { ...cronJob.spec }
  const fields = Object.keys(desired).filter((field) => !covers(live[field], desired[field])).map((field) => `spec.${field}`)
  if (!coversRemade(cronJob.spec.jobTemplate, workload.jobTemplate)) fields.push('spec.jobTemplate')
  const { labels = {}, finalizers = [] } = cronJob.metadata
  if (Object.entries(workload.labels).some(([key, value]) => labels[key] !== value)) fields.push('metadata.labels')
  if (!finalizers.includes(orphanFinalizer)) fields.push('metadata.finalizers')
  return fields
}

/** One write that replaces the whole spec and our own metadata, of exactly the version that was decided upon (I5). */
export function rewrite(cronJob: CronJob, workload: Workload, cursor: Cursor): JsonPatch {
  return [{ op: 'replace', path: '/spec', value: cronJobSpec(workload, cursor.expression, cursor.suspend) }, ...ownMetadata(cronJob, workload, cursor)]
}

function ownMetadata(cronJob: CronJob, workload: Workload, cursor: Cursor): JsonPatch {
  const { labels, finalizers = [] } = cronJob.metadata
  return [
    { op: 'add', path: '/metadata/labels', value: { ...labels, ...workload.labels } },
    ...(finalizers.includes(orphanFinalizer) ? [] : [{ op: 'add' as const, path: '/metadata/finalizers', value: [...finalizers, orphanFinalizer] }]),
    cursorPatch(cronJob, cursor),
  ]
}

function cursorPatch(cronJob: CronJob, cursor: Cursor): JsonPatch[number] {
  return { op: 'add', path: '/metadata/annotations', value: { ...cronJob.metadata.annotations, [annotation.cursor]: cursorText(cursor) } }
}

/** Park: suspended, the expression unchanged. Of an invalid schedulable (`holdFor`) the Jobs are held too, also those made by hand. */
export function parkPatch(cronJob: CronJob, cursor: Cursor, holdFor: Owner | undefined): JsonPatch {
  return [
    { op: 'add', path: '/spec/suspend', value: true },
    ...(holdFor === undefined ? [] : holdPatch(cronJob, holdFor)),
    cursorPatch(cronJob, cursor),
  ]
}

/** Jobs of it are born suspended, and the gate knows that they are not to start. */
function holdPatch({ spec: { timeZone = 'Etc/UTC', jobTemplate } }: CronJob, { kind, name, uid }: Owner): JsonPatch {
  const { metadata, annotations } = templateMetadata(jobTemplate)
  const unknown: GateTerms = { v: 1, overlapPolicy: 'Allow', locks: [], maxWaitSeconds: 3600, startingDeadlineSeconds: 3600, runName: name, timeZone, schedulable: { kind, name, uid } }
  const terms = { ...(gateTermsIn(annotations[annotation.gate]) ?? unknown), held: true as const }
  return [
    { op: 'add', path: '/spec/jobTemplate/spec/suspend', value: true },
    { op: 'add', path: '/spec/jobTemplate/metadata', value: { ...metadata, annotations: { ...annotations, [annotation.gate]: gateTermsText(terms) } } },
  ]
}

/** Whether Jobs that are made of it now are held. */
export function holdsJobs({ spec: { jobTemplate } }: CronJob): boolean {
  const { spec } = jobTemplate
  return isJsonObject(spec) && spec['suspend'] === true && gateTermsIn(templateMetadata(jobTemplate).annotations[annotation.gate])?.held === true
}

function templateMetadata({ metadata }: JsonObject): { readonly metadata: JsonObject; readonly annotations: Readonly<Record<string, string>> } {
  const whole = isJsonObject(metadata) ? metadata : {}
  const { annotations } = whole
  const texts = Object.entries(isJsonObject(annotations) ? annotations : {}).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : []))
  return { metadata: whole, annotations: Object.fromEntries(texts) }
}

/** Only the cursor: a reminder for the CronJob controller (I8), or a new floor while parked. */
export function notePatch(cronJob: CronJob, cursor: Cursor): JsonPatch {
  return [cursorPatch(cronJob, cursor)]
}

/** A fenced patch of a CronJob. */
export function patchCronJob(cronJob: CronJob, patch: JsonPatch, because: string): Action {
  const { namespace, name, uid, resourceVersion } = cronJob.metadata
  return { verb: 'patch', resource: 'cronjobs', namespace, name, uid, resourceVersion, patch, because }
}

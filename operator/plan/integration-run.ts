import { type Instant, parseInstant, second } from '../model/instant.ts'
import type { IntegrationRun, IntegrationRunStatus } from '../model/integration-run.ts'
import type { Job, JsonObject, ObjectMeta } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import type { Checked, Problem } from '../model/problem.ts'
import type { MemberRecord } from '../model/status-schema.ts'
import { type Action, type Evidence, type Learned, type Look, type Plan, evidenceKey, isRefused } from './action.ts'
import { newRunJob, runJobName, runNameOf } from './integration-run-job.ts'
import { type NamedSchedule, type Unfit, requestOf } from './integration-run-request.ts'
import { type RunReport, runEndEvent, runStatusPatch } from './integration-run-status.ts'
import { isFinal, recordOf, tellableFrom } from './run-record.ts'
import { runTemplate } from './run-template.ts'
import { controllerUid, isSetRun, memberRecords, startOf } from './set-run-records.ts'
import type { ObservedTemplates } from './templates.ts'

/** What the stores know of one IntegrationRun, at one moment. */
export interface ObservedIntegrationRun {
  readonly metadata: ObjectMeta
  /** Refused: it got past the CRD (of another version, say) and cannot be read. */
  readonly object: Checked<IntegrationRun>
  readonly status: IntegrationRunStatus | undefined
  readonly rawStatus: JsonObject | undefined
  /** The ScheduledIntegration that it names. */
  readonly schedule: NamedSchedule | undefined
  /** What it runs. */
  readonly templates: ObservedTemplates
  /** The Job that it controls. */
  readonly job: Job | undefined
  /** Jobs that this Job controls: the members of a set. */
  readonly members: readonly Job[]
  readonly learned: Learned
}

const nothing: Plan = { actions: [], status: undefined, events: [], requeue: { kind: 'onChange' } }

/** For what is applied together with it, or was changed just before it, and is not in the stores yet; milliseconds. */
const patience = 10 * second
/** How old a look may be that is decided upon; milliseconds. */
const freshly = 5 * second

/**
 * What should happen to an IntegrationRun and its Job. What it runs is settled when its Job is made; all that follows is read
 * from the Job. Its end is final: whatever becomes of the Job later, the status stays.
 *
 * Guarantees: one Job, under a name that follows from the UID; it is made only after an uncached look at the IntegrationRun says
 * that no Job of it was ever seen, so that nobody who comes late makes another one.
 */
export function planIntegrationRun(observed: ObservedIntegrationRun, now: Instant): Plan {
  const { metadata, status, job } = observed
  if (metadata.deletionTimestamp !== undefined) return nothing
  if (status?.outcome !== undefined && isFinal(status.outcome)) return removal(observed, now)
  const lookedUp = job ?? ownJob(observed, now)
  if (lookedUp !== undefined) return followed(observed, lookedUp, now)
  if (status?.jobName !== undefined) return lost(observed, status.jobName, now)
  return begun(observed, now)
}

/** The only object of a user that the operator deletes, because its owner asked for that. */
function removal({ metadata, object, status }: ObservedIntegrationRun, now: Instant): Plan {
  const ttl = object.ok ? object.value.spec.ttlSecondsAfterFinished : undefined
  const ended = parseInstant(status?.completionTime)
  if (ttl === undefined || ended === undefined) return nothing
  const at = ended + ttl * second
  if (now < at) return { ...nothing, requeue: { kind: 'at', at, because: 'ttlSecondsAfterFinished' } }
  const { namespace, name, uid } = metadata
  const because = 'ttlSecondsAfterFinished has passed'
  return { ...nothing, actions: [{ verb: 'delete', resource: 'integrationruns', namespace, name, uid, propagationPolicy: 'Background', because }] }
}

/** One that no store shows, since somebody took its labels. */
function ownJob({ metadata, learned }: ObservedIntegrationRun, now: Instant): Job | undefined {
  const seen = freshLook(learned, jobLook(metadata, ''), now)
  return seen?.resource === 'jobs' && seen.object !== undefined && controllerUid(seen.object) === metadata.uid ? seen.object : undefined
}

function freshLook(learned: Learned, { resource, namespace, name }: Look, now: Instant): Evidence | undefined {
  const seen = learned.evidence.get(evidenceKey(resource, namespace, name))
  return seen !== undefined && now <= seen.at + freshly ? seen : undefined
}

function jobLook(metadata: ObjectMeta, because: string): Look {
  return { verb: 'look', resource: 'jobs', namespace: metadata.namespace, name: runJobName(metadata), because }
}

function followed(observed: ObservedIntegrationRun, job: Job, now: Instant): Plan {
  const tellable = tellableFrom(job)
  if (tellable !== undefined && now < tellable) return { ...nothing, requeue: { kind: 'at', at: tellable, because: 'the gate is about to decide' } }
  const plan = told(observed, reportOf(job, observed.members), now)
  if (observed.job !== undefined || plan.events.length > 0) return plan
  return { ...plan, requeue: { kind: 'at', at: now + freshly, because: 'no store shows its Job' } }
}

function reportOf(job: Job, members: readonly Job[]): RunReport {
  const { outcome, reason, message, completionTime } = recordOf(job, () => '', [])
  return {
    outcome,
    reason,
    message,
    jobName: job.metadata.name,
    runName: job.metadata.annotations?.[annotation.runName],
    startTime: startOf(job),
    completionTime,
    members: isSetRun(job) ? memberRecords(job, members) : undefined,
  }
}

/** A status that tells of the end brings its event along. */
function told(observed: ObservedIntegrationRun, report: RunReport, now: Instant): Plan {
  const { metadata } = observed
  return { ...nothing, status: runStatusPatch(observed, report, now), events: isFinal(report.outcome) ? [runEndEvent(metadata, report)] : [] }
}

/** Its Job was there once: it is never made again. */
function lost(observed: ObservedIntegrationRun, jobName: string, now: Instant): Plan {
  const { metadata, status, learned } = observed
  const look = jobLook(metadata, 'its Job is in no store')
  if (freshLook(learned, look, now) === undefined) return { ...nothing, actions: [look] }
  const { runName, startTime, members } = status ?? {}
  const message = 'its Job was deleted before its end was seen'
  return told(observed, { outcome: 'Unknown', reason: 'EvidenceGone', message, jobName, runName, startTime, members: members?.map(lostWithSet) }, now)
}

/** Members go with the Job of their set. */
function lostWithSet(member: MemberRecord): MemberRecord {
  const { name, jobName, startTime, outcome } = member
  if (outcome !== 'Running' && outcome !== 'Waiting') return member
  if (startTime === undefined) return { name, outcome: 'NotStarted', reason: 'EvidenceGone' }
  return { name, jobName, startTime, outcome: 'Unknown', reason: 'EvidenceGone' }
}

function begun(observed: ObservedIntegrationRun, now: Instant): Plan {
  const { metadata, learned } = observed
  const made = madeJob(observed)
  if (!made.ok) return unfit(observed, made, now)
  const holder = freshLook(learned, jobLook(metadata, ''), now)?.object
  if (holder !== undefined) return nameTaken(observed, holder.metadata, now)
  const refused = isRefused(made.create, learned.refused, now) ? `the API server refuses its Job: ${learned.refused?.message}` : undefined
  if (now > made.startBy) return endedWithoutJob(observed, tooLate(refused ?? refusalTold(observed)), now)
  if (refused !== undefined) return { ...told(observed, { outcome: 'Waiting', reason: 'JobRefused', message: refused }, now), actions: [made.create] }
  return { ...nothing, ...starting(observed, made.create, now) }
}

interface MadeJob {
  readonly ok: true
  readonly create: Action
  /** Later than that it does not start any more. */
  readonly startBy: Instant
}

function madeJob({ metadata, object, schedule, templates }: ObservedIntegrationRun): MadeJob | Unfit {
  if (!object.ok) return { ok: false, reason: 'InvalidSpec', problems: object.problems }
  const request = requestOf(object.value, schedule, templates)
  if (!request.ok) return request
  const template = runTemplate(request.value, templates)
  if (!template.ok) return template
  const { terms } = request.value
  const created = createdAt(metadata)
  return { ok: true, create: newRunJob(metadata, template.value, runNameOf(terms, created)), startBy: created + terms.startingDeadlineSeconds * second }
}

function createdAt({ creationTimestamp }: ObjectMeta): Instant {
  return parseInstant(creationTimestamp) ?? 0
}

/** One uncached look, and then the Job. What the store shows may be old: an IntegrationRun that has had its Job, or is gone. */
function starting({ metadata, learned }: ObservedIntegrationRun, create: Action, now: Instant): Partial<Plan> {
  const { namespace, name, uid } = metadata
  const look: Look = { verb: 'look', resource: 'integrationruns', namespace, name, because: 'it is about to start' }
  const seen = freshLook(learned, look, now)
  if (seen?.resource !== 'integrationruns') return { actions: [look] }
  const { metadata: live, status } = seen.object ?? {}
  const isFresh = live?.uid === uid && live.deletionTimestamp === undefined && status?.jobName === undefined
  return isFresh ? { actions: [create] } : { requeue: { kind: 'at', at: seen.at + freshly + 1, because: 'the store lags' } }
}

/** A run that cannot start ends, so that whoever waits for it is told; with every problem at once. */
function unfit(observed: ObservedIntegrationRun, { reason, problems }: Unfit, now: Instant): Plan {
  const until = createdAt(observed.metadata) + patience
  if (now < until) return { ...nothing, requeue: { kind: 'at', at: until, because: 'what it needs may be on its way' } }
  return endedWithoutJob(observed, { outcome: 'Failed', reason, message: problems.map(said).join('; ') }, now)
}

function said({ path, message }: Problem): string {
  return `${path}: ${message}`
}

/** What the API server had against its Job when it was last asked. */
function refusalTold({ status }: ObservedIntegrationRun): string | undefined {
  return status?.reason === 'JobRefused' ? status.message : undefined
}

function tooLate(refused: string | undefined): RunReport {
  if (refused !== undefined) return { outcome: 'Failed', reason: 'JobRefused', message: refused }
  return { outcome: 'Missed', reason: 'OperatorDown', message: 'the operator did not run when it was asked for, and until it was too late' }
}

function nameTaken(observed: ObservedIntegrationRun, { name, deletionTimestamp }: ObjectMeta, now: Instant): Plan {
  const because = 'what has the name of its Job is being deleted'
  if (deletionTimestamp !== undefined) return { ...nothing, requeue: { kind: 'at', at: now + freshly, because } }
  const message = `the name ${name} is taken by a Job that does not belong to this run`
  return told(observed, { outcome: 'Failed', reason: 'JobNameTaken', message }, now)
}

/** Only after a look: the store may not show yet that its Job was made. */
function endedWithoutJob(observed: ObservedIntegrationRun, report: RunReport, now: Instant): Plan {
  const look = jobLook(observed.metadata, 'it is about to end without a Job')
  return freshLook(observed.learned, look, now) === undefined ? { ...nothing, actions: [look] } : told(observed, report, now)
}

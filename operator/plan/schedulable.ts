import type { IntegrationSet } from '../model/integration-set.ts'
import { oncePer } from '../model/once-per.ts'
import type { ObjectMeta } from '../model/kubernetes.ts'
import type { ScheduledIntegration } from '../model/scheduled-integration.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import { schedulingDefaults } from '../model/scheduling-schema.ts'
import type { RunRequest, RunValues } from './run-request.ts'

/** What can be scheduled: a ScheduledIntegration, and an IntegrationSet by its own schedule. */
export type SchedulableKind = 'ScheduledIntegration' | 'IntegrationSet'

/** The spec of either, in one shape. */
export interface SchedulableSpec {
  readonly target: RunRequest['target']
  /** What the object itself gives; a set gives by its members, which belong to the template. */
  readonly values: readonly RunValues[]
  /** Absent: the set is only a template. */
  readonly schedule?: Schedule | undefined
  readonly suspend?: boolean | undefined
  /** What the names of runs begin with. */
  readonly runName: string
  readonly overlapPolicy: 'Allow' | 'Skip' | 'Queue' | 'Replace'
  readonly maxWaitSeconds: number
  readonly startingDeadlineSeconds: number
  readonly missedRunPolicy: 'RunLatest' | 'RunAll' | 'Skip'
  readonly successfulJobsHistoryLimit: number
  readonly failedJobsHistoryLimit: number
}

export const schedulableOf: (object: ScheduledIntegration | IntegrationSet) => SchedulableSpec = oncePer((object: ScheduledIntegration | IntegrationSet) =>
  object.kind === 'IntegrationSet' ? ofSet(object) : ofScheduledIntegration(object))

function ofScheduledIntegration({ metadata, spec }: ScheduledIntegration): SchedulableSpec {
  const { integrationRef, parameters, files, members, runName, ...own } = spec
  const byDefault = integrationRef.kind === 'IntegrationSet' ? setRunName(metadata.name) : metadata.name
  return {
    ...own,
    target: { ...integrationRef, reference: 'spec.integrationRef.name' },
    values: [{ path: 'spec', parameters, files, members }],
    runName: runName ?? byDefault,
  }
}

/** Absent fields mean their defaults, which the schema does not store on a set (model/integration-set.ts). */
function ofSet({ metadata: { name }, spec }: IntegrationSet): SchedulableSpec {
  return {
    target: { kind: 'IntegrationSet', name },
    values: [],
    schedule: spec.schedule,
    suspend: spec.suspend,
    runName: spec.runName ?? setRunName(name),
    overlapPolicy: spec.overlapPolicy ?? schedulingDefaults.overlapPolicy,
    maxWaitSeconds: spec.maxWaitSeconds ?? schedulingDefaults.maxWaitSeconds,
    startingDeadlineSeconds: spec.startingDeadlineSeconds ?? schedulingDefaults.startingDeadlineSeconds,
    missedRunPolicy: spec.missedRunPolicy ?? schedulingDefaults.missedRunPolicy,
    successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit ?? schedulingDefaults.successfulJobsHistoryLimit,
    failedJobsHistoryLimit: spec.failedJobsHistoryLimit ?? schedulingDefaults.failedJobsHistoryLimit,
  }
}

/** Who reads the name of a run knows that it is one of a set (design/product.md). */
export function setRunName(name: string): string {
  return /integration-?set/i.test(name) ? name : `${name}-IntegrationSet`
}

/** A run as its schedulable wants it. What is not complete is a set without a schedule: others may give what it leaves open. */
export function runRequest(kind: SchedulableKind, { name, uid }: Pick<ObjectMeta, 'name' | 'uid'>, spec: SchedulableSpec): RunRequest {
  const { target, values, schedule, overlapPolicy, maxWaitSeconds, startingDeadlineSeconds, runName } = spec
  return {
    target,
    values,
    schedule: kind === 'ScheduledIntegration' ? name : undefined,
    terms: { overlapPolicy, maxWaitSeconds, startingDeadlineSeconds, runName, timeZone: schedule?.timeZone ?? 'Etc/UTC', schedulable: { kind, name, uid } },
    completeness: schedule === undefined ? 'Partial' : 'Complete',
  }
}

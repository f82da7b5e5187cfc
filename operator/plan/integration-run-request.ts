import type { IntegrationRun } from '../model/integration-run.ts'
import { schedulingDefaults } from '../model/scheduling-schema.ts'
import type { Checked, Problem } from '../model/problem.ts'
import type { ObjectMeta } from '../model/kubernetes.ts'
import type { TemplateReason } from './run-part.ts'
import type { RunRequest, RunTerms, RunValues } from './run-request.ts'
import { type SchedulableSpec, runRequest, schedulableOf, setRunName } from './schedulable.ts'
import type { ObservedTemplates } from './templates.ts'

/** The ScheduledIntegration that a run names, as the store has it: also one that cannot be read. */
export interface NamedSchedule {
  readonly metadata: ObjectMeta
  readonly spec: Checked<SchedulableSpec>
}

/** Why a run on demand cannot be made. */
export type UnfitReason = TemplateReason | 'InvalidSpec' | 'ScheduleNotFound' | 'InvalidSchedule'

export interface Unfit {
  readonly ok: false
  readonly reason: UnfitReason
  readonly problems: readonly Problem[]
}

type Requested = { readonly ok: true; readonly value: RunRequest } | Unfit

/** What a run on demand asks for; what its schedule says otherwise, its recurrence and whether it is disabled, does not matter. */
export function requestOf(run: IntegrationRun, schedule: NamedSchedule | undefined, templates: ObservedTemplates): Requested {
  const { scheduleRef, integrationRef } = run.spec
  if (scheduleRef !== undefined) return ofSchedule(run, scheduleRef.name, schedule)
  if (integrationRef !== undefined) return { ok: true, value: ofTemplate(run, integrationRef, templates) }
  return { ok: false, reason: 'InvalidSpec', problems: [{ path: 'spec', message: 'exactly one of scheduleRef, integrationRef must be set' }] }
}

function ofSchedule(run: IntegrationRun, name: string, schedule: NamedSchedule | undefined): Requested {
  if (schedule === undefined) {
    const message = `there is no ScheduledIntegration "${name}" in this namespace: create it or correct the name`
    return { ok: false, reason: 'ScheduleNotFound', problems: [{ path: 'spec.scheduleRef.name', message }] }
  }
  const place = (path: string) => `ScheduledIntegration ${name}: ${path}`
  if (!schedule.spec.ok) {
    return { ok: false, reason: 'InvalidSchedule', problems: schedule.spec.problems.map(({ path, message }) => ({ path: place(path), message })) }
  }
  const { target, values, terms, ...request } = runRequest('ScheduledIntegration', schedule.metadata, schedule.spec.value)
  const { reference } = target
  return {
    ok: true,
    value: {
      ...request,
      target: { ...target, ...(reference === undefined ? {} : { reference: place(reference) }) },
      values: [own(run), ...values.map((given) => ({ ...given, path: place(given.path) }))],
      terms: named(terms, run),
    },
  }
}

type Reference = NonNullable<IntegrationRun['spec']['integrationRef']>

function ofTemplate(run: IntegrationRun, { kind, name }: Reference, { set }: ObservedTemplates): RunRequest {
  const { maxWaitSeconds, startingDeadlineSeconds } = schedulingDefaults
  const runName = kind === 'IntegrationSet' ? setRunName(name) : name
  const byDefault: RunTerms = { overlapPolicy: 'Allow', maxWaitSeconds, startingDeadlineSeconds, runName, timeZone: 'Etc/UTC' }
  // A set with a schedule of its own: its overlapPolicy speaks of all its runs.
  const scheduled = kind === 'IntegrationSet' && set?.object.ok === true && set.object.value.spec.schedule !== undefined
    ? runRequest('IntegrationSet', set.metadata, schedulableOf(set.object.value)).terms
    : byDefault
  const target = { kind, name, reference: 'spec.integrationRef.name' }
  return { target, values: [own(run)], schedule: undefined, terms: named(scheduled, run), completeness: 'Complete' }
}

function own({ spec: { parameters, files, members } }: IntegrationRun): RunValues {
  return { path: 'spec', parameters, files, members }
}

function named(terms: RunTerms, { spec: { runName } }: IntegrationRun): RunTerms {
  return runName === undefined ? terms : { ...terms, runName }
}

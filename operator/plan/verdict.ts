import type { Integration } from '../model/integration.ts'
import { hashOf } from '../model/hash.ts'
import { oncePer } from '../model/once-per.ts'
import type { Problem } from '../model/problem.ts'
import type { ScheduledIntegrationSpec } from '../model/scheduled-integration.ts'
import type { Workload } from './cron-job.ts'
import type { ObservedSchedule } from './observed.ts'
import { parameterVariables } from './parameters.ts'
import { jobTemplate, runLabels } from './pod-template.ts'
import { type PlannableRule, ruleOf } from './schedule-rule.ts'
import { nativeDeadline } from './timing.ts'

/** Why nothing may run: a person has to change something. */
export interface Invalid {
  readonly kind: 'invalid'
  readonly reason: 'InvalidSpec' | 'NoOccurrence' | 'NotSupportedYet' | 'IntegrationNotFound' | 'InvalidIntegration' | 'InvalidParameters'
  readonly problems: readonly Problem[]
}

/** A schedulable that may run: its rule, and the CronJob's part that does not depend on the time. */
export interface Valid {
  readonly kind: 'valid'
  readonly spec: ScheduledIntegrationSpec
  readonly rule: PlannableRule
  /** Another hash is an edit of when it runs. */
  readonly scheduleHash: string
  readonly workload: Workload
  /** The time zone that the CronJob controller does not read as we do, so that the rule has windows only. */
  readonly distrusted?: string | undefined
}

export type Verdict = Invalid | Valid

function invalid(reason: Invalid['reason'], problems: readonly Problem[]): Invalid {
  return { kind: 'invalid', reason, problems }
}

/** The rule book of what makes a ScheduledIntegration fit to run, in the order in which a user would mend it. */
export function verdictOn({ metadata, spec: checked, template }: Pick<ObservedSchedule, 'metadata' | 'spec' | 'template'>): Verdict {
  if (!checked.ok) return invalid('InvalidSpec', checked.problems)
  const spec = checked.value
  const rule = ruleOf(spec.schedule)
  if (!rule.ok) return invalid(rule.problems.some(({ reason }) => reason === 'NoOccurrence') ? 'NoOccurrence' : 'InvalidSpec', rule.problems)
  const unsupported = unsupportedFields(spec)
  if (unsupported.length > 0) return invalid('NotSupportedYet', unsupported)
  const { name } = spec.integrationRef
  if (template === undefined) {
    return invalid('IntegrationNotFound', [{ path: 'spec.integrationRef.name', message: `there is no Integration "${name}" in this namespace: create it or correct the name` }])
  }
  if (!template.object.ok) return invalid('InvalidIntegration', template.object.problems.map((problem) => ofTemplate(name, problem)))
  return remembered(metadata.name, spec, rule.value, template.object.value)
}

interface Remembered {
  schedule: string
  integration: Integration | undefined
  verdict: Verdict | undefined
}

const lately = oncePer((_spec: ScheduledIntegrationSpec): Remembered => ({ schedule: '', integration: undefined, verdict: undefined }))

/** Making the pod template and its hash takes a third of a pass: it is made again when the schedule or its Integration is another object. */
function remembered(schedule: string, spec: ScheduledIntegrationSpec, rule: PlannableRule, integration: Integration): Verdict {
  const known = lately(spec)
  if (known.verdict === undefined || known.schedule !== schedule || known.integration !== integration) {
    Object.assign(known, { schedule, integration, verdict: validated(schedule, spec, rule, integration) })
  }
  return known.verdict ?? validated(schedule, spec, rule, integration)
}

function validated(schedule: string, spec: ScheduledIntegrationSpec, rule: PlannableRule, integration: Integration): Verdict {
  const { name } = integration.metadata
  const later = unsupportedTemplateFields(integration)
  if (later.length > 0) return invalid('NotSupportedYet', later.map((problem) => ofTemplate(name, problem)))
  const variables = parameterVariables(integration.spec.parameters ?? [], spec.parameters ?? [])
  if (!variables.ok) return invalid('InvalidParameters', variables.problems)
  const identity = { integration: name, schedule }
  const template = jobTemplate(integration, identity, variables.value)
  if (!template.ok) return invalid('InvalidIntegration', template.problems.map((problem) => ofTemplate(name, problem)))
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = spec
  return {
    kind: 'valid',
    spec,
    rule,
    scheduleHash: hashOf(spec.schedule, 16),
    workload: {
      labels: runLabels(identity),
      jobTemplate: template.value,
      deadline: nativeDeadline(rule.smallestGap, spec.startingDeadlineSeconds),
      successfulJobsHistoryLimit,
      failedJobsHistoryLimit,
    },
  }
}

function ofTemplate(name: string, { path, message }: Problem): Problem {
  return { path: `Integration ${name}: ${path}`, message }
}

/** Fields of the schema whose behaviour is not built yet: said, never ignored. */
function unsupportedFields(spec: ScheduledIntegrationSpec): readonly Problem[] {
  const yet = (path: string, what: string) => ({ path: `spec.${path}`, message: `not supported yet: ${what}` })
  return [
    ...(spec.integrationRef.kind === 'IntegrationSet' ? [yet('integrationRef.kind', 'schedules of an IntegrationSet; name an Integration')] : []),
    ...(spec.overlapPolicy === 'Allow' ? [] : [yet('overlapPolicy', `${spec.overlapPolicy}; use Allow`)]),
    ...((spec.files ?? []).length > 0 ? [yet('files', 'files; mount them by the volumes of the Integration')] : []),
    ...((spec.members ?? []).length > 0 ? [yet('members', 'members of a set; remove them')] : []),
  ]
}

export function unsupportedTemplateFields({ spec }: Integration): readonly Problem[] {
  const yet = (path: string, what: string) => ({ path: `spec.${path}`, message: `not supported yet: ${what}` })
  return [
    ...((spec.locks ?? []).length > 0 ? [yet('locks', 'locks; remove them')] : []),
    ...((spec.files ?? []).length > 0 ? [yet('files', 'files; mount them by volumes')] : []),
  ]
}

import { hashOf } from '../model/hash.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { oncePer } from '../model/once-per.ts'
import type { Problem } from '../model/problem.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import type { Held } from './activation.ts'
import type { Workload } from './cron-job.ts'
import type { Remade } from './drift.ts'
import type { ObservedSchedule } from './observed.ts'
import { runLabels } from './pod-template.ts'
import type { TemplateReason } from './run-part.ts'
import { type RunTemplate, runTemplate } from './run-template.ts'
import { type SchedulableSpec, runRequest } from './schedulable.ts'
import { type PlannableRule, ruleOf } from './schedule-rule.ts'
import { integrationNames } from './templates.ts'
import { nativeDeadline } from './timing.ts'

/** Why nothing may run: a person has to change something; or there is no schedule, and that is in order. */
export interface Invalid {
  readonly kind: 'invalid'
  readonly reason: 'InvalidSpec' | 'NoOccurrence' | 'Unscheduled' | TemplateReason
  readonly problems: readonly Problem[]
}

/** A schedulable that may run: its rule, and the CronJob's part that does not depend on the time. */
export interface Valid {
  readonly kind: 'valid'
  readonly spec: SchedulableSpec & { readonly schedule: Schedule }
  readonly rule: PlannableRule
  /** Another hash is an edit of when it runs. */
  readonly scheduleHash: string
  readonly workload: Workload
  /** The time zone that the CronJob controller does not read as we do, so that the rule has windows only. */
  readonly distrusted?: string | undefined
  /** Why it does not run where it is, whatever its `suspend` says. */
  readonly held?: Held | undefined
}

export type Verdict = Invalid | Valid

type Judged = Pick<ObservedSchedule, 'kind' | 'metadata' | 'spec' | 'templates'>

function invalid(reason: Invalid['reason'], problems: readonly Problem[]): Invalid {
  return { kind: 'invalid', reason, problems }
}

/** The rule book of what makes a schedulable fit to run, in the order in which a user would mend it. */
export function verdictOn(judged: Judged): Verdict {
  if (!judged.spec.ok) return invalid('InvalidSpec', judged.spec.problems)
  const spec = judged.spec.value
  const { set, integrations } = judged.templates
  const made = [judged.metadata.uid, set?.object, ...integrationNames(spec.target, set).map((name) => integrations.get(name)?.object)]
  const known = lately(spec)
  if (known.verdict === undefined || made.length !== known.made.length || made.some((one, index) => one !== known.made[index])) {
    Object.assign(known, { made, verdict: verdictAnew(judged, spec) })
  }
  return known.verdict ?? verdictAnew(judged, spec)
}

interface Remembered {
  /** What it was made of. */
  made: readonly unknown[]
  verdict: Verdict | undefined
}

/** Judging takes a third of a pass, most of it the pod template and its hash: it is done again when the schedule or one of its templates is another object. */
const lately = oncePer((_spec: SchedulableSpec): Remembered => ({ made: [], verdict: undefined }))

function verdictAnew({ kind, metadata, templates }: Judged, spec: SchedulableSpec): Verdict {
  const { schedule } = spec
  const makeTemplate = () => runTemplate(runRequest(kind, metadata, spec), templates)
  const rule = schedule === undefined ? undefined : ruleOf(schedule)
  if (rule?.ok === false) return invalid(rule.problems.some(({ reason }) => reason === 'NoOccurrence') ? 'NoOccurrence' : 'InvalidSpec', rule.problems)
  const template = makeTemplate()
  if (!template.ok) return invalid(template.reason, template.problems)
  if (schedule === undefined || rule === undefined) return invalid('Unscheduled', [])
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = spec
  return {
    kind: 'valid',
    spec: { ...spec, schedule },
    rule: rule.value,
    scheduleHash: hashOf(schedule, 16),
    workload: {
      labels: runLabels(spec.target.kind === 'Integration' ? { integration: spec.target.name, schedule: metadata.name } : { ...(kind === 'ScheduledIntegration' ? { schedule: metadata.name } : {}), set: spec.target.name }),
      jobTemplate: remade(template.value, makeTemplate),
      deadline: nativeDeadline(rule.value.smallestGap, spec.startingDeadlineSeconds),
      successfulJobsHistoryLimit,
      failedJobsHistoryLimit,
    },
  }
}

/**
 * Not kept beyond the next collection of garbage: templates would be most of what schedules take in memory. Its annotations tell it from any
 * other: the hash of its spec (of a set, of its members), and the terms of the gate.
 */
function remade(value: JsonObject, makeAgain: () => RunTemplate): Remade {
  const kept = new WeakRef(value)
  const again = () => {
    const template = makeAgain()
    if (template.ok) return template.value
    throw new Error('a template of the same objects is refused the second time')
  }
  return { hash: hashOf(value['metadata'], 16), make: () => kept.deref() ?? again() }
}

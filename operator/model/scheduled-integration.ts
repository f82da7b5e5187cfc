import { z } from 'zod'
import type { Frozen } from './frozen.ts'
import { fileValues, integrationRef, memberValues, parameterValues } from './reference-schema.ts'
import { ageColumn, readyColumn, reasonColumn, type Column, type ResourceKind, type ResourceObject } from './resource-kind.ts'
import { ruled, type Rule } from './rule.ts'
import { scheduleSchema } from './schedule-schema.ts'
import {
  historyLimit, maxWaitSeconds, missedRunPolicy, overlapPolicy, runName, schedulingDefaults, schedulingDescriptions, startingDeadlineSeconds,
} from './scheduling-schema.ts'
import { scheduleStatus, type ScheduleStatus } from './status-schema.ts'

interface Target {
  readonly integrationRef?: { readonly kind: 'Integration' | 'IntegrationSet' } | undefined
  readonly parameters?: readonly unknown[] | undefined
  readonly files?: readonly unknown[] | undefined
  readonly members?: readonly unknown[] | undefined
}

const isEmpty = (list: string) => `!has(self.${list}) || size(self.${list}) == 0`
const isOther = (kind: string) => `!has(self.integrationRef) || self.integrationRef.kind != '${kind}'`

/** Values go to an Integration directly, to a set by its members. */
export const targetRules: readonly Rule<Target>[] = [
  ...(['parameters', 'files'] as const).map((field): Rule<Target> => ({
    cel: `${isOther('IntegrationSet')} || ${isEmpty(field)}`,
    message: `an IntegrationSet takes ${field} by member: write them under members`,
    field: `.${field}`,
    reason: 'FieldValueForbidden',
    holds: self => self.integrationRef?.kind !== 'IntegrationSet' || (self[field] ?? []).length === 0,
  })),
  {
    cel: `${isOther('Integration')} || ${isEmpty('members')}`,
    message: 'only an IntegrationSet has members: remove them, or set integrationRef.kind: IntegrationSet',
    field: '.members',
    reason: 'FieldValueForbidden',
    holds: self => self.integrationRef?.kind !== 'Integration' || (self.members ?? []).length === 0,
  },
]

const { suspend, ...descriptions } = schedulingDescriptions

const spec = ruled(
  z.object({
    integrationRef: integrationRef.describe('What runs.'),
    runName: runName.optional().describe(`${descriptions.runName} Absent: the name of this object, with "-IntegrationSet" for a set unless it already says so.`),
    suspend: z.boolean().optional().describe(suspend),
    schedule: scheduleSchema,
    parameters: parameterValues.optional().describe('Values of the parameters of an Integration. A change takes effect from the next run on.'),
    files: fileValues.optional().describe('Where the files of an Integration are. A change takes effect from the next run on.'),
    members: memberValues.optional().describe('For an IntegrationSet: values of parameters and files of its members, in place of those in the set.'),
    overlapPolicy: overlapPolicy.default(schedulingDefaults.overlapPolicy).describe(descriptions.overlapPolicy),
    maxWaitSeconds: maxWaitSeconds.default(schedulingDefaults.maxWaitSeconds).describe(descriptions.maxWaitSeconds),
    startingDeadlineSeconds: startingDeadlineSeconds.default(schedulingDefaults.startingDeadlineSeconds).describe(descriptions.startingDeadlineSeconds),
    missedRunPolicy: missedRunPolicy.default(schedulingDefaults.missedRunPolicy).describe(descriptions.missedRunPolicy),
    successfulJobsHistoryLimit: historyLimit.default(schedulingDefaults.successfulJobsHistoryLimit).describe(descriptions.successfulJobsHistoryLimit),
    failedJobsHistoryLimit: historyLimit.default(schedulingDefaults.failedJobsHistoryLimit).describe(descriptions.failedJobsHistoryLimit),
  }),
  targetRules,
).describe('What runs, when, and with which parameters.')

/** What `kubectl get` shows of everything that is scheduled. */
export const scheduleColumns: readonly Column[] = [
  { name: 'Schedule', type: 'string', jsonPath: '.status.scheduleText', description: 'When it runs, in words.' },
  { name: 'Suspended', type: 'boolean', jsonPath: '.status.suspended', description: 'Whether it is disabled.' },
  { name: 'Last', type: 'string', jsonPath: '.status.lastRun.outcome', description: 'How the latest run ended.' },
  { name: 'Next', type: 'string', jsonPath: '.status.nextRunTime', description: 'When it runs next.' },
  readyColumn,
  ageColumn,
  { name: 'Timezone', type: 'string', jsonPath: '.spec.schedule.timeZone', description: 'Time zone of the schedule.', priority: 1 },
  { name: 'CronJob', type: 'string', jsonPath: '.status.cronJob.name', description: 'The CronJob that starts the runs.', priority: 1 },
  { name: 'Exact until', type: 'string', jsonPath: '.status.exactUntil', description: 'Until when runs start as intended without the operator.', priority: 1 },
  reasonColumn,
]

export const scheduledIntegration = {
  kind: 'ScheduledIntegration',
  plural: 'scheduledintegrations',
  singular: 'scheduledintegration',
  shortNames: ['sint'],
  description: 'A ScheduledIntegration runs an Integration or an IntegrationSet, later once or repeatedly, with its parameters. A CronJob of its name starts the runs.',
  spec,
  status: scheduleStatus,
  columns: scheduleColumns,
  selectableFields: ['.spec.integrationRef.kind', '.spec.integrationRef.name', '.status.suspended', '.status.lastRun.outcome'],
} as const satisfies ResourceKind

export type ScheduledIntegrationSpec = Frozen<z.output<typeof spec>>
export type ScheduledIntegration = ResourceObject<'ScheduledIntegration', ScheduledIntegrationSpec, ScheduleStatus>

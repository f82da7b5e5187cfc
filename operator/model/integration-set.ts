import { z } from 'zod'
import { labelName, listMap, ownName, text } from './field-schema.ts'
import type { Frozen } from './frozen.ts'
import { fileValues, parameterValues } from './reference-schema.ts'
import type { ResourceKind, ResourceObject } from './resource-kind.ts'
import { ruled, type Rule } from './rule.ts'
import { scheduleSchema } from './schedule-schema.ts'
import { scheduleColumns } from './scheduled-integration.ts'
import {
  historyLimit, maxWaitSeconds, missedRunPolicy, overlapPolicy, runName, schedulingDescriptions, startingDeadlineSeconds,
} from './scheduling-schema.ts'
import { scheduledBy, scheduleStatusShape } from './status-schema.ts'

const member = z.object({
  name: labelName().describe('Name of the member in this set.'),
  integrationRef: z
    .object({
      kind: z.enum(['Integration']).default('Integration').describe('Always Integration: a set does not contain sets.'),
      name: ownName().describe('Name of the Integration, in the same namespace.'),
    })
    .describe('What the member runs.')
    .meta({ 'x-kubernetes-map-type': 'atomic' }),
  parameters: parameterValues.optional().describe('Values of the parameters of the Integration.'),
  files: fileValues.optional().describe('Where the files of the Integration are.'),
})

/**
 * Without a schedule a set is only a template, on which stored defaults of these would be noise, and would break the rule below. So they have
 * none in the schema: an absent one means schedulingDefaults.
 */
const schedulingShape = {
  suspend: z.boolean().optional().describe(schedulingDescriptions.suspend),
  runName: runName.optional().describe(`${schedulingDescriptions.runName} Absent: the name of this object and "-IntegrationSet", unless it already says so.`),
  overlapPolicy: overlapPolicy.optional().describe(schedulingDescriptions.overlapPolicy),
  maxWaitSeconds: maxWaitSeconds.optional().describe(schedulingDescriptions.maxWaitSeconds),
  startingDeadlineSeconds: startingDeadlineSeconds.optional().describe(schedulingDescriptions.startingDeadlineSeconds),
  missedRunPolicy: missedRunPolicy.optional().describe(schedulingDescriptions.missedRunPolicy),
  successfulJobsHistoryLimit: historyLimit.optional().describe(schedulingDescriptions.successfulJobsHistoryLimit),
  failedJobsHistoryLimit: historyLimit.optional().describe(schedulingDescriptions.failedJobsHistoryLimit),
} as const

/** Of the spec of a set: what is refused without `schedule`. */
export const schedulingFields = [
  'suspend', 'runName', 'overlapPolicy', 'maxWaitSeconds', 'startingDeadlineSeconds', 'missedRunPolicy', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit',
] as const satisfies readonly (keyof typeof schedulingShape)[]

type Scheduled = { readonly schedule?: unknown } & { readonly [Field in (typeof schedulingFields)[number]]?: unknown }

const onlyWithSchedule = schedulingFields.map((field): Rule<Scheduled> => ({
  cel: `has(self.schedule) || !has(self.${field})`,
  message: `${field} works only together with schedule: add a schedule, or remove ${field}`,
  field: `.${field}`,
  reason: 'FieldValueForbidden',
  holds: self => self.schedule !== undefined || self[field] === undefined,
}))

const spec = ruled(
  z.object({
    description: text(4096).optional().describe('What the set does, for the people who schedule it.'),
    members: listMap(member, 'name', 32, 2).describe('The Integrations that run as one, in their order: at least two, at most 32.'),
    execution: z
      .enum(['Sequential', 'Parallel'])
      .default('Sequential')
      .describe('Sequential (default): each member starts when the one before it has ended. Parallel: all start at once.'),
    onMemberFailure: z
      .enum(['Abort', 'Continue'])
      .default('Abort')
      .describe('What happens when a member fails or completes with errors. Abort (default): later members do not start. Continue: they do. The set has failed in both cases.'),
    timeoutSeconds: z.int().min(1).max(2_592_000).optional().describe('Seconds after which a run of the whole set is stopped and has failed, at most 2592000 (30 days). Absent: it may take as long as it likes.'),
    schedule: scheduleSchema
      .optional()
      .describe('When the set runs. Absent: the set is a template, which ScheduledIntegrations and IntegrationRuns can name. A change never starts a run at once.'),
    ...schedulingShape,
  }),
  onlyWithSchedule,
).describe('Which Integrations run, in which order, and, if it has a schedule of its own, when.')

const status = z.object({
  ...scheduleStatusShape,
  scheduledBy: scheduledBy.optional(),
})

export const integrationSet = {
  kind: 'IntegrationSet',
  plural: 'integrationsets',
  singular: 'integrationset',
  shortNames: ['iset'],
  description: 'An IntegrationSet is an ordered sequence of Integrations that run as one. With a schedule it runs by itself; without, it is a template.',
  spec,
  status,
  columns: [...scheduleColumns, { name: 'Scheduled by', type: 'integer', jsonPath: '.status.scheduledBy', description: 'How many ScheduledIntegrations name it.', priority: 1 }],
  selectableFields: ['.status.suspended', '.status.lastRun.outcome'],
} as const satisfies ResourceKind

export type IntegrationSetSpec = Frozen<z.output<typeof spec>>
export type IntegrationSetStatus = Frozen<z.output<typeof status>>
export type IntegrationSet = ResourceObject<'IntegrationSet', IntegrationSetSpec, IntegrationSetStatus>

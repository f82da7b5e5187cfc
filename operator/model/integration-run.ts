import { z } from 'zod'
import { instant, ownName, text } from './field-schema.ts'
import type { Frozen } from './frozen.ts'
import { integrationRef, plainFileValues, plainMemberValues, plainParameterValues } from './reference-schema.ts'
import { ageColumn, type ResourceKind, type ResourceObject } from './resource-kind.ts'
import { exactlyOne, ruled, unchangeable } from './rule.ts'
import { targetRules } from './scheduled-integration.ts'
import { runName } from './scheduling-schema.ts'
import { conditions, memberRecords, observedGeneration, outcome } from './status-schema.ts'

const spec = ruled(
  z.object({
    scheduleRef: z
      .object({ name: ownName().describe('Name of the ScheduledIntegration, in the same namespace.') })
      .optional()
      .describe('Runs what a ScheduledIntegration runs, with its parameters and files, even while it is disabled. Not together with integrationRef.')
      .meta({ 'x-kubernetes-map-type': 'atomic' }),
    integrationRef: integrationRef.optional().describe('Runs an Integration or an IntegrationSet. Not together with scheduleRef.'),
    runName: runName.optional().describe('Beginning of the name of the run: it is called <runName>-YYYYMMDD-HHMM. Absent: that of the schedule, or the name of the template.'),
    parameters: plainParameterValues.optional().describe('Values of parameters, in place of those in the schedule.'),
    files: plainFileValues.optional().describe('Where files are, in place of those in the schedule.'),
    members: plainMemberValues.optional().describe('For an IntegrationSet: values of parameters and files of its members, in place of those in the set and in the schedule.'),
    ttlSecondsAfterFinished: z.int().min(0).max(31_536_000).optional().describe('Seconds after the end of the run after which this object and its Job are deleted, at most 31536000 (a year). Absent: they stay.'),
  }),
  [exactlyOne(['scheduleRef', 'integrationRef'], 'exactly one of scheduleRef, integrationRef must be set'), ...targetRules, unchangeable('a run cannot be changed once it exists: create another IntegrationRun')],
).describe('What to run, once and now. It cannot be changed.')

const status = z.object({
  observedGeneration: observedGeneration.optional(),
  conditions: conditions.optional().describe('Succeeded is True or False when the run has ended, Unknown before.'),
  jobName: text(253).optional().describe('Name of the Job.'),
  runName: text(128).optional().describe('Name of the run for people.'),
  startTime: instant().optional().describe('When it started.'),
  completionTime: instant().optional().describe('When it ended.'),
  outcome: outcome.optional().describe('How it ended, or Waiting or Running.'),
  reason: text(1024).optional().describe('Why it ended so, as one word for programs, such as DeadlineExceeded.'),
  message: text(4096).optional().describe('Why it ended so, in words.'),
  members: memberRecords.optional(),
})

export const integrationRun = {
  kind: 'IntegrationRun',
  plural: 'integrationruns',
  singular: 'integrationrun',
  shortNames: ['irun'],
  description: 'An IntegrationRun is one run on demand: of a template, or of a schedule with other parameters.',
  spec,
  status,
  columns: [
    { name: 'Schedule', type: 'string', jsonPath: '.spec.scheduleRef.name', description: 'The ScheduledIntegration that it runs.' },
    { name: 'Integration', type: 'string', jsonPath: '.spec.integrationRef.name', description: 'The Integration or IntegrationSet that it runs.' },
    { name: 'Outcome', type: 'string', jsonPath: '.status.outcome', description: 'How it ended, or Waiting or Running.' },
    { name: 'Started', type: 'date', jsonPath: '.status.startTime', description: 'How long ago it started.' },
    { name: 'Finished', type: 'date', jsonPath: '.status.completionTime', description: 'How long ago it ended.' },
    ageColumn,
    { name: 'Run', type: 'string', jsonPath: '.status.runName', description: 'Name of the run.', priority: 1 },
    { name: 'Job', type: 'string', jsonPath: '.status.jobName', description: 'Name of the Job.', priority: 1 },
    { name: 'Reason', type: 'string', jsonPath: '.status.reason', description: 'Why it ended so.', priority: 1 },
  ],
  selectableFields: ['.spec.scheduleRef.name', '.spec.integrationRef.name', '.status.outcome'],
} as const satisfies ResourceKind

export type IntegrationRunSpec = Frozen<z.output<typeof spec>>
export type IntegrationRunStatus = Frozen<z.output<typeof status>>
export type IntegrationRun = ResourceObject<'IntegrationRun', IntegrationRunSpec, IntegrationRunStatus>

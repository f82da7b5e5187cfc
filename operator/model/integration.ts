import { z } from 'zod'
import { container } from './container-schema.ts'
import { listMap, setOf, text } from './field-schema.ts'
import { fileDeclaration } from './file-schema.ts'
import type { Frozen } from './frozen.ts'
import { integrationRules } from './integration-rules.ts'
import { parameterDeclaration } from './parameter-schema.ts'
import { pod } from './pod-schema.ts'
import { ageColumn, readyColumn, reasonColumn, type ResourceKind, type ResourceObject } from './resource-kind.ts'
import { ruled } from './rule.ts'
import { conditions, observedGeneration, scheduledBy } from './status-schema.ts'

const lockName = '^[A-Za-z0-9]([-A-Za-z0-9_.:@/]*[A-Za-z0-9])?$'

const lock = z.object({
  name: ruled(z.string().min(1).max(253), [{
    cel: `self.matches('${lockName}')`,
    message: 'must be letters, digits and "-_.:@/", beginning and ending with a letter or digit, such as sftp/outbound/payroll.csv',
    holds: self => new RegExp(lockName).test(self),
  }]).describe('Name of the resource. Every Integration in the namespace that names it shares the lock.'),
  mode: z
    .enum(['Exclusive', 'Shared'])
    .default('Exclusive')
    .describe('Exclusive (default): no other run may hold it. Shared: only runs that hold it Shared may run at the same time.'),
})

const spec = ruled(
  z.object({
    description: text(4096).optional().describe('What the integration does, for the people who schedule it.'),
    parameters: listMap(parameterDeclaration, 'name', 64)
      .optional()
      .describe('Parameters that runs take. Each reaches the container as an environment variable. Runs in progress keep the values they started with.'),
    files: listMap(fileDeclaration, 'name', 32)
      .optional()
      .describe('Files that runs read or write. Each lies below /integration/files/<name>/ in the container; its path is told by an environment variable.'),
    locks: listMap(lock, 'name', 16)
      .optional()
      .describe('Resources that two runs in this namespace must not use at the same time. A run gets all of its locks at once, or waits (maxWaitSeconds of its schedule).'),
    completedWithErrors: z
      .object({
        exitCodes: setOf(z.int().min(1).max(255), 64, 1).describe('Exit codes, from 1 to 255, that mean: it came to its end, but some records failed.'),
      })
      .optional()
      .describe('How a run says that it came to its end with errors: the outcome CompletedWithErrors, which is not retried and counts as failed. Absent: every exit code but 0 is a failure.'),
    timeoutSeconds: z.int().min(1).max(2_592_000).optional().describe('Seconds after which a run is stopped and has failed, at most 2592000 (30 days). Absent: runs may take as long as they like.'),
    retries: z.int().min(0).max(20).default(0).describe('How often a failed run is tried again. Default 0, at most 20. A new try starts only when the previous pod has ended.'),
    onDisruption: z
      .enum(['Fail', 'Retry'])
      .default('Fail')
      .describe('What happens to a run whose pod is evicted, because its node is drained, say. Fail (default): it has failed. Retry: it starts again, and this does not count as one of retries.'),
    container: container.describe('What runs: an image and its command. A change takes effect from the next run on.'),
    pod: pod.optional().describe('The pod around the container: service account, volumes, where it may run.'),
  }),
  integrationRules,
).describe('What runs, which parameters and files it takes, and which resources it must not share. A change touches later runs only.')

const status = z.object({
  observedGeneration: observedGeneration.optional(),
  conditions: conditions.optional().describe('Ready says whether schedules can use it; its message names every problem.'),
  scheduledBy: scheduledBy.optional(),
})

export const integration = {
  kind: 'Integration',
  plural: 'integrations',
  singular: 'integration',
  shortNames: ['integ'],
  description: 'An Integration is a template of runs that move data between systems. It runs nothing by itself: ScheduledIntegrations, IntegrationSets and IntegrationRuns name it.',
  spec,
  status,
  columns: [
    { name: 'Scheduled by', type: 'integer', jsonPath: '.status.scheduledBy', description: 'How many schedules run it.' },
    readyColumn,
    ageColumn,
    { name: 'Image', type: 'string', jsonPath: '.spec.container.image', description: 'The image that runs.', priority: 1 },
    reasonColumn,
  ],
  selectableFields: ['.spec.container.image'],
} as const satisfies ResourceKind

export type IntegrationSpec = Frozen<z.output<typeof spec>>
export type IntegrationStatus = Frozen<z.output<typeof status>>
export type Integration = ResourceObject<'Integration', IntegrationSpec, IntegrationStatus>

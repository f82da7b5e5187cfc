import { z } from 'zod'
import { parseDate } from './civil-time.ts'
import { cloneStatus, type TenantCloneStatus } from './clone-status.ts'
import { copyAction, copyKindList } from './copying.ts'
import { isLabelKey, labelName, labelValue, listMapBy, ownName, setOf, textMap } from './field-schema.ts'
import type { Frozen } from './frozen.ts'
import { fileValues, parameterValues } from './reference-schema.ts'
import { ageColumn, readyColumn, reasonColumn, type ResourceKind, type ResourceObject } from './resource-kind.ts'
import { ruled, unchangeable } from './rule.ts'
import { calendarDate, timeZoneName } from './schedule-schema.ts'
import { runName } from './scheduling-schema.ts'
import { isTimeZone } from './time-zone.ts'

const source = z.object({
  namespace: ruled(labelName(), [unchangeable('the source cannot be changed: create another TenantClone')])
    .describe('Namespace to copy from, whose CloneGrant must allow it. It cannot be changed.'),
  selector: z
    .object({
      matchLabels: ruled(textMap(labelValue(), 32), [{
        message: 'must have keys of labels, such as team or example.com/team',
        holds: self => Object.keys(self).every(isLabelKey),
      }])
        .optional()
        .describe('Labels that an object must have, all of them.'),
    })
    .optional()
    .describe('Which objects are copied. Absent: all of the kinds.')
    .meta({ 'x-kubernetes-map-type': 'atomic' }),
})

const override = ruled(
  z.object({
    kind: z.enum(['IntegrationSet', 'ScheduledIntegration']).describe('IntegrationSet or ScheduledIntegration.'),
    name: ownName().describe('Name of the object, which is the same in both namespaces.'),
    timeZone: ruled(timeZoneName(), [{ message: 'is no time zone: use an IANA name such as Europe/Berlin or Etc/UTC', holds: isTimeZone }])
      .optional()
      .describe('Time zone of its schedule, in place of the one of the source.'),
    startDate: ruled(calendarDate(), [{
      message: 'must be a calendar date "YYYY-MM-DD" in the years 1970 to 2199, such as "2026-12-07"',
      holds: self => parseDate(self) !== undefined && self >= '1970-01-01' && self <= '2199-12-31',
    }])
      .optional()
      .describe('First day on which it may run, "YYYY-MM-DD", in place of the one of the source. It also sets the phase.'),
    runName: runName.optional().describe('Beginning of the names of its runs, in place of the one of the source.'),
    parameters: parameterValues.optional().describe('Values of parameters, in place of those of the same names in the source. Others are kept.'),
    files: fileValues.optional().describe('Where files are, in place of those of the same names in the source. Others are kept.'),
  }),
  [{
    cel: `self.kind != 'IntegrationSet' || !has(self.parameters) && !has(self.files)`,
    message: 'a set gives values to its members, which are copied as they are: only a ScheduledIntegration takes parameters and files here',
    holds: self => self.kind !== 'IntegrationSet' || (self.parameters === undefined && self.files === undefined),
  }],
)

const requestId = '^[A-Za-z0-9]([-A-Za-z0-9_.:]*[A-Za-z0-9])?$'

const request = ruled(
  z.object({
    id: ruled(z.string().min(1).max(63), [{
      cel: `self.matches('${requestId}')`,
      message: 'must be letters, digits, "-", "_", "." and ":", beginning and ending with a letter or digit, such as 2026-10-01-a',
      holds: self => new RegExp(requestId).test(self),
    }]).describe('Tells requests apart: each id is done once. A new one asks again.'),
    action: copyAction.describe('Clone: copies what is missing. Refresh: also brings copies up to date, but for what was changed here. Reset: overwrites and disables all copies.'),
    dryRun: z.boolean().default(false).describe('Whether nothing is written but the status, which says what would happen. Default false.'),
  }),
  [{
    cel: 'self.id != oldSelf.id || self == oldSelf',
    message: 'a request is done once: give the changed one a new id',
  }],
)

/** Key of labels or annotations, or all that begin so. */
const keyPattern = '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?([*]|[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)$'

const spec = z.object({
  source: source.describe('What is copied.'),
  kinds: copyKindList.optional().describe('Kinds that are copied: Integration, IntegrationSet, ScheduledIntegration. Absent: all three.'),
  onConflict: z
    .enum(['Skip', 'Fail', 'Adopt'])
    .default('Skip')
    .describe('What happens to an object of the same name that is no copy. Skip (default): it is left alone. Fail: so it is, and the clone is not ready. Adopt: it becomes a copy of which nothing is overwritten but by a Reset; a schedule must say suspend: true or false for that. A copy that another TenantClone made becomes one of this only when that is gone, and is brought up to date like any copy.'),
  overrides: listMapBy(override, ['kind', 'name'], 32)
    .optional()
    .describe('Fields in which copies differ from their source, at most 32. Everything else can be changed in the copies themselves, and is then kept.'),
  excludeMetadata: setOf(
    ruled(z.string().min(1).max(317), [{
      cel: `self.matches('${keyPattern}')`,
      message: 'must be a key such as example.com/team, or the beginning of keys such as example.com/*',
      holds: self => new RegExp(keyPattern).test(self),
    }]),
    32,
  )
    .optional()
    .describe('Labels and annotations that are not copied, such as example.com/team or example.com/*. Those of Argo CD, Flux, Helm and kubectl never are.'),
  request: request
    .optional()
    .describe('Asks for a pass beyond the first. A request is done once, also if this object is deleted and applied again with it.')
    .meta({ 'x-kubernetes-map-type': 'atomic' }),
}).describe('What is copied into this namespace, and how. All schedules arrive disabled.')

export const tenantClone = {
  kind: 'TenantClone',
  plural: 'tenantclones',
  singular: 'tenantclone',
  shortNames: ['tclone'],
  description: 'A TenantClone copies integrations, sets and schedules of another namespace into its own, disabled. Deleting it deletes no copy.',
  spec,
  status: cloneStatus,
  columns: [
    { name: 'Source', type: 'string', jsonPath: '.spec.source.namespace', description: 'Namespace that is copied.' },
    readyColumn,
    { name: 'Reason', type: 'string', jsonPath: reasonColumn.jsonPath, description: reasonColumn.description },
    { name: 'Request', type: 'string', jsonPath: '.status.lastRequest.id', description: 'The latest request that was done.' },
    { name: 'Finished', type: 'date', jsonPath: '.status.completionTime', description: 'How long ago the latest pass ended.' },
    ageColumn,
    { name: 'Created', type: 'integer', jsonPath: '.status.summary.created', description: 'Objects that were copied.', priority: 1 },
    { name: 'Updated', type: 'integer', jsonPath: '.status.summary.updated', description: 'Copies that were brought up to date.', priority: 1 },
    { name: 'Failed', type: 'integer', jsonPath: '.status.summary.failed', description: 'Objects that could not be copied.', priority: 1 },
  ],
  selectableFields: ['.spec.source.namespace'],
} as const satisfies ResourceKind

export type TenantCloneSpec = Frozen<z.output<typeof spec>>
export type { TenantCloneStatus }
export type TenantClone = ResourceObject<'TenantClone', TenantCloneSpec, TenantCloneStatus>

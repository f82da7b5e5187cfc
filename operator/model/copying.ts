import { z } from 'zod'
import { list, setOf, text } from './field-schema.ts'
import type { Frozen } from './frozen.ts'

/** The words of copying a tenant. They stand in users' files and in status, so none is ever renamed. */

/** What is copied; what others name comes first. A closed list: nothing else ever leaves a namespace. */
export const copyKinds = ['Integration', 'IntegrationSet', 'ScheduledIntegration'] as const
export type CopyKind = (typeof copyKinds)[number]

export const copyKind = z.enum(copyKinds)
export const copyKindList = setOf(copyKind, copyKinds.length, 1)

/** Whether what is there already is overwritten: never, as far as it was not changed there, or all of it. */
export const copyAction = z.enum(['Clone', 'Refresh', 'Reset'])
export type CopyAction = z.output<typeof copyAction>

/** What became of one object. Would*: of a dry run. */
export const copyResults = [
  'Created', 'Updated', 'Unchanged', 'Resuspended', 'Skipped', 'Adopted', 'Failed', 'WouldCreate', 'WouldUpdate', 'WouldResuspend', 'WouldAdopt',
] as const
export type CopyResult = (typeof copyResults)[number]

/** Why it was not simply done. */
export const copyReasons = [
  'DeletedInTarget', 'OrphanedInTarget', 'ManagedByGitOps', 'NotOurs', 'FieldsKept', 'Conflict', 'Refused', 'TooLarge', 'InvalidName', 'OverrideUnused',
] as const
export type CopyReason = (typeof copyReasons)[number]

/** The bounds keep 256 of them, with all that stands beside them in status, below what etcd takes in one request (1.5 MiB). */
const keptFields = list(text(192), 16)

export const copyItem = z.object({
  kind: copyKind.describe('Kind of the object.'),
  name: text(253).describe('Name of the object.'),
  result: z.enum(copyResults).describe('What became of it; Would... if it was a dry run.'),
  reason: z.enum(copyReasons).optional().describe('Why, as one word for programs.'),
  message: text(256).optional().describe('Why, in words. Values are never repeated.'),
  keptFields: keptFields.optional().describe('Fields that were changed in this namespace and left as they are.'),
})

/** What became of one object, as status tells it. */
export type CopyItem = Frozen<z.output<typeof copyItem>>

/** What a request made of one copy, as the copy tells it. */
export const copyOutcome = z.object({
  request: text(63),
  result: copyItem.shape.result.extract(['Created', 'Updated', 'Unchanged', 'Resuspended', 'Adopted']),
  reason: copyItem.shape.reason.unwrap().extract(['FieldsKept']).optional(),
  keptFields: copyItem.shape.keptFields,
})
export type CopyOutcome = Frozen<z.output<typeof copyOutcome>>

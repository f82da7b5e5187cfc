import { z } from 'zod'
import { copyKindList } from './copying.ts'
import { labelName, listMap } from './field-schema.ts'
import type { Frozen } from './frozen.ts'
import { ageColumn, type ResourceKind, type ResourceObject } from './resource-kind.ts'

/** No wildcard and no selector: consent names those whom it is given to. */
const receiver = z.object({
  namespace: labelName().describe('Name of a namespace that may copy.'),
})

const spec = z.object({
  to: listMap(receiver, 'namespace', 64, 1).describe('Namespaces that may copy, by their exact names, at most 64.'),
  kinds: copyKindList.describe('Kinds of which they may copy all objects. Nothing else is ever copied, and no Secret, ConfigMap or status.'),
}).describe('Who may copy what from this namespace.')

export const cloneGrant = {
  kind: 'CloneGrant',
  plural: 'clonegrants',
  singular: 'clonegrant',
  shortNames: ['cgrant'],
  description: 'A CloneGrant is the consent of its namespace that others copy integrations, sets and schedules from it by a TenantClone. Without it there is none.',
  spec,
  status: undefined,
  columns: [
    { name: 'To', type: 'string', jsonPath: '.spec.to', description: 'Namespaces that may copy.' },
    { name: 'Kinds', type: 'string', jsonPath: '.spec.kinds', description: 'Kinds that they may copy.' },
    ageColumn,
  ],
  selectableFields: [],
} as const satisfies ResourceKind

export type CloneGrantSpec = Frozen<z.output<typeof spec>>
export type CloneGrant = ResourceObject<'CloneGrant', CloneGrantSpec, undefined>

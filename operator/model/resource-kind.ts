import type { z } from 'zod'
import type { ObjectMeta } from './kubernetes.ts'
import type { apiVersion } from './names.ts'

/** A column of `kubectl get`. Priority 1 shows it with `-o wide` only. */
export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean' | 'date'
  readonly jsonPath: string
  readonly description: string
  readonly priority?: 1
}

/** All that a CustomResourceDefinition of one of our kinds is made of. */
export interface ResourceKind<Spec extends z.ZodType = z.ZodType, Status extends z.ZodType | undefined = z.ZodType | undefined> {
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly description: string
  readonly spec: Spec
  /** Undefined: the operator has nothing to say of it. */
  readonly status: Status
  readonly columns: readonly Column[]
  /** JSON paths by which `kubectl get --field-selector` and watches can choose; text, whole numbers and Booleans only. */
  readonly selectableFields: readonly string[]
}

export interface ResourceObject<Kind extends string, Spec, Status> {
  readonly apiVersion: typeof apiVersion
  readonly kind: Kind
  readonly metadata: ObjectMeta
  readonly spec: Spec
  readonly status?: Status | undefined
}

export const readyColumn: Column = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  description: 'Whether everything about it is in order.',
}

export const reasonColumn: Column = {
  name: 'Reason',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  description: 'Why it is ready or not.',
  priority: 1,
}

export const ageColumn: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'How long it has existed.',
}

import type { z } from 'zod'
import { fieldPath } from './field-path.ts'
import { integrationRun, type IntegrationRun } from './integration-run.ts'
import { integrationSet, type IntegrationSet } from './integration-set.ts'
import { integration, type Integration } from './integration.ts'
import { issueMessage } from './issue-message.ts'
import type { ObjectMeta } from './kubernetes.ts'
import { apiVersion } from './names.ts'
import { accepted, refused, type Checked, type Problem } from './problem.ts'
import type { ResourceKind } from './resource-kind.ts'
import { scheduledIntegration, type ScheduledIntegration } from './scheduled-integration.ts'

/** Our kinds by name. */
export interface ObjectOf {
  readonly Integration: Integration
  readonly ScheduledIntegration: ScheduledIntegration
  readonly IntegrationSet: IntegrationSet
  readonly IntegrationRun: IntegrationRun
}

export type Kind = keyof ObjectOf

export const resourceKinds = {
  Integration: integration,
  ScheduledIntegration: scheduledIntegration,
  IntegrationSet: integrationSet,
  IntegrationRun: integrationRun,
} as const satisfies { readonly [K in Kind]: ResourceKind }

/**
 * An object that the API server sent. Tolerant, since other versions of the CRD may have let it in: unknown fields are dropped, defaults
 * filled in, and a status that cannot be read counts as absent. Problems are about spec. Of metadata only what decisions read is kept.
 */
export function decodeObject<K extends Kind>(kind: K, raw: unknown): Checked<ObjectOf[K]> {
  const { spec, status, metadata } = isRecord(raw) ? raw : {}
  const meta = decodeMetadata(metadata)
  if (meta === undefined) return refused({ path: 'metadata', message: 'is not that of an object of Kubernetes' })
  const decoded = decodeField(resourceKinds[kind].spec, spec, 'spec')
  if (!decoded.ok) return decoded
  const observed = resourceKinds[kind].status.safeParse(status)
  const object = { apiVersion, kind, metadata: meta, spec: decoded.value, status: observed.success ? observed.data : undefined }
  return accepted(object as unknown as ObjectOf[K])
}

/** One field, checked against its schema; the problems' paths begin with `name`. */
export function decodeField(schema: z.ZodType, raw: unknown, name: string): Checked<unknown> {
  const result = schema.safeParse(raw)
  if (result.success) return accepted(result.data)
  return refused(...result.error.issues.map(issue => problemOf(issue, raw, name)))
}

function problemOf(issue: z.core.$ZodIssue, raw: unknown, name: string): Problem {
  return { path: fieldPath([name, ...issue.path]), message: issueMessage(issue, valueAt(raw, issue.path)) }
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[String(key)] : undefined), raw)
}

/** kubectl's copy of the whole object: it would be kept in memory for nothing. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** `metadata` as far as decisions read it, or undefined if it is none. */
export function decodeMetadata(raw: unknown): ObjectMeta | undefined {
  if (!isRecord(raw)) return undefined
  const { name, namespace, uid, resourceVersion, creationTimestamp } = raw
  if (typeof name !== 'string' || typeof namespace !== 'string' || typeof uid !== 'string') return undefined
  if (typeof resourceVersion !== 'string' || typeof creationTimestamp !== 'string') return undefined
  const { generation, deletionTimestamp, labels, annotations, ownerReferences, finalizers } = raw as unknown as ObjectMeta
  const { [lastApplied]: _, ...kept } = annotations ?? {}
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    labels,
    annotations: annotations === undefined ? undefined : kept,
    ownerReferences,
    finalizers,
  }
}

/** Also true of arrays: their entries are found by index. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

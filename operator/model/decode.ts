import { z } from 'zod'
import { cloneGrant, type CloneGrant } from './clone-grant.ts'
import { fieldPath } from './field-path.ts'
import { integrationRun, type IntegrationRun } from './integration-run.ts'
import { integrationSet, type IntegrationSet } from './integration-set.ts'
import { integration, type Integration } from './integration.ts'
import { issueMessage } from './issue-message.ts'
import { isJsonObject, isSameJson } from './json.ts'
import type { ObjectMeta } from './kubernetes.ts'
import { apiVersion } from './names.ts'
import { accepted, refused, type Checked, type Problem } from './problem.ts'
import type { ResourceKind } from './resource-kind.ts'
import { scheduledIntegration, type ScheduledIntegration } from './scheduled-integration.ts'
import { tenantClone, type TenantClone } from './tenant-clone.ts'

/** Our kinds by name. */
export interface ObjectOf {
  readonly Integration: Integration
  readonly ScheduledIntegration: ScheduledIntegration
  readonly IntegrationSet: IntegrationSet
  readonly IntegrationRun: IntegrationRun
  readonly TenantClone: TenantClone
  readonly CloneGrant: CloneGrant
}

export const kinds = ['Integration', 'ScheduledIntegration', 'IntegrationSet', 'IntegrationRun', 'TenantClone', 'CloneGrant'] as const
export type Kind = (typeof kinds)[number]

export const resourceKinds = {
  Integration: integration,
  ScheduledIntegration: scheduledIntegration,
  IntegrationSet: integrationSet,
  IntegrationRun: integrationRun,
  TenantClone: tenantClone,
  CloneGrant: cloneGrant,
} as const satisfies { readonly [K in Kind]: ResourceKind }

interface Parts<K extends Kind> {
  readonly metadata: ObjectMeta | undefined
  readonly status: ObjectOf[K]['status']
}

/**
 * An object that the API server sent. Tolerant, since another version of the CRD may have let it in: unknown fields are dropped, defaults
 * filled in, and a status that cannot be read counts as absent. Problems are about spec. Of metadata only what decisions read is kept.
 * Parts that have been decoded already are taken as they are.
 */
export function decodeObject<K extends Kind>(kind: K, raw: unknown, { metadata, status } = partsOf(kind, raw)): Checked<ObjectOf[K]> {
  if (metadata === undefined) return refused({ path: 'metadata', message: 'is not that of an object of Kubernetes' })
  const spec = specDecoders[kind](isRecord(raw) ? raw['spec'] : undefined)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the decoder of this very kind
  return spec.ok ? accepted({ apiVersion, kind, metadata, spec: spec.value, status } as unknown as ObjectOf[K]) : spec
}

function partsOf<K extends Kind>(kind: K, raw: unknown): Parts<K> {
  const { metadata, status } = isRecord(raw) ? raw : {}
  return { metadata: decodeMetadata(metadata), status: decodeStatus(kind, status) }
}

const specDecoders: { readonly [K in Kind]: (raw: unknown) => Checked<ObjectOf[K]['spec']> } = {
  Integration: raw => decodeField(integration.spec, raw, 'spec'),
  ScheduledIntegration: raw => decodeField(scheduledIntegration.spec, raw, 'spec'),
  IntegrationSet: raw => decodeField(integrationSet.spec, raw, 'spec'),
  IntegrationRun: raw => decodeField(integrationRun.spec, raw, 'spec'),
  TenantClone: raw => decodeField(tenantClone.spec, raw, 'spec'),
  CloneGrant: raw => decodeField(cloneGrant.spec, raw, 'spec'),
}

const statusDecoders: { readonly [K in Kind]: (raw: unknown) => ObjectOf[K]['status'] } = {
  Integration: statusDecoder(integration.status),
  ScheduledIntegration: statusDecoder(scheduledIntegration.status),
  IntegrationSet: statusDecoder(integrationSet.status),
  IntegrationRun: statusDecoder(integrationRun.status),
  TenantClone: statusDecoder(tenantClone.status),
  CloneGrant: () => undefined,
}

/** A status that the API server sent, also of an object whose spec cannot be read; one that cannot be read itself counts as absent. */
export function decodeStatus<K extends Kind>(kind: K, raw: unknown): ObjectOf[K]['status'] {
  return statusDecoders[kind](raw)
}

/** Nearly always the status is just what was sent: then it is that very object, so that thousands of them are kept once, not twice. */
function statusDecoder<Status extends z.ZodType>(schema: Status): (raw: unknown) => z.output<Status> | undefined {
  return raw => {
    const { data } = schema.safeParse(raw)
    return data !== undefined && isSame(data, raw) ? raw : data
  }
}

/** One field, checked against its schema; the problems' paths begin with `name`. */
export function decodeField<Schema extends z.ZodType>(schema: Schema, raw: unknown, name: string): Checked<z.output<Schema>> {
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

const texts = z.record(z.string(), z.string())

const metadataSchema = z.object({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.number().optional(),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().optional(),
  labels: texts.optional(),
  annotations: texts.optional(),
  ownerReferences: z
    .array(z.object({
      apiVersion: z.string(),
      kind: z.string(),
      name: z.string(),
      uid: z.string(),
      controller: z.boolean().optional(),
      blockOwnerDeletion: z.boolean().optional(),
    }))
    .optional(),
  finalizers: z.array(z.string()).optional(),
})

/** kubectl's copy of the whole object: it would be kept in memory for nothing. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** `metadata` as far as decisions read it, or undefined if it is not what the API server sends. */
export function decodeMetadata(raw: unknown): ObjectMeta | undefined {
  const { data } = metadataSchema.safeParse(raw)
  if (data?.annotations?.[lastApplied] === undefined) return data
  const { [lastApplied]: _copy, ...annotations } = data.annotations
  return { ...data, annotations }
}

/** Whether decoding a value of JSON has changed nothing of it. */
function isSame<T>(decoded: T, raw: unknown): raw is T {
  return isJsonObject(decoded) && isJsonObject(raw) && isSameJson(decoded, raw)
}

/** Also true of arrays: their entries are found by index. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

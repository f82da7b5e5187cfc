import { z } from 'zod'
import { cloneGrant } from './clone-grant.ts'
import { openApiSchema } from './crd.ts'
import { decodeField, kinds, resourceKinds, type Kind, type ObjectOf } from './decode.ts'
import { instant, list, objectName, ownName, text } from './field-schema.ts'
import type { Frozen } from './frozen.ts'
import { integrationRun } from './integration-run.ts'
import { integrationSet } from './integration-set.ts'
import { integration } from './integration.ts'
import { isJsonObject } from './json.ts'
import type { JsonObject } from './kubernetes.ts'
import { apiVersion, group } from './names.ts'
import { nearMiss } from './near-miss.ts'
import { accepted, refused, type Checked, type Problem } from './problem.ts'
import { scheduledIntegration } from './scheduled-integration.ts'
import { tenantClone } from './tenant-clone.ts'
import { unexpectedFields } from './unexpected-fields.ts'

const texts = z.record(z.string(), z.string())
const objects = list(z.record(z.string(), z.unknown()), 1024)

/** What a user may write in metadata, and what `kubectl get -o yaml` shows there. */
const metadataSchema = z.object({
  name: ownName().optional(),
  generateName: text(58).optional(),
  namespace: objectName(63).optional(),
  labels: texts.optional(),
  annotations: texts.optional(),
  finalizers: list(z.string(), 64).optional(),
  ownerReferences: objects.optional(),
  managedFields: objects.optional(),
  uid: text(64).optional(),
  resourceVersion: text(64).optional(),
  generation: z.int().optional(),
  creationTimestamp: instant().optional(),
  selfLink: text(1024).optional(),
})

export type ManifestMetadata = Frozen<Pick<z.output<typeof metadataSchema>, 'namespace' | 'labels' | 'annotations'>> & { readonly name: string }

/** An object as a user's file holds it: no server has given it a uid yet, and it may leave its namespace to the command line. */
export type Manifest = { readonly [K in Kind]: ManifestOf<K, ObjectOf[K]['spec']> }[Kind]

interface ManifestOf<K extends Kind, Spec> {
  readonly apiVersion: typeof apiVersion
  readonly kind: K
  readonly metadata: ManifestMetadata
  readonly spec: Spec
}

const metadataFields: JsonObject = JSON.parse(JSON.stringify(z.toJSONSchema(metadataSchema, { target: 'openapi-3.0', io: 'input' })))

const fieldsOf = new Map<Kind, JsonObject>(kinds.map(kind => {
  const { properties, ...schema } = openApiSchema(resourceKinds[kind])
  return [kind, { ...schema, properties: { ...(isJsonObject(properties) ? properties : {}), metadata: metadataFields } }]
}))

const decoders: { readonly [K in Kind]: (raw: JsonObject) => Checked<Manifest> } = {
  Integration: decoder('Integration', integration),
  ScheduledIntegration: decoder('ScheduledIntegration', scheduledIntegration),
  IntegrationSet: decoder('IntegrationSet', integrationSet),
  IntegrationRun: decoder('IntegrationRun', integrationRun),
  TenantClone: decoder('TenantClone', tenantClone),
  CloneGrant: decoder('CloneGrant', cloneGrant),
}

/** Whether a document of a user's file is meant to be one of our objects, correct or not. */
export function isOfOurGroup(raw: unknown): boolean {
  return isJsonObject(raw) && typeof raw['apiVersion'] === 'string' && raw['apiVersion'].split('/')[0] === group
}

/**
 * One document of a user's file, as strictly as the API server with fieldValidation=Strict, and stricter: fields that are null are problems
 * too. Every problem is listed, but for those that occurrencesOf finds in a schedule. Where only generateName is given, it is the name.
 */
export function decodeManifest(raw: unknown): Checked<Manifest> {
  if (!isJsonObject(raw)) return refused({ path: '', message: 'must be an object of Kubernetes, with apiVersion, kind, metadata and spec' })
  const kind = kinds.find(known => known === raw['kind'])
  if (raw['apiVersion'] !== apiVersion || kind === undefined) return refused(...typeProblems(raw))
  const { status: _observed, ...written } = raw
  const unexpected = unexpectedFields(written, fieldsOf.get(kind) ?? {})
  const decoded = decoders[kind](withoutNulls(written))
  if (unexpected.length === 0) return decoded
  const known = new Set(unexpected.map(({ path }) => path))
  return refused(...unexpected, ...problemsOf(decoded).filter(({ path }) => !known.has(path)))
}

function decoder<K extends Kind, Spec extends z.ZodType>(kind: K, resource: { readonly spec: Spec }) {
  return (raw: JsonObject): Checked<ManifestOf<K, z.output<Spec>>> => {
    const metadata = decodeMetadata(raw['metadata'])
    const spec = decodeField(resource.spec, raw['spec'], 'spec')
    if (!metadata.ok || !spec.ok) return refused(...problemsOf(metadata), ...problemsOf(spec))
    return accepted({ apiVersion, kind, metadata: metadata.value, spec: spec.value })
  }
}

function decodeMetadata(raw: unknown): Checked<ManifestMetadata> {
  const decoded = decodeField(metadataSchema, raw ?? {}, 'metadata')
  if (!decoded.ok) return decoded
  const { name = decoded.value.generateName, namespace, labels, annotations } = decoded.value
  if (name === undefined || name === '') return refused({ path: 'metadata.name', message: 'is required' })
  return accepted({ name, namespace, labels, annotations })
}

function typeProblems({ apiVersion: written, kind }: JsonObject): readonly Problem[] {
  const problems: Problem[] = []
  if (written !== apiVersion) problems.push({ path: 'apiVersion', message: `must be ${apiVersion}` })
  if (!kinds.some(known => known === kind)) problems.push({ path: 'kind', message: kindMessage(kind) })
  return problems
}

function kindMessage(written: unknown): string {
  const listed = `one of ${kinds.join(', ')}`
  if (typeof written !== 'string') return `is required: ${listed}`
  const meant = nearMiss(written, kinds)
  return `is not a kind that can be checked here: ${meant === undefined ? listed : `did you mean ${meant}?`}`
}

function problemsOf(checked: Checked<unknown>): readonly Problem[] {
  return checked.ok ? [] : checked.problems
}

/** As the API server drops them. */
function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, Array.isArray(value) ? value.map(withoutNullsIn) : withoutNullsIn(value)]),
  )
}

function withoutNullsIn<Value>(value: Value): Value | JsonObject {
  return isJsonObject(value) ? withoutNulls(value) : value
}

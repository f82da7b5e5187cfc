import { z } from 'zod'
import { openApiSchema } from './crd.ts'
import { decodeField, resourceKinds, type Kind, type ObjectOf } from './decode.ts'
import { instant, list, objectName, ownName, text } from './field-schema.ts'
import type { Frozen } from './frozen.ts'
import type { JsonObject } from './kubernetes.ts'
import { apiVersion, group } from './names.ts'
import { nearMiss } from './near-miss.ts'
import { accepted, refused, type Checked, type Problem } from './problem.ts'
import { unexpectedFields } from './unexpected-fields.ts'

const keyed = z.record(z.string(), z.string())

/** What a user may write in metadata, and what `kubectl get -o yaml` shows there. */
const metadataSchema = z.object({
  name: ownName().optional(),
  generateName: text(58).optional(),
  namespace: objectName(63).optional(),
  labels: keyed.optional(),
  annotations: keyed.optional(),
  finalizers: list(z.string(), 64).optional(),
  ownerReferences: list(z.record(z.string(), z.unknown()), 64).optional(),
  managedFields: list(z.record(z.string(), z.unknown()), 1024).optional(),
  uid: text(64).optional(),
  resourceVersion: text(64).optional(),
  generation: z.int().optional(),
  creationTimestamp: instant().optional(),
  selfLink: text(1024).optional(),
})

export type ManifestMetadata = Frozen<Pick<z.output<typeof metadataSchema>, 'namespace' | 'labels' | 'annotations'>> & { readonly name: string }

/** An object as a user's file holds it: there is no server yet that gave it a uid, and it may leave its namespace to the command line. */
export type Manifest = {
  readonly [K in Kind]: Pick<ObjectOf[K], 'apiVersion' | 'kind' | 'spec'> & { readonly metadata: ManifestMetadata }
}[Kind]

const metadataFields: JsonObject = JSON.parse(JSON.stringify(z.toJSONSchema(metadataSchema, { target: 'openapi-3.0', io: 'input' })))

const kinds = Object.keys(resourceKinds) as readonly Kind[]

const fieldsOf = Object.fromEntries(kinds.map(kind => {
  const schema = openApiSchema(resourceKinds[kind])
  return [kind, { ...schema, properties: { ...(schema['properties'] as JsonObject), metadata: metadataFields } }]
})) as unknown as Readonly<Record<Kind, JsonObject>>

/** Whether a document of a user's file is meant to be one of our objects, correct or not. */
export function isOfOurGroup(raw: unknown): boolean {
  return isRecord(raw) && typeof raw['apiVersion'] === 'string' && raw['apiVersion'].split('/')[0] === group
}

/**
 * One document of a user's file, as strictly as the API server with fieldValidation=Strict, and stricter: fields that are null are problems
 * too. Every problem is listed, but for those that occurrencesOf finds in a schedule. `metadata.name` is the prefix where only generateName is given.
 */
export function decodeManifest(raw: unknown): Checked<Manifest> {
  if (!isRecord(raw)) return refused({ path: '', message: 'must be an object of Kubernetes, with apiVersion, kind, metadata and spec' })
  const kind = kinds.find(known => known === raw['kind'])
  if (raw['apiVersion'] !== apiVersion || kind === undefined) return refused(...typeProblems(raw))
  const unexpected = unexpectedFields({ ...raw, status: undefined }, fieldsOf[kind]).filter(({ path }) => path !== 'status')
  const { metadata = {}, spec } = withoutNulls(raw) as Readonly<Record<string, unknown>>
  const decoded = decodeField(resourceKinds[kind].spec, spec, 'spec')
  const described = decodeMetadata(metadata)
  const known = new Set(unexpected.map(({ path }) => path))
  const problems = [...unexpected, ...problemsOf(described).filter(isNew), ...problemsOf(decoded).filter(isNew)]
  if (!decoded.ok || !described.ok || problems.length > 0) return refused(...problems)
  return accepted({ apiVersion, kind, metadata: described.value, spec: decoded.value } as unknown as Manifest)

  function isNew({ path }: Problem): boolean {
    return !known.has(path)
  }
}

function problemsOf(checked: Checked<unknown>): readonly Problem[] {
  return checked.ok ? [] : checked.problems
}

function typeProblems({ apiVersion: written, kind }: Readonly<Record<string, unknown>>): readonly Problem[] {
  const problems: Problem[] = []
  if (written !== apiVersion) problems.push({ path: 'apiVersion', message: `must be ${apiVersion}` })
  if (kind === undefined) problems.push({ path: 'kind', message: `is required: one of ${kinds.join(', ')}` })
  else if (!kinds.some(known => known === kind)) problems.push({ path: 'kind', message: kindMessage(String(kind)) })
  return problems
}

function kindMessage(written: string): string {
  const meant = nearMiss(written, kinds)
  return `is not a kind that can be checked here: ${meant === undefined ? `one of ${kinds.join(', ')}` : `did you mean ${meant}?`}`
}

function decodeMetadata(raw: unknown): Checked<ManifestMetadata> {
  const decoded = decodeField(metadataSchema, raw, 'metadata') as Checked<z.output<typeof metadataSchema>>
  if (!decoded.ok) return decoded
  const { name = decoded.value.generateName, namespace, labels, annotations } = decoded.value
  if (name === undefined || name === '') return refused({ path: 'metadata.name', message: 'is required' })
  return accepted({ name, namespace, labels, annotations })
}

/** As the API server drops them. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null).map(([key, field]) => [key, withoutNulls(field)]))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import { isJsonObject, isList, isSameJson, jsonIn } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { apiVersion, cloneManager } from '../model/names.ts'
import type { JsonPatch } from './action.ts'

/**
 * Who owns which fields of an object, as the API server keeps it in `metadata.managedFields` (FieldsV1 of server-side apply): a tree of
 * `f:<name>` for members, `k:{...}` for entries of a list by their keys, `v:<json>` for entries of a set, `.` for the node itself. An
 * empty node is owned with all that is in it.
 */
export type FieldTree = JsonObject

const managedFields = '/metadata/managedFields'

/** What copying has applied to an object and nobody has changed since. Undefined: nothing. */
export function ownFields(live: JsonObject): FieldTree | undefined {
  return fieldsOf(entriesOf(live).filter(isOurs))
}

/** What anybody else owns of an object, its status apart. Undefined: nothing. */
export function othersFields(live: JsonObject): FieldTree | undefined {
  return fieldsOf(entriesOf(live).filter((entry) => isOfObject(entry) && !isOurs(entry)))
}

/** Whether others own a field of the spec that is not in the manifest: even a forced apply would leave it there. */
export function isKeptByOthers(live: JsonObject, manifest: JsonObject): boolean {
  const spec = othersFields(live)?.['f:spec']
  return isJsonObject(spec) && reachesBeyond(spec, manifest['spec'])
}

/**
 * Says that all of the spec and these annotations are ours and nobody else's; what others own else of metadata and status stays theirs.
 * Changes no field.
 */
export function takeover(live: JsonObject, annotations: readonly string[]): JsonPatch {
  const entries = entriesOf(live)
  const spec = fieldsOf(entries.filter(isOfObject))?.['f:spec'] ?? {}
  const taken = annotations.length === 0 ? {} : { 'f:metadata': { 'f:annotations': Object.fromEntries(annotations.map((name) => [`f:${name}`, {}])) } }
  const known = entries.find(isOurs) ?? { manager: cloneManager, operation: 'Apply', apiVersion, fieldsType: 'FieldsV1' }
  const ours = { ...known, fieldsV1: { ...joined(fieldsIn(known), taken), 'f:spec': spec } }
  const others = entries.filter((entry) => !isOurs(entry)).map((entry) => (isOfObject(entry) ? without(entry, annotations) : entry))
  return [{ op: 'replace', path: managedFields, value: [ours, ...others.filter((entry) => Object.keys(fieldsIn(entry)).length > 0)] }]
}

/** Takes a takeover back: whose is what, as it was in this object. */
export function handback({ metadata }: JsonObject): JsonPatch {
  return [{ op: 'replace', path: managedFields, value: isJsonObject(metadata) ? metadata['managedFields'] ?? [] : [] }]
}

/** Whether the tree has a field that the value lacks. */
export function reachesBeyond(tree: FieldTree, value: Json | undefined): boolean {
  if (value === undefined) return true
  return Object.entries(tree).some(([key, inner]) => key !== '.' && isJsonObject(inner) && reachesBeyond(inner, memberAt(value, key)))
}

/** The part of a value that the tree covers; entries of lists keep the keys by which they are told apart. */
export function coveredPart(tree: FieldTree, value: Json): Json {
  if (Object.keys(tree).length === 0) return value
  const covered = Object.entries(tree).flatMap(([key, inner]) => {
    const member = isJsonObject(inner) && key !== '.' ? memberAt(value, key) : undefined
    if (member === undefined || !isJsonObject(inner)) return []
    const part = coveredPart(inner, member)
    return [[key.slice(2), isJsonObject(part) ? { ...keysIn(key), ...part } : part] as const]
  })
  return isList(value) ? covered.map(([, part]) => part) : Object.fromEntries(covered)
}

/** Below the tree, of one member of an object. Undefined: nothing of it is owned. */
export function subtree(tree: FieldTree | undefined, key: string): FieldTree | undefined {
  if (tree === undefined || (key !== '' && Object.keys(tree).length === 0)) return tree
  const inner = tree[key]
  return isJsonObject(inner) ? inner : undefined
}

/** The member of a list or object that a key of a tree names. */
function memberAt(value: Json, key: string): Json | undefined {
  const name = key.slice(2)
  if (key.startsWith('f:')) return isJsonObject(value) ? value[name] : undefined
  if (!isList(value)) return undefined
  if (key.startsWith('i:')) return value[Number(name)]
  const wanted = jsonIn(name)
  if (key.startsWith('v:')) return value.find((item) => isSameJson(item, wanted))
  return value.find((item) => isJsonObject(item) && isJsonObject(wanted) && Object.entries(wanted).every(([field, id]) => isSameJson(item[field], id)))
}

function keysIn(key: string): JsonObject {
  const keys = key.startsWith('k:') ? jsonIn(key.slice(2)) : undefined
  return isJsonObject(keys) ? keys : {}
}

function entriesOf({ metadata }: JsonObject): readonly JsonObject[] {
  const entries = isJsonObject(metadata) ? metadata['managedFields'] : undefined
  return isList(entries) ? entries.filter(isJsonObject) : []
}

function isOurs(entry: JsonObject): boolean {
  return entry['manager'] === cloneManager && entry['operation'] === 'Apply' && isOfObject(entry)
}

/** Not of a subresource, such as its status. */
function isOfObject({ subresource }: JsonObject): boolean {
  return subresource === undefined || subresource === ''
}

function fieldsIn({ fieldsV1 }: JsonObject): FieldTree {
  return isJsonObject(fieldsV1) ? fieldsV1 : {}
}

function fieldsOf(entries: readonly JsonObject[]): FieldTree | undefined {
  return entries.length === 0 ? undefined : entries.map(fieldsIn).reduce(joined)
}

function joined(one: FieldTree, other: FieldTree): FieldTree {
  const added = Object.entries(other).map(([key, tree]) => {
    const known = one[key]
    return [key, isJsonObject(known) && isJsonObject(tree) ? joined(known, tree) : tree] as const
  })
  return { ...one, ...Object.fromEntries(added) }
}

function without(entry: JsonObject, annotations: readonly string[]): JsonObject {
  const { 'f:spec': _spec, 'f:metadata': metadata, ...rest } = fieldsIn(entry)
  const left = isJsonObject(metadata) ? annotations.reduce(withoutAnnotation, metadata) : {}
  return { ...entry, fieldsV1: { ...(Object.keys(left).length > 0 && { 'f:metadata': left }), ...rest } }
}

/** An owner of nothing in it would own all of it. */
function withoutAnnotation({ 'f:annotations': tree, ...metadata }: FieldTree, name: string): FieldTree {
  if (!isJsonObject(tree)) return tree === undefined ? metadata : { ...metadata, 'f:annotations': tree }
  const { [`f:${name}`]: _taken, ...left } = tree
  return Object.keys(left).some((key) => key !== '.') ? { ...metadata, 'f:annotations': left } : metadata
}

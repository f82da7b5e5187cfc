import { isJsonObject, isSameJson } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { objectOf } from './json-reading.ts'

/**
 * Who owns which fields, as server-side apply keeps it, as far as copies need: lists are owned as a whole. An entry of managedFields for
 * each manager, whose `fieldsV1` is a tree of `f:<name>`.
 */
export interface ManagedObject {
  readonly object: JsonObject
  readonly managers: readonly Manager[]
}

export interface Manager extends JsonObject {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly fieldsV1: JsonObject
}

type Path = readonly string[]

/** Paths as the API server writes them in the causes of a conflict. */
export type Applied = { readonly ok: true; readonly managed: ManagedObject } | { readonly ok: false; readonly conflicts: readonly string[] }

/** Of what an apply says: labels, annotations and spec. */
function leavesOf(value: Json | undefined, path: Path = []): readonly Path[] {
  if (!isJsonObject(value) || Object.keys(value).length === 0) return value === undefined ? [] : [path]
  return Object.entries(value).flatMap(([name, member]) => leavesOf(member, [...path, name]))
}

function saidBy(manifest: JsonObject): JsonObject {
  const { labels, annotations } = objectOf(manifest['metadata'])
  return { metadata: { ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }) }, ...(manifest['spec'] !== undefined && { spec: manifest['spec'] }) }
}

export function applied({ object, managers }: ManagedObject, manifest: JsonObject, { manager, force }: { readonly manager: string; readonly force: boolean }): Applied {
  const said = saidBy(manifest)
  const leaves = leavesOf(said).filter((path) => !(path.length === 1 && path[0] === 'metadata'))
  const isMine = (one: Manager) => one.manager === manager && one.operation === 'Apply'
  const differing = leaves.filter((path) => !isSameJson(at(object, path), at(said, path)))
  const conflicts = differing.filter((path) => managers.some((one) => !isMine(one) && owns(one, path)))
  if (conflicts.length > 0 && !force) return { ok: false, conflicts: conflicts.map((path) => path.map((name) => `.${name}`).join('')) }
  const others = managers.filter((one) => !isMine(one)).map((one) => conflicts.reduce(disowned, one))
  const dropped = managers.filter(isMine).flatMap(({ fieldsV1 }) => pathsIn(fieldsV1)).filter((path) => !leaves.some((leaf) => isSameJson(leaf, path)) && !others.some((one) => owns(one, path)))
  const shrunk = dropped.reduce((all, path) => changed(all, path, undefined), object)
  const grown = leaves.reduce((all, path) => changed(all, path, at(said, path)), shrunk)
  return { ok: true, managed: { object: grown, managers: [...others.filter(({ fieldsV1 }) => Object.keys(fieldsV1).length > 0), { manager, operation: 'Apply', fieldsV1: treeOf(leaves) }] } }
}

/** A change of single fields, such as kubectl edit makes it: from then on they belong to whoever made it. Undefined: removed. */
export function edited({ object, managers }: ManagedObject, changes: readonly (readonly [Path, Json | undefined])[], manager: string): ManagedObject {
  const paths = changes.map(([path]) => path)
  const others = managers.map((one) => paths.reduce(disowned, one)).filter((one) => one.manager !== manager && Object.keys(one.fieldsV1).length > 0)
  const known = managers.find((one) => one.manager === manager)
  const own = [...pathsIn(known?.fieldsV1 ?? {}), ...changes.flatMap(([path, value]) => (value === undefined ? [] : [path]))]
  return { object: changes.reduce((all, [path, value]) => changed(all, path, value), object), managers: [...others, { manager, operation: 'Update', fieldsV1: treeOf(own) }] }
}

function at(object: JsonObject, path: Path): Json | undefined {
  return path.reduce<Json | undefined>((inner, name) => (isJsonObject(inner) ? inner[name] : undefined), object)
}

function changed(object: JsonObject, [name = '', ...rest]: Path, value: Json | undefined): JsonObject {
  if (rest.length > 0) return { ...object, [name]: changed(objectOf(object[name]), rest, value) }
  const { [name]: _former, ...others } = object
  return value === undefined ? others : { ...object, [name]: value }
}

function owns({ fieldsV1 }: Manager, path: Path): boolean {
  let tree: Json | undefined = fieldsV1
  for (const name of path) tree = isJsonObject(tree) ? tree[`f:${name}`] : undefined
  return tree !== undefined
}

function disowned(manager: Manager, path: Path): Manager {
  return owns(manager, path) ? { ...manager, fieldsV1: treeOf(pathsIn(manager.fieldsV1).filter((own) => !isSameJson(own, path))) } : manager
}

function treeOf(paths: readonly Path[]): JsonObject {
  return paths.reduce<JsonObject>((tree, path) => changed(tree, path.map((name) => `f:${name}`), {}), {})
}

function pathsIn(tree: JsonObject, path: Path = []): readonly Path[] {
  const members = Object.entries(tree).filter(([key]) => key !== '.')
  if (members.length === 0) return path.length === 0 ? [] : [path]
  return members.flatMap(([key, inner]) => (isJsonObject(inner) ? pathsIn(inner, [...path, key.slice(2)]) : []))
}

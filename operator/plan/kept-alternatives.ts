import { isJsonObject, isList, isSameJson } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { entryAt } from './field-at.ts'
import { type FieldTree, subtree } from './field-ownership.ts'

/**
 * Fields of the manifest that would stand beside what somebody has put in their place in the copy: a value beside a reference, a start
 * time beside a cron expression. The API server sees no conflict there (nobody owns the one that is gone) and would refuse the whole
 * object. What was put there is kept, as any other change. `own`: what copying owns of the live object. Paths as the API server writes them.
 */
export function keptAlternatives(manifest: JsonObject, live: JsonObject, own: FieldTree | undefined): readonly string[] {
  return within('', { manifest, live, own })
}

interface Place {
  readonly manifest: Json | undefined
  readonly live: Json | undefined
  readonly own: FieldTree | undefined
}

/** Of these an entry has one. */
const alternatives = ['value', 'values', 'valueFrom']
/** These go only with some recurrences. */
const besideRecurrence = ['startTime', 'startDate', 'dst']

function within(path: string, { manifest, live, own }: Place): readonly string[] {
  if (isList(manifest) && isList(live)) return manifest.flatMap((entry) => inEntry(path, entry, { live, own }))
  if (!isJsonObject(manifest) || !isJsonObject(live)) return []
  const place = { manifest, live, own }
  const kept = [...exchanged(place, alternatives), ...otherRecurrence(place)]
  const inside = Object.keys(manifest).filter((name) => !kept.includes(name))
  return [
    ...kept.map((name) => `${path}.${name}`),
    ...inside.flatMap((name) => within(`${path}.${name}`, { manifest: manifest[name], live: live[name], own: subtree(own, `f:${name}`) })),
  ]
}

function inEntry(list: string, entry: Json, { live, own }: { readonly live: readonly Json[]; readonly own: FieldTree | undefined }): readonly string[] {
  const name = isJsonObject(entry) ? entry['name'] : undefined
  if (typeof name !== 'string') return []
  const counterpart = live.find((item) => isJsonObject(item) && item['name'] === name)
  return within(entryAt(list, 'name', name), { manifest: entry, live: counterpart, own: subtree(own, `k:${JSON.stringify({ name })}`) })
}

type Objects = Place & { readonly manifest: JsonObject; readonly live: JsonObject }

function exchanged({ manifest, live, own }: Objects, names: readonly string[]): readonly string[] {
  const isPutThere = names.some((name) => live[name] !== undefined && manifest[name] === undefined && subtree(own, `f:${name}`) === undefined)
  return isPutThere ? names.filter((name) => manifest[name] !== undefined && live[name] === undefined) : []
}

function otherRecurrence({ manifest, live, own }: Objects): readonly string[] {
  const isOther = live['recurrence'] !== undefined && !isSameJson(live['recurrence'], manifest['recurrence']) && subtree(own, 'f:recurrence') === undefined
  return isOther ? besideRecurrence.filter((name) => manifest[name] !== undefined && live[name] === undefined) : []
}

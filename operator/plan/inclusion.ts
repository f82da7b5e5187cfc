import { isJsonObject, isList, isSameJson } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'

/**
 * Whether applying `desired` upon `live` would add or change nothing. Entries of lists are told apart by the keys that our kinds use; a
 * list that has none is compared as a whole. Where that is too strict, a request is sent that makes no difference.
 */
export function isIncluded(desired: Json | undefined, live: Json | undefined): boolean {
  if (desired === undefined) return true
  if (isJsonObject(desired)) return isJsonObject(live) && Object.entries(desired).every(([name, value]) => isIncluded(value, live[name]))
  if (!isList(desired) || !isList(live)) return isSameJson(desired, live)
  const key = keys.find((field) => [...desired, ...live].every((entry) => isJsonObject(entry) && typeof entry[field] === 'string'))
  if (key === undefined) return isSameJson(desired, live)
  return inTheirOrder(desired.filter(isJsonObject), live.filter(isJsonObject), key)
}

/** Members of a set run in their order. */
function inTheirOrder(desired: readonly JsonObject[], live: readonly JsonObject[], key: string): boolean {
  let last = -1
  return desired.every((entry) => {
    const at = live.findIndex((other) => other[key] === entry[key])
    const isLater = at > last
    last = at
    return isLater && isIncluded(entry, live[at])
  })
}

/** volumeMounts have names too, by which they are not told apart. */
const keys = ['mountPath', 'name']

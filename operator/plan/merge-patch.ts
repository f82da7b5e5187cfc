import type { Json, JsonObject } from '../model/kubernetes.ts'
import { isJsonObject, isSameJson } from '../model/json.ts'

/**
 * The smallest JSON merge patch (RFC 7386) that turns `live` into `desired`, or undefined if there is nothing to change.
 * Members that `desired` lacks (or has as undefined) are removed by null; lists are replaced whole, as a merge patch must.
 */
export function mergePatchOf(live: JsonObject | undefined, desired: JsonObject): JsonObject | undefined {
  const changes: Record<string, Json> = {}
  for (const [name, value] of Object.entries(desired)) {
    if (value === undefined) continue
    const before = live?.[name]
    if (isJsonObject(before) && isJsonObject(value)) {
      const inner = mergePatchOf(before, value)
      if (inner !== undefined) changes[name] = inner
    } else if (!isSameJson(before, value)) {
      changes[name] = value
    }
  }
  for (const [name, value] of Object.entries(live ?? {})) {
    if (value !== undefined && desired[name] === undefined) changes[name] = null
  }
  return Object.keys(changes).length === 0 ? undefined : changes
}

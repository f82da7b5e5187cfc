import type { Json, JsonObject } from '../model/kubernetes.ts'

/** Equality of JSON values: the order of an object's members does not matter, and a member that is undefined is not there. */
export function isSameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true
  if (isList(one) && isList(other)) return one.length === other.length && one.every((item, index) => isSameJson(item, other[index]))
  if (!isJsonObject(one) || !isJsonObject(other)) return false
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => isSameJson(one[name], other[name]))
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value)
}

import type { Json, JsonObject } from './kubernetes.ts'

/** A value of our own schemas as the JSON that it is: the type system cannot see it through optional members. Absent: `{}`. */
export function asJson(value: object | undefined): JsonObject {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decoded by zod, or written here, of JSON types only
  return (value ?? {}) as JsonObject
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Equality of JSON values: the order of an object's members does not matter, and a member that is undefined is not there. */
export function isSameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true
  if (isList(one) && isList(other)) return one.length === other.length && one.every((item, index) => isSameJson(item, other[index]))
  if (!isJsonObject(one) || !isJsonObject(other)) return false
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => isSameJson(one[name], other[name]))
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

/** The value that a text of JSON says; undefined: it is none. */
export function jsonIn(text: string): Json | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

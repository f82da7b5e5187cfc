import type { JsonObject } from './kubernetes.ts'

/** A value of our own schemas as the JSON that it is: the type system cannot see it through optional members. Absent: `{}`. */
export function asJson(value: object | undefined): JsonObject {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decoded by zod, or written here, of JSON types only
  return (value ?? {}) as JsonObject
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import { isJsonObject } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'

/** The object that it is, or an empty one. */
export function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

/** The text that it is, or an empty one. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** The objects in a list. */
export function objectsIn(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

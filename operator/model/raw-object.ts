import { isJsonObject } from './json.ts'
import type { Json, JsonObject } from './kubernetes.ts'

/** Reading objects as the API server has them, of which nothing is known yet. */

export function metadataOf({ metadata }: JsonObject): JsonObject {
  return isJsonObject(metadata) ? metadata : {}
}

export function specOf({ spec }: JsonObject): JsonObject {
  return isJsonObject(spec) ? spec : {}
}

/** Its labels or annotations. */
export function textsIn(object: JsonObject, field: 'labels' | 'annotations'): Readonly<Record<string, string>> {
  const texts = metadataOf(object)[field]
  if (!isJsonObject(texts)) return {}
  return Object.fromEntries(Object.entries(texts).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : [])))
}

/** Empty: it is no text, and no number either. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

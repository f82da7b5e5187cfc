import { fieldPath } from './field-path.ts'
import { isJsonObject } from './json.ts'
import type { JsonObject } from './kubernetes.ts'
import { nearMiss } from './near-miss.ts'
import type { Problem } from './problem.ts'

type Path = readonly (string | number)[]

/**
 * Fields that the schema does not have, and fields that are null. The API server drops both without a word, unless the client asks it to be
 * strict: `endDat:` would make a schedule run for ever.
 */
export function unexpectedFields(value: unknown, schema: JsonObject, path: Path = []): readonly Problem[] {
  if (value === null) return [{ path: fieldPath(path), message: nullMessage(path) }]
  if (Array.isArray(value)) {
    const items = schemaIn(schema, 'items')
    return items === undefined ? [] : value.flatMap((item, index) => unexpectedFields(item, items, [...path, index]))
  }
  if (typeof value !== 'object' || schema['type'] !== 'object') return []
  const values = schemaIn(schema, 'additionalProperties')
  const properties = schemaIn(schema, 'properties') ?? {}
  return Object.entries(value).flatMap(([key, field]) => {
    const known = values ?? (Object.hasOwn(properties, key) ? schemaIn(properties, key) : undefined)
    const place = [...path, key]
    return known === undefined ? [unknownField(place, Object.keys(properties))] : unexpectedFields(field, known, place)
  })
}

function unknownField(path: Path, known: readonly string[]): Problem {
  const meant = nearMiss(String(path.at(-1)), known)
  const advice = meant === undefined ? `remove it${known.length === 0 ? '' : `; known here: ${known.join(', ')}`}` : `did you mean ${meant}?`
  return { path: fieldPath(path), message: `there is no such field: ${advice}` }
}

function nullMessage(path: Path): string {
  return path.at(-1) === 'once'
    ? 'is null, which counts as absent: write `once: {}`'
    : 'is null, which counts as absent: give it a value, or remove the line'
}

function schemaIn(schema: JsonObject, key: string): JsonObject | undefined {
  const child = schema[key]
  return isJsonObject(child) ? child : undefined
}

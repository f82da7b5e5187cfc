import { isJsonObject, isList, isSameJson, jsonIn } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'

/** Fields as server-side apply writes them: `.spec.parameters[name="payPeriod"].value`, `.metadata.annotations.example.com/team`. */

/** The object without this field; as it is if it has none. */
export function withoutField(object: JsonObject, path: string): JsonObject {
  const rest = without(object, path)
  return isJsonObject(rest) ? rest : object
}

/** A path for people: entries of sets are told by their values, which are never repeated. At most 192 characters. */
export function shownPath(path: string): string {
  return path.replace(/\[=.*$/, '').slice(0, 192)
}

/** How server-side apply writes the entry of a list whose key field has this value. */
export function entryAt(list: string, key: string, value: Json): string {
  return `${list}[${key}=${JSON.stringify(value)}]`
}

/** Undefined: this very value is the field. */
function without(value: Json, path: string): Json | undefined {
  if (path === '') return undefined
  if (isList(value)) return withoutEntry(value, path)
  if (!isJsonObject(value) || !path.startsWith('.')) return value
  // Names may contain dots: the longest that fits is meant.
  const [name] = Object.keys(value).filter((key) => isPrefix(key, path.slice(1))).toSorted((a, b) => b.length - a.length)
  if (name === undefined) return value
  const member = value[name]
  return { ...value, [name]: member === undefined ? undefined : without(member, path.slice(1 + name.length)) }
}

function isPrefix(name: string, path: string): boolean {
  return path.startsWith(name) && ['', '.', '['].includes(path.charAt(name.length))
}

const quoted = String.raw`"(?:[^"\\]|\\.)*"`
const bracket = new RegExp(String.raw`^\[((?:[^\]"]|${quoted})*)\]`)
const keyAndValue = new RegExp(String.raw`([^=,]*)=(${quoted}|[^,]*)`, 'g')

function withoutEntry(list: readonly Json[], path: string): Json {
  const [whole = '', inner = ''] = bracket.exec(path) ?? []
  const index = whole === '' ? -1 : /^\d+$/.test(inner) ? Number(inner) : list.findIndex((item) => isMeant(item, inner))
  return list.flatMap((item, at) => {
    if (at !== index) return [item]
    const rest = without(item, path.slice(whole.length))
    return rest === undefined ? [] : [rest]
  })
}

function isMeant(item: Json, keys: string): boolean {
  return [...keys.matchAll(keyAndValue)].every(([, key = '', text = '']) => {
    const value = jsonIn(text)
    if (key === '') return isSameJson(item, value)
    return isJsonObject(item) && isSameJson(item[key], value)
  })
}

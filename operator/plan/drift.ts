import { isJsonObject } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { oncePer } from '../model/once-per.ts'
import { quantity } from '../model/quantity.ts'

/**
 * Whether a live value has everything that we would write. The API server adds defaults, drops empty members and rewrites
 * quantities, so whole objects are never compared (they would differ for ever).
 */
export function covers(live: Json | undefined, desired: Json | undefined): boolean {
  return hasAllOf(live, desired, [])
}

/** What is made anew whenever it is needed, since it is large; `hash` tells one from another. */
export interface Remade {
  readonly hash: string
  readonly make: () => JsonObject
}

/** As covers. Remembers its last answer about each live object: most of a CronJob is its template, and most passes meet the same two. */
export function coversRemade(live: JsonObject, desired: Remade): boolean {
  const known = answered(live)
  if (known.hash !== desired.hash) Object.assign(known, { hash: desired.hash, isCovered: covers(live, desired.make()) })
  return known.isCovered
}

const answered = oncePer((_live: JsonObject): { hash: string | undefined; isCovered: boolean } => ({ hash: undefined, isCovered: false }))

function hasAllOf(live: Json | undefined, desired: Json | undefined, path: readonly string[]): boolean {
  if (desired === undefined) return true // not written
  if (isEmpty(desired) && isEmpty(live)) return true
  if (Array.isArray(desired)) {
    return Array.isArray(live) && live.length === desired.length && desired.every((item: Json, index) => hasAllOf(live[index], item, path))
  }
  if (isJsonObject(desired)) {
    return isJsonObject(live) && Object.entries(desired).every(([key, value]) => hasAllOf(live[key], value, [...path, key]))
  }
  return live === desired || (path.some((key) => holdsQuantities.has(key)) && isSameQuantity(live, desired))
}

const holdsQuantities = new Set(['requests', 'limits', 'sizeLimit', 'divisor'])

/** What JSON of Kubernetes leaves out (`omitempty`): absent, "", false, [], {}. */
function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true
  return typeof value === 'object' && Object.values(value).every((member) => member === undefined)
}

function isSameQuantity(live: Json | undefined, desired: Json | undefined): boolean {
  if (typeof live !== 'string' || (typeof desired !== 'string' && typeof desired !== 'number')) return false
  const [a, b] = [quantity(live), quantity(desired)]
  return a !== undefined && b !== undefined && Math.abs(a - b) <= Math.abs(b) * 1e-12
}

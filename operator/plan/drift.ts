import { isJsonObject } from '../model/json.ts'
import type { Json } from '../model/kubernetes.ts'

/**
 * Whether a live value has everything that we would write. The API server adds defaults, drops empty members and rewrites
 * quantities, so whole objects are never compared (they would differ for ever).
 */
export function covers(live: Json | undefined, desired: Json | undefined, path: readonly string[] = []): boolean {
  if (isEmpty(desired)) return isEmpty(live) || typeof live === 'object'
  if (Array.isArray(desired)) {
    return Array.isArray(live) && live.length === desired.length && desired.every((item: Json, index) => covers(live[index], item, path))
  }
  if (isJsonObject(desired)) {
    return isJsonObject(live) && Object.entries(desired).every(([key, value]) => covers(live[key], value, [...path, key]))
  }
  return live === desired || (path.some((key) => holdsQuantities.has(key)) && isSameQuantity(live, desired))
}

const holdsQuantities = new Set(['requests', 'limits', 'sizeLimit', 'divisor'])

/** What JSON of Kubernetes leaves out (`omitempty`): absent, "", false, [], {}. */
function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true
  return typeof value === 'object' && Object.values(value).every((member) => member === undefined)
}

const scale: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
}

/** A quantity of Kubernetes as a number: "0.5" and "500m" are equal (apimachinery, resource.Quantity). */
function quantity(value: Json | undefined): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?)$/.exec(String(value))
  if (match === null) return undefined
  const factor = scale[match[3] ?? '']
  return factor === undefined ? undefined : Number(`${match[1]}${match[2] ?? ''}`) * factor
}

function isSameQuantity(live: Json | undefined, desired: Json | undefined): boolean {
  if (typeof live !== 'string' || (typeof desired !== 'string' && typeof desired !== 'number')) return false
  const [a, b] = [quantity(live), quantity(desired)]
  return a !== undefined && b !== undefined && Math.abs(a - b) <= Math.abs(b) * 1e-12
}

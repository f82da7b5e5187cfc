/** What users may write: amounts as Kubernetes does (apimachinery, resource.Quantity), without signs, exponents, nano and micro. */
export const quantityPattern = '^[0-9]+([.][0-9]+)?(m|k|[MGTPE]|[KMGTPE]i)?$'

const factors: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
}

/**
 * The amount in its base unit (cores, bytes), or undefined if the text is none. It reads all that the API server may answer, which writes
 * 0.0001 as 100u and keeps exponents. Exact enough to compare, not to add up.
 */
export function quantity(value: string | number): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(String(value))
  if (match === null) return undefined
  const [, digits, suffix] = match
  return Number(digits) * (suffix === undefined ? 1 : (factors[suffix] ?? 1))
}

/** Amounts of resources as Kubernetes writes them (apimachinery, resource.Quantity), without signs, exponents, nano and micro. */
export const quantityPattern = '^[0-9]+([.][0-9]+)?(m|k|[MGTPE]|[KMGTPE]i)?$'

const factors: Readonly<Record<string, number>> = {
  m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
}

/** The amount in its base unit (cores, bytes), or undefined if the text is none. Exact enough to compare, not to add up. */
export function quantity(value: string | number): number | undefined {
  const text = String(value)
  if (!new RegExp(quantityPattern).test(text)) return undefined
  const digits = /^[0-9.]+/.exec(text)?.[0] ?? ''
  return Number(digits) * (factors[text.slice(digits.length)] ?? 1)
}

/**
 * Whether `one` is an earlier version than `other`, both of one resource of one API server. Since Kubernetes 1.35 clients may know
 * (KEP-5504): a version is a positive decimal integer of any length without leading zeros. False if either is anything else, so
 * that servers with other versions are believed as ever. Our rule that a resourceVersion is never ordered predates this and holds
 * everywhere else: only the informer may ask, of lists and watches, never a decision of objects.
 */
export function isOlder(one: string, other: string): boolean {
  if (!isNumber(one) || !isNumber(other)) return false
  return one.length === other.length ? one < other : one.length < other.length
}

function isNumber(version: string): boolean {
  return /^[1-9]\d*$/.test(version)
}

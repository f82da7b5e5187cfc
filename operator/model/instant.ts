/** A point in time: whole milliseconds since 1970-01-01T00:00:00Z. Occurrences are whole minutes. */
export type Instant = number

export const second = 1_000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** RFC 3339 in UTC without fractions, as Kubernetes writes `metav1.Time`: `2026-01-01T00:00:00Z`. */
export function formatInstant(instant: Instant): string {
  return new Date(Math.floor(instant / second) * second).toISOString().replace('.000Z', 'Z')
}

/** The instant of an RFC 3339 timestamp (Kubernetes `metav1.Time` or `metav1.MicroTime`), or undefined if it is none. */
export function parseInstant(text: string | undefined): Instant | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined
  const parsed = Date.parse(text)
  return Number.isNaN(parsed) ? undefined : parsed
}

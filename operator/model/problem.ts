/**
 * Why something is not accepted. `path` is a field path in the user's object (`spec.schedule.timeZone`); `message` says
 * what is wrong and what to write instead, and never repeats the value of a parameter.
 */
export interface Problem {
  readonly path: string
  readonly message: string
}

/** A value, or every problem that prevents it, listed at once. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] }

export function accepted<T>(value: T): Checked<T> {
  return { ok: true, value }
}

export function refused(...problems: readonly Problem[]): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems }
}

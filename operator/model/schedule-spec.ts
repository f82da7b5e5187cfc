/** Monday first, as ISO 8601 counts weeks. */
export const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
export type Weekday = (typeof weekdays)[number]

export const months = [
  'January', 'February', 'March', 'April', 'May', 'June',
  'July', 'August', 'September', 'October', 'November', 'December',
] as const
export type Month = (typeof months)[number]

/** Exactly one member is set; `every` counts minutes, hours, days, weeks and is 1 when absent (byMinute: required). */
export interface Recurrence {
  readonly once?: object | undefined
  readonly byMinute?: { readonly every: number } | undefined
  readonly byHour?: { readonly every?: number | undefined } | undefined
  readonly byDay?: { readonly every?: number | undefined } | undefined
  readonly byWeek?: { readonly every?: number | undefined; readonly days: readonly Weekday[] } | undefined
  /** Without months: all twelve. `day: 31, shortMonth: LastDay` is the last day of the month. */
  readonly byMonth?: {
    readonly months?: readonly Month[] | undefined
    readonly day: number
    readonly shortMonth?: 'Skip' | 'LastDay' | undefined
  } | undefined
  /** Five fields or a macro, as kube-controller-manager understands them in `timeZone`. */
  readonly cron?: string | undefined
}

/** What happens to a wall time that daylight saving time leaves out (gap) or repeats (overlap). */
export interface DstPolicy {
  /** ShiftForward (default): the offset before the gap is used, so 02:30 becomes 03:30. */
  readonly gap?: 'ShiftForward' | 'Skip' | undefined
  /** Default First. */
  readonly overlap?: 'First' | 'Second' | 'Both' | undefined
}

/** `spec.schedule` of a ScheduledIntegration or an IntegrationSet, as the user wrote it: nothing of it has been checked. */
export interface Schedule {
  /** IANA name; Etc/UTC when absent. */
  readonly timeZone?: string | undefined
  /** `YYYY-MM-DD` on the wall calendar of timeZone. */
  readonly startDate?: string | undefined
  /** `HH:MM` on the wall clock of timeZone. */
  readonly startTime?: string | undefined
  /** Inclusive; absent: for ever. */
  readonly endDate?: string | undefined
  readonly recurrence: Recurrence
  readonly dst?: DstPolicy | undefined
}

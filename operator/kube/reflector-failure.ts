import type { Instant } from '../model/instant.ts'
import { ApiFailure } from './api-failure.ts'

/** What the failure of a list or a watch means for the next step of a reflector. */

/** How far a watch came. */
export interface WatchProgress {
  /** When the server accepted the watch. */
  opened: Instant | undefined
  frames: number
}

/** A server that lags behind, or frames from the past. */
export function outOfOrder(message: string, version: string, seen: string): ApiFailure {
  return new ApiFailure('malformed', message, { cause: new Error(`${message}: version ${version} after ${seen}`) })
}

/** The pages of a list expired before all were read, or do not belong together: the next list must come in one answer. */
export function isTornApart(error: unknown): boolean {
  return error instanceof ApiFailure && (error.code === 410 || error.kind === 'malformed')
}

/**
 * Whether the watch was opened, but never said a word. So do API servers (measured with 1.36) when the version is too new for them
 * because they were set back; and so does a watch without bookmarks (those of Events, or of a server without a watch cache) when
 * nothing happens.
 */
export function isDeaf(error: unknown, { opened, frames }: WatchProgress): boolean {
  return error instanceof ApiFailure && error.kind === 'timeout' && opened !== undefined && frames === 0
}

/** Whether the same watch can go on later. After an expired version, one from the future, or a line that nobody can read, only a list helps. */
export function canResume(error: unknown): boolean {
  if (!(error instanceof ApiFailure) || error.kind === 'malformed') return false
  if (error.causes.some(({ reason }) => reason === 'ResourceVersionTooLarge')) return false
  return error.kind !== 'status' || error.code === 401 || error.code === 403 || error.code === 429 || error.code >= 500
}

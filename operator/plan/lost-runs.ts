import { type Instant, parseInstant } from '../model/instant.ts'
import type { RunRecord } from '../model/status-schema.ts'
import { knownTimes, lostRecord, skippedRecord } from './accounts.ts'
import type { Lost } from './cursor.ts'
import type { Scene } from './schedule-step.ts'
import { eps } from './timing.ts'
import type { Valid } from './verdict.ts'

/** What is to be told of times in which the CronJob could not fire, before anything later is accounted for. */
export interface LostRuns {
  readonly records: readonly RunRecord[]
  /** Whether something is left to be told; until it is, nobody else says how far accounts go. */
  readonly isOpen: boolean
  readonly accountedThrough: Instant | undefined
  readonly wakeAt: Instant | undefined
}

export const noLostRuns: LostRuns = { records: [], isOpen: false, accountedThrough: undefined, wakeAt: undefined }

/**
 * Occurrences that nobody can have fired, or only by chance: the CronJob was gone, changed by hand, or parked when its schedule
 * was changed again. A Job that is there all the same is a run; stores show it within `eps`.
 */
export function lostRuns(scene: Scene): LostRuns {
  const { observed, verdict, cursor, now } = scene
  if (cursor.lost.length === 0 || cursor.parkedAt !== undefined || verdict.kind === 'invalid') return noLostRuns
  const accounted = parseInstant(observed.status?.accountedThrough) ?? -Infinity
  const told = knownTimes(observed)
  const open = cursor.lost.filter(({ hash }) => hash === verdict.scheduleHash).flatMap((lost) => occurrencesIn(verdict, lost, accounted))
  if (open.length === 0) return noLostRuns
  const due = open.filter(({ at }) => now > at + eps)
  const records = due.filter(({ at }) => !told.has(at)).map(({ at, lost }) => recordAt(scene, at, lost))
  const next = open[due.length]?.at
  return { records, isOpen: true, accountedThrough: due.at(-1)?.at, wakeAt: next === undefined ? undefined : next + eps + 1 }
}

interface Open {
  readonly at: Instant
  readonly lost: Lost
}

const perPass = 500

function occurrencesIn({ rule: { occurrences } }: Valid, lost: Lost, accounted: Instant): readonly Open[] {
  const found: Open[] = []
  const after = Math.max(lost.after, accounted)
  for (let at = occurrences.next(after); at !== undefined && at <= lost.through && found.length < perPass; at = occurrences.next(at)) found.push({ at, lost })
  return found
}

function recordAt({ observed, cronJob }: Scene, at: Instant, { reason }: Lost): RunRecord {
  return reason === 'CronJobLost' ? { ...lostRecord(observed, cronJob, at), ...cronJobLost } : skippedRecord(observed, cronJob, at, reason)
}

/** A run that was to start late, of a CronJob that was lost since. */
export function lostWithCronJob({ name, jobName, scheduledTime: at }: RunRecord): RunRecord {
  return { name, jobName, scheduledTime: at, ...cronJobLost }
}

const cronJobLost = { outcome: 'Missed', reason: 'CronJobLost', message: 'its CronJob had been deleted or changed by hand, and was not there for it' } as const

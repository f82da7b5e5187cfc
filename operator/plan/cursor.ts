import { z } from 'zod'
import { type Instant, parseInstant } from '../model/instant.ts'
import { annotation } from '../model/names.ts'
import type { CronJob } from '../model/kubernetes.ts'
import { oncePer } from '../model/once-per.ts'

/** The expression that a CronJob was given: what fires, in which zone, and how late it still may. */
export interface Expression {
  readonly schedule: string
  readonly timeZone: string
}

/** Which version of an object a decision was made from. */
export interface Version {
  readonly uid: string
  readonly generation: number
}

/**
 * What we knew when we last wrote a CronJob, kept on it as an annotation, so that a restarted, a second or a stale operator
 * decides from the same facts (design/time.md section 4). What has been accounted for is in the schedulable's status instead.
 */
export interface Cursor {
  readonly schedulable: Version
  readonly template: Version | undefined
  /** Hash of what decides when it runs; another one is an edit. */
  readonly scheduleHash: string
  /** Whether the schedulable wanted to run; going from false to true is an enable. */
  readonly enabled: boolean
  /** Only occurrences strictly after it count. */
  readonly floor: Instant
  /** The time zone that the CronJob controller does not read as we do. */
  readonly distrusted: string | undefined
  /** Times in which the CronJob could not fire what was intended, and that are not told yet. */
  readonly lost: readonly Lost[]
  /** The `spec.suspend` that we wrote: another one on the CronJob is somebody else's. */
  readonly suspend: boolean
  /** The expression that we wrote: another one on the CronJob is drift. */
  readonly expression: Expression
  /** When an armed CronJob was parked and it is not decided yet what became of its last matches. */
  readonly parkedAt: Instant | undefined
  /** Of an undecided CronJob: what came later had not been told when it was parked. */
  readonly untoldAfter: Instant | undefined
  /** And that schedule (as its hash) intended it. */
  readonly untoldHash: string | undefined
  /** The occurrence that the controller was reminded of, and how often. */
  readonly nudged: { readonly at: Instant; readonly times: number } | undefined
}

/** A time in which the CronJob could not fire, in (after, through], why, and the hash of the schedule that intended to. */
export interface Lost {
  readonly after: Instant
  readonly through: Instant
  readonly reason: 'CronJobLost' | 'Suspended' | 'Edited' | 'NotReady'
  readonly hash: string
}

const instant = z.string().transform((text, context) => {
  const parsed = parseInstant(text)
  if (parsed === undefined) context.addIssue({ code: 'custom', message: 'not a timestamp' })
  return parsed ?? z.NEVER
})
const version = z.object({ uid: z.string(), generation: z.int() })
const wire = z.object({
  v: z.literal(1),
  schedulable: version,
  template: version.optional(),
  scheduleHash: z.string(),
  enabled: z.boolean(),
  floor: instant,
  distrusted: z.string().optional(),
  lost: z.array(z.object({ after: instant, through: instant, reason: z.enum(['CronJobLost', 'Suspended', 'Edited', 'NotReady']), hash: z.string() })).optional(),
  suspend: z.boolean(),
  expression: z.object({ schedule: z.string(), timeZone: z.string() }),
  parkedAt: instant.optional(),
  untoldAfter: instant.optional(),
  untoldHash: z.string().optional(),
  nudged: z.object({ at: instant, times: z.int() }).optional(),
})

/** The cursor of a CronJob, or undefined if it has none that this version of the operator can read: it is lost then. */
export const cursorOf: (cronJob: CronJob) => Cursor | undefined = oncePer((cronJob: CronJob): Cursor | undefined => {
  const text = cronJob.metadata.annotations?.[annotation.cursor]
  if (text === undefined) return undefined
  try {
    const parsed = wire.safeParse(JSON.parse(text))
    if (!parsed.success) return undefined
    const { v: _readable, template, distrusted, lost = [], parkedAt, untoldAfter, untoldHash, nudged, ...rest } = parsed.data
    return { ...rest, template, distrusted, lost, parkedAt, untoldAfter, untoldHash, nudged }
  } catch {
    return undefined // not JSON: the same as lost
  }
})

/** The cursor as the value of its annotation. Instants keep their milliseconds: a floor must never move. */
export function cursorText(cursor: Cursor): string {
  const at = (value: Instant) => new Date(value).toISOString()
  const maybe = (value: Instant | undefined) => (value === undefined ? undefined : at(value))
  return JSON.stringify({
    v: 1,
    schedulable: cursor.schedulable,
    template: cursor.template,
    scheduleHash: cursor.scheduleHash,
    enabled: cursor.enabled,
    floor: at(cursor.floor),
    distrusted: cursor.distrusted,
    lost: cursor.lost.length === 0 ? undefined : cursor.lost.map((lost) => ({ ...lost, after: at(lost.after), through: at(lost.through) })),
    suspend: cursor.suspend,
    expression: cursor.expression,
    parkedAt: maybe(cursor.parkedAt),
    untoldAfter: maybe(cursor.untoldAfter),
    untoldHash: cursor.untoldHash,
    nudged: cursor.nudged && { at: at(cursor.nudged.at), times: cursor.nudged.times },
  })
}

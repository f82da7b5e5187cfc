import { z } from 'zod'
import type { Frozen } from './frozen.ts'
import { isJsonObject } from './json.ts'
import type { Job, JsonObject } from './kubernetes.ts'
import { annotation } from './names.ts'
import { oncePer } from './once-per.ts'

/**
 * What a Job carries for its own life: gate and set runs work from it, never from the schedule or template, which may have
 * changed or be gone meanwhile. The format lives in users' clusters: members may be added, none is changed.
 */

const lock = z.object({ name: z.string(), mode: z.enum(['Exclusive', 'Shared']) })

const gateTerms = z.object({
  v: z.literal(1),
  overlapPolicy: z.enum(['Allow', 'Skip', 'Queue', 'Replace']),
  locks: z.array(lock),
  maxWaitSeconds: z.int(),
  startingDeadlineSeconds: z.int(),
  /** What the run's name begins with. */
  runName: z.string(),
  timeZone: z.string(),
  /** Whose runs overlapPolicy speaks of. Absent: a run of a template on demand, or a member of a set. */
  schedulable: z.object({ kind: z.enum(['ScheduledIntegration', 'IntegrationSet']), name: z.string(), uid: z.string() }).optional(),
  /** Its CronJob is parked because its schedulable is invalid: such a Job is never released. */
  held: z.literal(true).optional(),
})

const jobTemplate = z.custom<JsonObject>(isJsonObject)

const setTerms = z.object({
  v: z.literal(1),
  execution: z.enum(['Sequential', 'Parallel']),
  onMemberFailure: z.enum(['Abort', 'Continue']),
  timeoutSeconds: z.int().optional(),
  /** In order. `job`: batch/v1 JobTemplateSpec of the member, complete. */
  members: z.array(z.object({ name: z.string(), integration: z.string(), job: jobTemplate })),
})

export type LockTerms = Frozen<z.output<typeof lock>>
export type GateTerms = Frozen<z.output<typeof gateTerms>>
export type SetTerms = Frozen<z.output<typeof setTerms>>

/** On what conditions a Job that was born suspended may start. Undefined: it was not, or they cannot be read. */
export const gateTermsOf: (job: Job) => GateTerms | undefined = reading(annotation.gate, gateTerms)

/** The set that a Job runs, as it was when the Job was made. Undefined: it runs none, or its end has been seen, or they cannot be read. */
export const setTermsOf: (job: Job) => SetTerms | undefined = reading(annotation.members, setTerms)

/** The terms in the template of a Job. */
export function gateTermsIn(text: string | undefined): GateTerms | undefined {
  return decoded(gateTerms, text)
}

export function gateTermsText(terms: GateTerms): string {
  return JSON.stringify(terms)
}

export function setTermsText(terms: SetTerms): string {
  return JSON.stringify(terms)
}

/** What has been found out about a run is written onto its Job, and read by whoever tells its story. */

const waiting = z.object({ since: z.string(), reason: z.string(), message: z.string(), lock: z.string().optional(), holder: z.string().optional() })
const skipped = z.object({ outcome: z.enum(['Skipped', 'Missed']), reason: z.string(), message: z.string() })
const replaced = z.object({ by: z.string() })
/** `at`: when it was looked at last. */
const stuck = z.object({ reason: z.string(), message: z.string(), since: z.string(), at: z.string().optional() })

/** Of one member of a set. `uid`: its Job was made. `outcome`: it is over, or never starts. `reason` and `message` also say why it waits. */
const memberProgress = z.object({
  name: z.string(),
  uid: z.string().optional(),
  startTime: z.string().optional(),
  completionTime: z.string().optional(),
  outcome: z.enum(['Succeeded', 'CompletedWithErrors', 'Failed', 'Skipped', 'Missed', 'Unknown', 'Unplanned', 'Replaced', 'NotStarted']).optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
})

export type MemberProgress = Frozen<z.output<typeof memberProgress>>
export type Waiting = Frozen<z.output<typeof waiting>>
export type Skipped = Frozen<z.output<typeof skipped>>
export type Replaced = Frozen<z.output<typeof replaced>>
export type Stuck = Frozen<z.output<typeof stuck>>

/** Why a run has not started yet. */
export const waitingOf: (job: Job) => Waiting | undefined = reading(annotation.waiting, waiting)
/** Why a run never starts: final. */
export const skippedOf: (job: Job) => Skipped | undefined = reading(annotation.skipped, skipped)
/** Which Job took the place of a run that was in progress. */
export const replacedOf: (job: Job) => Replaced | undefined = reading(annotation.replaced, replaced)
/** Why the pod of a run does not come up. */
export const stuckOf: (job: Job) => Stuck | undefined = reading(annotation.stuck, stuck)
/** How far the run of a set has come: all its members, in their order. Undefined: it has not begun. */
export const progressOf: (job: Job) => readonly MemberProgress[] | undefined = reading(annotation.progress, z.array(memberProgress))

export function progressText(members: readonly MemberProgress[]): string {
  return JSON.stringify(members)
}

function reading<Schema extends z.ZodType>(name: string, schema: Schema): (job: Job) => z.output<Schema> | undefined {
  const read = oncePer((job: Job): z.output<Schema> | undefined => decoded(schema, job.metadata.annotations?.[name]))
  return (job) => (job.metadata.annotations?.[name] === undefined ? undefined : read(job))
}

function decoded<Schema extends z.ZodType>(schema: Schema, text: string | undefined): z.output<Schema> | undefined {
  if (text === undefined) return undefined
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined // not JSON: somebody else's
  }
}

import { type Instant, second } from '../model/instant.ts'
import type { CronJob, Job, Lease } from '../model/kubernetes.ts'
import type { GateTerms } from '../model/run-terms.ts'
import { type Evidence, type Learned, type Look, type SeenObject, evidenceKey } from './action.ts'

/** Whose runs overlapPolicy speaks of. */
export type SchedulableReference = NonNullable<GateTerms['schedulable']>

export type SeenSchedulable = SeenObject<'ScheduledIntegration'> | SeenObject<'IntegrationSet'>

/** What the stores know of the runs of one namespace, at one moment. What is looked up is looked up only for runs that need it. */
export interface ObservedGate {
  readonly namespace: string
  /** All Jobs that have not ended and carry gate terms, or were told that another run replaces them. */
  readonly jobs: readonly Job[]
  readonly lease: Lease | undefined
  readonly jobNamed: (name: string) => Job | undefined
  /** Jobs that a Job controls and that have not ended. */
  readonly unfinishedOf: (controllerUid: string) => readonly Job[]
  /** Runs of a schedulable that have not ended and do not pass the gate: they began under another overlapPolicy. */
  readonly ungatedRunsOf: (schedulable: SchedulableReference) => readonly Job[]
  readonly schedulable: (reference: SchedulableReference) => SeenSchedulable | undefined
  /** The CronJob of a schedulable. */
  readonly cronJobOf: (reference: SchedulableReference) => CronJob | undefined
  /** Whether whoever tells the story of a run has told that it was replaced, or there is nobody to tell it. */
  readonly isToldReplaced: (job: Job) => boolean
  readonly learned: Learned
}

/** How old a look may be that is decided upon; milliseconds. */
const freshly = 5 * second

export interface Freshness {
  readonly now: Instant
  /** Milliseconds. */
  readonly within?: number
}

/** What a look has seen. It was asked when its object was known to exist: who is not there is gone. */
export interface Seen<T> {
  readonly object: T | undefined
}

/** What an uncached look has seen of this lately; undefined: nobody has looked. */
export function freshJob(observed: ObservedGate, look: Look, freshness: Freshness): Seen<Job> | undefined {
  const seen = fresh(observed, look, freshness)
  return seen?.resource === 'jobs' ? seen : undefined
}

export function freshCronJob(observed: ObservedGate, look: Look, freshness: Freshness): Seen<CronJob> | undefined {
  const seen = fresh(observed, look, freshness)
  return seen?.resource === 'cronjobs' ? seen : undefined
}

export function freshSchedulable(observed: ObservedGate, look: Look, freshness: Freshness): Seen<SeenSchedulable> | undefined {
  const seen = fresh(observed, look, freshness)
  return seen?.resource === 'scheduledintegrations' || seen?.resource === 'integrationsets' ? seen : undefined
}

function fresh({ learned }: ObservedGate, { resource, namespace, name, about }: Look, { now, within = freshly }: Freshness): Evidence | undefined {
  const seen = learned.evidence.get(evidenceKey(resource, namespace, name, about))
  return seen !== undefined && now <= seen.at + within ? seen : undefined
}

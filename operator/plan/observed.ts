import type { Instant } from '../model/instant.ts'
import type { CronJob, Job, JsonObject, Lease, Namespace, ObjectMeta } from '../model/kubernetes.ts'
import type { Checked } from '../model/problem.ts'
import type { ScheduleStatus } from '../model/status-schema.ts'
import type { Learned } from './action.ts'
import type { ActivationMode } from './activation.ts'
import type { Collision } from './lock-crowding.ts'
import type { SchedulableKind, SchedulableSpec } from './schedulable.ts'
import type { ObservedTemplates } from './templates.ts'

/** What the stores know of one schedulable, at one moment. */
export interface ObservedSchedule {
  readonly kind: SchedulableKind
  readonly metadata: ObjectMeta
  /** Refused: it got past the CRD (of another version, say) and cannot be read. */
  readonly spec: Checked<SchedulableSpec>
  readonly status: ScheduleStatus | undefined
  /** The status as the API server has it, for the difference. */
  readonly rawStatus: JsonObject | undefined
  /** What its runs are made of. */
  readonly templates: ObservedTemplates
  /** Of a set: how many ScheduledIntegrations name it. */
  readonly scheduledBy?: number | undefined
  /** Whatever holds the CronJob's name. */
  readonly cronJob: CronJob | undefined
  /** Jobs whose controller is that CronJob, or the schedulable itself. */
  readonly jobs: readonly Job[]
  /** Of a Job that runs a set: the Jobs of its members, as far as they are there. */
  readonly membersOf: (setRun: Job) => readonly Job[]
  /** Its first run that may have to wait for a run of another schedule, or the other way round. */
  readonly collision: Collision | undefined
  readonly locksLease: Lease | undefined
  /** Of its name: perhaps one that has been deleted since. */
  readonly namespace: Namespace | undefined
  /** Of namespaces that say nothing of it. */
  readonly defaultActivation: ActivationMode
  /** Whether the CronJob controller has fired any CronJob of the cluster at this time or later. Looked up only when it is asked. */
  readonly hasControllerFired: (since: Instant) => boolean
  readonly learned: Learned
}

import type { Instant } from '../model/instant.ts'
import type { Integration } from '../model/integration.ts'
import type { CronJob, Job, JsonObject, Lease, ObjectMeta } from '../model/kubernetes.ts'
import type { Checked } from '../model/problem.ts'
import type { ScheduledIntegrationSpec } from '../model/scheduled-integration.ts'
import type { ScheduleStatus } from '../model/status-schema.ts'
import type { Learned } from './action.ts'

/** What the stores know of one ScheduledIntegration, at one moment. */
export interface ObservedSchedule {
  readonly metadata: ObjectMeta
  /** Refused: it got past the CRD (of another version, say) and cannot be read. */
  readonly spec: Checked<ScheduledIntegrationSpec>
  readonly status: ScheduleStatus | undefined
  /** The status as the API server has it, for the difference. */
  readonly rawStatus: JsonObject | undefined
  /** The Integration that it names, if there is one. */
  readonly template: ObservedTemplate | undefined
  /** Whatever holds the CronJob's name. */
  readonly cronJob: CronJob | undefined
  /** Jobs whose controller is that CronJob, or the schedule itself. */
  readonly jobs: readonly Job[]
  readonly locksLease: Lease | undefined
  /** Whether the CronJob controller has fired any CronJob of the cluster at this time or later. Looked up only when it is asked. */
  readonly hasControllerFired: (since: Instant) => boolean
  readonly learned: Learned
}

export interface ObservedTemplate {
  readonly metadata: ObjectMeta
  readonly object: Checked<Integration>
}

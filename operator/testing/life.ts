import type { Instant } from '../model/instant.ts'
import type { ScheduledIntegrationSpec } from '../model/scheduled-integration.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import type { VirtualCluster } from './virtual-cluster.ts'

/** What users wanted from an instant on; undefined: nothing may run. */
export interface Wish {
  readonly from: Instant
  readonly schedule: Schedule | undefined
  /** What was written all the same, while there is no template. */
  readonly held: Schedule | undefined
  /** What happens to occurrences that an outage prevented. */
  readonly late: Lateness
}

export interface Lateness {
  readonly policy: ScheduledIntegrationSpec['missedRunPolicy']
  /** Milliseconds. */
  readonly deadline: number
}

/**
 * Who makes mischief. Users write what is theirs. Vandals also write to CronJobs and Jobs. In Outages the operator and the
 * controller are away for up to two months. Failovers: two controllers that take turns, and whose clocks differ. Laggards: views
 * that are up to 40 s old, requests of 9 s, two operators of which one is far behind. Crowds: 2,500 CronJobs for the same minute.
 * Months: long lives, in which windows are replaced. Copies: schedules come from other namespaces, or into a namespace made anew or
 * in which activation is required, and are activated there.
 */
export const casts = ['Users', 'Vandals', 'Outages', 'Failovers', 'Laggards', 'Crowds', 'Months', 'Copies'] as const
export type Cast = (typeof casts)[number]

export interface Span {
  readonly from: Instant
  readonly until: Instant
}

/** How slow things can be in a life; milliseconds. */
export interface Delays {
  /** Until an operator sees a change of a schedule or its template. */
  readonly seen: number
  /** Until an operator sees a change of a CronJob or a Job. */
  readonly children: number
  /** Until a controller sees a change of a CronJob. */
  readonly controller: number
  /** One request of an operator, there and back. */
  readonly request: number
  /** By which clocks may differ from the API server's. */
  readonly skew: number
  /** For which a CronJob waits until a worker of the controller takes it. */
  readonly queue: number
  /** Until dependents of what was deleted are collected. */
  readonly collection: number
}

/** A random life of one schedule, and what is needed to judge it. */
export interface Life {
  readonly seed: number
  readonly cast: Cast
  readonly cluster: VirtualCluster
  readonly wishes: readonly Wish[]
  readonly delays: Delays
  /** When the template went last. */
  readonly templateGoneAt: Instant
  /** When the schedule was deleted; each time another one of its name followed. */
  readonly deleted: readonly Instant[]
  /** When somebody changed the CronJob or its Jobs by hand. */
  readonly byHand: readonly Instant[]
  /** When the operator, or the CronJob controller, did not run. */
  readonly operatorDown: readonly Span[]
  readonly controllerDown: readonly Span[]
  /** From here on everything was in order and nobody changed anything. */
  readonly quietFrom: Instant
  /** What happened, for people who look for the reason of a failure. */
  readonly log: readonly string[]
}

import type { Instant } from '../model/instant.ts'

/** What one uncached look saw of the pods of a Job and of the events about them: as much as decides why none comes up. */
export interface PodsSeen {
  readonly pods: readonly PodSeen[]
  /** About the Job and its pods, in no particular order. */
  readonly events: readonly EventSeen[]
}

export interface PodSeen {
  readonly name: string
  readonly created: Instant
  /** Pending, Running, Succeeded, Failed or Unknown. */
  readonly phase: string
  readonly isGoing: boolean
  readonly node: string | undefined
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[]
  /** Init containers first, as they run. */
  readonly containers: readonly ContainerSeen[]
}

export interface ContainerSeen {
  readonly name: string
  readonly image: string
  /** Why it does not run yet; undefined: it runs, or has run. */
  readonly waiting: { readonly reason: string; readonly message: string } | undefined
}

export interface EventSeen {
  readonly about: 'Job' | 'Pod'
  readonly reason: string
  readonly message: string
  readonly at: Instant
}

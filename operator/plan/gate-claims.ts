import { isOwnLock } from './gate-run.ts'
import type { Holder, Want } from './lock-table.ts'

/** Who stands in the way of a run, on which lock. */
export interface Obstacle {
  readonly lock: string
  readonly claimant: Claimant
}

export interface Claimant extends Pick<Holder, 'uid' | 'job'> {
  /** Waiting: it is older, and nobody overtakes it. */
  readonly standing: 'holds' | 'waits'
}

interface Claim extends Claimant {
  readonly mode: Want['mode']
}

/** What is claimed of one lock, first who holds it, then who waits for it in their order. */
interface Queue {
  /** By name of the Job. */
  readonly claims: Map<string, Claim>
  last: Claim | undefined
  lastExclusive: Claim | undefined
}

/**
 * Who holds the locks of a namespace, and who waits for them before the next in the queue: each run is asked about, and then
 * added, in the order of the queue. One question takes as long as the run has locks, however many runs there are.
 */
export class Claims {
  readonly #queues = new Map<string, Queue>()

  add({ uid, job, wants }: Holder, standing: Claimant['standing']): void {
    for (const { lock, mode } of wants) {
      const queue = this.#queues.get(lock) ?? { claims: new Map<string, Claim>(), last: undefined, lastExclusive: undefined }
      this.#queues.set(lock, queue)
      const claim = { uid, job, mode, standing }
      queue.claims.set(job, claim)
      queue.last = claim
      if (mode === 'Exclusive') queue.lastExclusive = claim
    }
  }

  /**
   * The first lock that a run cannot have now. It is told to wait for the last of those before it, who will go when it is next:
   * so it has to be told only once. `known` is who it was told to wait for: as long as that is true, nothing is to be told anew.
   */
  obstacleOf({ wants }: Holder, known?: { readonly lock?: string | undefined; readonly holder?: string | undefined }): Obstacle | undefined {
    const told = wants.find(({ lock }) => lock === known?.lock)
    const still = told === undefined ? undefined : this.#conflicting(told, known?.holder)
    if (told !== undefined && still !== undefined) return { lock: told.lock, claimant: still }
    for (const want of wants) {
      const claimant = this.#latest(want)
      if (claimant !== undefined) return { lock: want.lock, claimant }
    }
    return undefined
  }

  /** All that stand in the way of a run. */
  obstaclesOf({ wants }: Holder): readonly Claimant[] {
    return wants.flatMap((want) => [...(this.#queues.get(want.lock)?.claims.values() ?? [])].filter((claim) => isConflict(want, claim)))
  }

  #latest(want: Want): Claim | undefined {
    const queue = this.#queues.get(want.lock)
    if (queue === undefined || maySkip(want)) return undefined
    return want.mode === 'Exclusive' ? queue.last : queue.lastExclusive
  }

  #conflicting(want: Want, job: string | undefined): Claim | undefined {
    const claim = this.#queues.get(want.lock)?.claims.get(job ?? '')
    return claim !== undefined && isConflict(want, claim) ? claim : undefined
  }
}

function isConflict(want: Want, { mode }: Claim): boolean {
  return !maySkip(want) && (want.mode === 'Exclusive' || mode === 'Exclusive')
}

/** Of its schedulable's own lock, who wants it Shared only says that it is there: overlapPolicy Allow. */
function maySkip({ lock, mode }: Want): boolean {
  return isOwnLock(lock) && mode === 'Shared'
}

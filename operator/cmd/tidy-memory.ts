import { once } from 'node:events'
import { type Clock, pause } from '../kube/clock.ts'
import { second } from '../model/instant.ts'

export interface MemoryOptions {
  readonly clock: Clock
  /** Ends it. */
  readonly signal: AbortSignal
  /** Before that, what is there for a short time only must not be in the way. */
  readonly synced: Promise<unknown>
  /** Bytes of the process that are in memory. */
  readonly resident: () => number
  /** CPU time that the process has used so far; milliseconds. */
  readonly cpuTime: () => number
  /** Collects all garbage and gives back what V8 holds for later. */
  readonly collect: () => unknown
}

/** How often it is looked at. */
const interval = 10 * second
/** A tenth of a core: whoever is busy is not interrupted. */
const idleShare = 0.1
/** Whoever is busy all the time is interrupted all the same, after so many looks. */
const patience = 30
/** How much more than after the last time makes it worth it: V8 itself holds some room for what comes. */
const growth = { factor: 1.2, bytes: 8_000_000 }
/** Or how much CPU time has been used since: what was needed then may be garbage now. Milliseconds. */
const work = 5_000

/**
 * Lists, and changes that come by the thousand, leave several times of what is kept behind; V8 holds on to the room, and a process that has
 * nothing to do never collects. So when it has become quiet after that, V8 is asked to give it back: first when all has been read. Resolves at the signal.
 */
export async function tidyMemory({ clock, signal, synced, resident, cpuTime, collect }: MemoryOptions): Promise<void> {
  if (!signal.aborted) await Promise.race([synced, once(signal, 'abort')])
  let last = { resident: 0, cpuTime: cpuTime() }
  let busy = 0
  for (let used = cpuTime(); !signal.aborted; used = cpuTime()) {
    await pause(clock, interval, signal)
    busy = cpuTime() - used < interval * idleShare ? 0 : busy + 1
    const isDue = resident() > last.resident * growth.factor + growth.bytes || cpuTime() - last.cpuTime > work
    if (signal.aborted || !isDue || (busy > 0 && busy < patience)) continue
    await collect()
    last = { resident: resident(), cpuTime: cpuTime() }
    busy = 0
  }
}

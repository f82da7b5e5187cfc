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
/** How much more than after the last time makes it worth it: V8 itself holds some room for what comes. */
const worthwhile = { factor: 1.2, bytes: 8_000_000 }

/**
 * Lists, and changes that come by the thousand, leave several times of what is kept behind; V8 holds on to the room, and a process that has
 * nothing to do never collects. So when it has become quiet and the process is larger than it was after the last time, it is asked to give it
 * back: first when all has been read. Resolves at the signal.
 */
export async function tidyMemory({ clock, signal, synced, resident, cpuTime, collect }: MemoryOptions): Promise<void> {
  if (!signal.aborted) await Promise.race([synced, once(signal, 'abort')])
  let tidy = 0
  for (let used = cpuTime(); !signal.aborted; used = cpuTime()) {
    await pause(clock, interval, signal)
    const isQuiet = cpuTime() - used < interval * idleShare
    if (signal.aborted || !isQuiet || resident() < tidy * worthwhile.factor + worthwhile.bytes) continue
    await collect()
    tidy = resident()
  }
}

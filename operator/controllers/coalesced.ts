import type { Clock } from '../kube/clock.ts'
import type { Wake } from './controller.ts'

/** Wakes each key at most once in `delay` milliseconds, at the end of it: hundreds of objects can come at once, and only be counted. */
export function coalesced(wake: Wake, clock: Clock, delay: number): Wake {
  return {
    synced: wake.synced,
    subscribe(enqueue) {
      const timers = new Map<string, ReturnType<Clock['after']>>()
      const unsubscribe = wake.subscribe((key) => {
        if (timers.has(key)) return
        timers.set(key, clock.after(delay, () => {
          timers.delete(key)
          enqueue(key)
        }))
      })
      return () => {
        unsubscribe()
        for (const timer of timers.values()) timer.cancel()
      }
    },
  }
}

import type { Instant } from '../model/instant.ts'
import type { Clock, Timer } from '../kube/clock.ts'

interface Pending {
  readonly at: Instant
  readonly run: () => void
}

/** A clock that stands still until the test moves it. */
export class FakeClock implements Clock {
  #now: Instant
  readonly #pending = new Set<Pending>()
  readonly #waiting: { readonly isIt: (delay: number) => boolean; readonly found: (delay: number) => void }[] = []

  constructor(now: Instant = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): Instant {
    return this.#now
  }

  after(delay: number, run: () => void): Timer {
    const pending = { at: this.#now + delay, run }
    this.#pending.add(pending)
    for (const waiting of this.#waiting.filter(({ isIt }) => isIt(delay))) {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
      waiting.found(delay)
    }
    return { cancel: () => this.#pending.delete(pending) }
  }

  /** Milliseconds until each timer rings, soonest first. */
  get timers(): readonly number[] {
    return [...this.#pending].map(({ at }) => at - this.#now).sort((one, other) => one - other)
  }

  /** Resolves with the delay of a timer that is set, now or later, and is the one meant. */
  timer(isIt: (delay: number) => boolean = () => true): Promise<number> {
    const set = this.timers.find(isIt)
    if (set !== undefined) return Promise.resolve(set)
    return new Promise((found) => this.#waiting.push({ isIt, found }))
  }

  /** Moves on, ringing timers in order at their own instants; also those that are set meanwhile. */
  advance(by: number): void {
    const end = this.#now + by
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#pending.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
    }
    this.#now = end
  }

  #next(end: Instant): Pending | undefined {
    return [...this.#pending].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0]
  }
}

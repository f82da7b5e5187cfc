import type { Instant } from '../model/instant.ts'

/** The one seam for time: everything on this floor and above that waits, waits by a clock that it was given. */
export interface Clock {
  now(): Instant
  /** Runs `then` once, `delay` milliseconds from now (at most 2^31 - 1). */
  after(delay: number, then: () => void): Timer
}

export interface Timer {
  cancel(): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, then) {
    const timeout = setTimeout(then, delay)
    return { cancel: () => clearTimeout(timeout) }
  },
}

/** Resolves after `delay` milliseconds, or at once when the signal is aborted; never rejects. */
export function pause(clock: Clock, delay: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(delay, end)
    signal.addEventListener('abort', end, { once: true })
  })
}

/** Barks once when it was not fed for `patience` milliseconds. Feeding is cheap: it sets no timer. */
export class Watchdog {
  readonly #clock: Clock
  readonly #patience: number
  readonly #bark: () => void
  #fed: Instant
  #timer: Timer

  constructor(clock: Clock, patience: number, bark: () => void) {
    this.#clock = clock
    this.#patience = patience
    this.#bark = bark
    this.#fed = clock.now()
    this.#timer = clock.after(patience, () => this.#look())
  }

  feed(): void {
    this.#fed = this.#clock.now()
  }

  stop(): void {
    this.#timer.cancel()
  }

  #look(): void {
    // No longer than its patience, also if the clock was set back meanwhile.
    const left = Math.min(this.#patience, this.#fed + this.#patience - this.#clock.now())
    if (left <= 0) this.#bark()
    else this.#timer = this.#clock.after(left, () => this.#look())
  }
}

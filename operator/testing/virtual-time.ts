import { setImmediate } from 'node:timers/promises'
import type { Clock, Timer } from '../kube/clock.ts'
import type { Instant } from '../model/instant.ts'

interface Pending {
  readonly at: Instant
  readonly order: number
  run: (() => void) | undefined
}

/**
 * Time that passes only when nothing is left to be done: events happen one after the other at their own instants, and after
 * each the promises it resolved run to their end. A day takes as long as its events. `note` says that code behind promises has
 * gone on, so that time does not pass it by.
 */
export class VirtualTime implements Clock {
  #now: Instant
  #order = 0
  #activity = 0
  /** A binary heap. */
  readonly #pending: Pending[] = []

  constructor(now: Instant) {
    this.#now = now
  }

  now(): Instant {
    return this.#now
  }

  after(delay: number, run: () => void): Timer {
    return this.at(this.#now + Math.max(0, delay), run)
  }

  at(instant: Instant, run: () => void): Timer {
    const pending: Pending = { at: Math.max(instant, this.#now), order: this.#order++, run }
    this.#push(pending)
    return { cancel: () => void (pending.run = undefined) }
  }

  note(): void {
    this.#activity++
  }

  async runUntil(end: Instant): Promise<void> {
    await this.#settle()
    for (let next = this.#pending[0]; next !== undefined && next.at <= end; next = this.#pending[0]) {
      this.#pop()
      const { run } = next
      if (run === undefined) continue
      this.#now = next.at
      const before = this.#activity
      run()
      if (this.#activity !== before) await this.#settle()
    }
    this.#now = end
  }

  /** Until no promise has moved anything for two turns of the event loop. */
  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet++) {
      const before = this.#activity
      await setImmediate()
      if (this.#activity !== before) quiet = -1
    }
  }

  #push(pending: Pending): void {
    const heap = this.#pending
    heap.push(pending)
    for (let index = heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1
      if (!this.#swap(parent, index)) return
      index = parent
    }
  }

  #pop(): void {
    const heap = this.#pending
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    heap[0] = last
    for (let index = 0; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2]
      const child = isBefore(heap[right], heap[left]) ? right : left
      if (!this.#swap(index, child)) return
      index = child
    }
  }

  #swap(upper: number, lower: number): boolean {
    const [above, below] = [this.#pending[upper], this.#pending[lower]]
    if (above === undefined || below === undefined || !isBefore(below, above)) return false
    this.#pending[upper] = below
    this.#pending[lower] = above
    return true
  }
}

function isBefore(a: Pending | undefined, b: Pending | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

import type { Instant } from '../model/instant.ts'
import { minute } from '../model/instant.ts'
import type { Clock, Timer } from './clock.ts'
import { Deadlines } from './deadlines.ts'

const firstRetry = 5
const lastRetry = 5 * minute
/**
 * No timer runs longer than this; then the clock is read anew. Timers of Node.js end at 24 days, and they do not notice that
 * the clock was set or that the machine slept.
 */
const longestTimer = minute

/**
 * What is to be worked on: keys, never events. A key begins with its namespace (`namespace` or `namespace/...`).
 * Guarantees: a key is in it once; a key is handed to one worker at a time, and again if it was added meanwhile; namespaces
 * take turns, so that one with a thousand keys does not make another one wait; of several instants for a key the earliest counts.
 */
export class WorkQueue {
  readonly #clock: Clock
  /** The first namespace is the next to be served. */
  readonly #ready = new Map<string, Set<string>>()
  readonly #running = new Set<string>()
  readonly #addedWhileRunning = new Set<string>()
  readonly #later = new Deadlines()
  readonly #failures = new Map<string, number>()
  readonly #idle: ((key: string | undefined) => void)[] = []
  #timer: { readonly timer: Timer; readonly at: Instant } | undefined
  #whenDrained: (() => void) | undefined
  #isStopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Keys that wait for a worker now. */
  get depth(): number {
    return [...this.#ready.values()].reduce((sum, keys) => sum + keys.size, 0)
  }

  add(key: string): void {
    if (this.#isStopped) return
    if (this.#running.has(key)) this.#addedWhileRunning.add(key)
    else this.#makeReady(key)
  }

  /** Adds the key at that instant, unless it is to be added earlier anyway. */
  addAt(key: string, at: Instant): void {
    if (this.#isStopped) return
    if (at <= this.#clock.now()) return this.add(key)
    this.#later.set(key, at)
    this.#setTimer()
  }

  /** Adds the key after a failure: 5 ms later, then twice as long each time, up to `atMost` (5 minutes) and `atLeast` milliseconds. Returns failures in a row. */
  retry(key: string, atLeast = 0, atMost = lastRetry): number {
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    this.addAt(key, this.#clock.now() + Math.max(atLeast, Math.min(atMost, firstRetry * 2 ** (failures - 1))))
    return failures
  }

  /** The next failure of this key will be its first. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** The next key to work on, as soon as there is one; undefined when the queue was stopped. Tell `done` afterwards. */
  next(): Promise<string | undefined> {
    if (this.#isStopped) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#idle.push(resolve)
      this.#serve()
    })
  }

  done(key: string): void {
    this.#running.delete(key)
    if (this.#addedWhileRunning.delete(key)) this.add(key)
    if (this.#running.size === 0) this.#whenDrained?.()
  }

  /** Hands out no more keys; resolves when those that were handed out are done. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.timer.cancel()
    this.#ready.clear()
    this.#later.clear()
    for (const resolve of this.#idle.splice(0)) resolve(undefined)
    if (this.#running.size > 0) await new Promise<void>((resolve) => (this.#whenDrained = resolve))
  }

  #makeReady(key: string): void {
    const namespace = namespaceOf(key)
    const keys = this.#ready.get(namespace)
    if (keys === undefined) this.#ready.set(namespace, new Set([key]))
    else keys.add(key)
    this.#serve()
  }

  #serve(): void {
    while (this.#idle.length > 0) {
      const key = this.#takeReady()
      if (key === undefined) return
      this.#running.add(key)
      this.#idle.shift()?.(key)
    }
  }

  #takeReady(): string | undefined {
    for (const [namespace, keys] of this.#ready) {
      this.#ready.delete(namespace)
      const [key] = keys
      if (key === undefined) continue
      keys.delete(key)
      if (keys.size > 0) this.#ready.set(namespace, keys)
      return key
    }
    return undefined
  }

  #setTimer(): void {
    const next = this.#later.next()
    if (next === undefined) return
    const now = this.#clock.now()
    const at = Math.min(next, now + longestTimer)
    if (this.#timer !== undefined && this.#timer.at <= at) return
    this.#timer?.timer.cancel()
    this.#timer = { at, timer: this.#clock.after(Math.max(0, at - now), () => this.#ring()) }
  }

  #ring(): void {
    this.#timer = undefined
    for (const key of this.#later.take(this.#clock.now())) this.add(key)
    this.#setTimer()
  }
}

/** The part of a key up to the first slash. */
export function namespaceOf(key: string): string {
  const slash = key.indexOf('/')
  return slash === -1 ? key : key.slice(0, slash)
}

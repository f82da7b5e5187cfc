import { type Instant, second } from '../model/instant.ts'
import type { ApiFailure } from './api-failure.ts'
import type { Clock, Timer } from './clock.ts'

/** Four a second: so many an API server that just comes back can stand from everybody, and soon enough to notice that it is back. */
const spacing = second / 4
/** One lost connection or expired token is no reason to slow down. */
const tolerated = 2

interface Waiting {
  readonly begin: () => void
}

/**
 * Back-off slows down each object by itself; ten thousand of them would still hammer an API server that fails. After three failures in
 * a row, of the server or of the way to it, all requests together begin one by one, a quarter of a second apart; the first answer that
 * shows a working server lets everything go on.
 */
export class Brake {
  readonly #clock: Clock
  readonly #waiting = new Set<Waiting>()
  #failures = 0
  #latest: Instant = -Infinity
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when the request may begin, first come, first served; rejects with the signal's reason when that is aborted before. */
  async pass(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#failures > tolerated && (this.#waiting.size > 0 || this.#clock.now() < this.#latest + spacing)) await this.#turn(signal)
    this.#latest = this.#clock.now()
  }

  /** What came of a request; undefined: it succeeded. */
  ended(failure: ApiFailure | undefined): void {
    this.#failures = failure !== undefined && isOfTheServer(failure) ? this.#failures + 1 : 0
    if (this.#failures > 0) return
    for (const { begin } of this.#waiting) begin()
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = { begin: () => resolve() }
    this.#waiting.add(waiting)
    signal.addEventListener('abort', waiting.begin)
    this.#setTimer()
    await promise
    this.#waiting.delete(waiting)
    if (this.#waiting.size === 0) this.#cancelTimer()
    signal.removeEventListener('abort', waiting.begin)
    signal.throwIfAborted()
  }

  #setTimer(): void {
    this.#timer ??= this.#clock.after(Math.max(0, this.#latest + spacing - this.#clock.now()), () => {
      this.#timer = undefined
      const [first] = this.#waiting
      if (first === undefined) return
      // The next one's time counts from now, also if this request ends before it has begun.
      this.#latest = this.#clock.now()
      this.#waiting.delete(first)
      first.begin()
      if (this.#waiting.size > 0) this.#setTimer()
    })
  }

  #cancelTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}

/** Any other refusal (404, 409, 422, ...) shows a server that works. 401: the credentials have expired, which concerns all requests. */
function isOfTheServer({ kind, code }: ApiFailure): boolean {
  return kind !== 'status' || code >= 500 || code === 429 || code === 401
}

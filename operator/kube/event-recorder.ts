import { createHash } from 'node:crypto'
import type { Instant } from '../model/instant.ts'
import { formatInstant, minute, second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { manager } from '../model/names.ts'
import type { EventDraft } from '../plan/action.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFailure, failureFields } from './api-failure.ts'
import { type Clock, pause } from './clock.ts'
import { failureOf } from './failure.ts'
import type { Logger } from './logger.ts'

/** Within one window the same event is one object that counts, and each object has a limited number of events. */
const window = 10 * minute
const mostPerObject = 20
const mostWaiting = 1_000
/** Events are for people, who read slowly: so many at once, then so many a second, lest they slow down what they tell of. */
const burst = 50
const perSecond = 20
/** So often in all; a server that is busy or away puts off all events alike, at least for so long. */
const mostTries = 3
const shortestPause = second
const longestMessage = 1_024

interface Series {
  readonly name: string
  readonly draft: EventDraft
  readonly first: Instant
  last: Instant
  count: number
  isWritten: boolean
  /** In a row, that came to nothing. */
  tries: number
}

export interface EventRecorderOptions {
  readonly client: ApiClient
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Writes core/v1 Events, one after the other, behind the back of whoever records them. Best effort: an event that is refused, or that
 * the API server puts off for too long, is logged and dropped, and nobody waits for it. To write one twice does no harm: its name says
 * what it tells.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions
  #window = 0
  readonly #series = new Map<string, Series>()
  readonly #perObject = new Map<string, number>()
  readonly #waiting = new Set<Series>()
  #sending: Promise<void> | undefined
  #isOverfull = false
  /** Events that may be written now. */
  #allowance = burst
  #allowedAt: Instant
  readonly #draining = new AbortController()

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#allowedAt = options.clock.now()
  }

  record(draft: EventDraft): void {
    const now = this.#options.clock.now()
    this.#openWindow(Math.floor(now / window))
    const { uid } = draft.regarding
    const recorded = (this.#perObject.get(uid) ?? 0) + 1
    this.#perObject.set(uid, recorded)
    if (recorded > mostPerObject) return this.#drop(draft, 'too many events of this object')
    if (this.#waiting.size >= mostWaiting) return this.#dropOneOfMany(draft)
    const name = nameOf(draft, this.#window)
    const series = this.#series.get(name) ?? { name, draft, first: now, last: now, count: 0, isWritten: false, tries: 0 }
    this.#series.set(name, series)
    series.count += 1
    series.last = now
    this.#waiting.add(series)
    this.#sending ??= this.#send()
  }

  /** Resolves when all that was recorded has been written or dropped, at the latest after five seconds. */
  async drain(): Promise<void> {
    this.#draining.abort()
    const enough = new AbortController()
    await Promise.race([this.#sending, pause(this.#options.clock, 5 * second, enough.signal)])
    enough.abort()
  }

  #openWindow(window: number): void {
    if (window === this.#window) return
    this.#window = window
    this.#series.clear()
    this.#perObject.clear()
    this.#isOverfull = false
  }

  async #send(): Promise<void> {
    for (const series of this.#waiting) {
      const wait = this.#wait()
      if (wait > 0) await pause(this.#options.clock, wait, this.#draining.signal)
      this.#waiting.delete(series)
      const putOff = await this.#write(series)
      if (putOff > 0) await pause(this.#options.clock, putOff, this.#draining.signal)
    }
    this.#sending = undefined
  }

  /** Milliseconds until the next event may be written. */
  #wait(): number {
    const now = this.#options.clock.now()
    const earned = (Math.max(0, now - this.#allowedAt) / second) * perSecond
    this.#allowance = Math.min(burst, this.#allowance + earned) - 1
    this.#allowedAt = now
    return Math.max(0, -this.#allowance * (second / perSecond))
  }

  /** Milliseconds until there is any use in writing another: 0, unless this one waits again. */
  async #write(series: Series): Promise<number> {
    try {
      await (series.isWritten ? this.#count(series) : this.#create(series))
      series.isWritten = true
      series.tries = 0
      return 0
    } catch (error) {
      series.tries += 1
      const failure = error instanceof ApiFailure ? failureOf(error) : undefined
      if (failure?.kind === 'transient' && series.tries < mostTries && !this.#draining.signal.aborted) {
        this.#waiting.add(series)
        return Math.max(failure.retryAfter, shortestPause)
      }
      this.#drop(series.draft, 'not written', failureFields(error))
      return 0
    }
  }

  async #create(series: Series): Promise<void> {
    const { namespace } = series.draft.regarding
    const body = { type: 'application/json', value: eventOf(series) } as const
    try {
      await this.#options.client.request({ verb: 'create', target: { resource: 'events', namespace }, body, timeout: 10 * second })
    } catch (error) {
      // Written by this process before it was restarted, or by its double: it has been told.
      if (!(error instanceof ApiFailure) || error.reason !== 'AlreadyExists') throw error
    }
  }

  async #count({ name, draft, last, count }: Series): Promise<void> {
    const { namespace } = draft.regarding
    const body = { type: 'application/merge-patch+json', value: { count, lastTimestamp: formatInstant(last) } } as const
    await this.#options.client.request({ verb: 'patch', target: { resource: 'events', namespace, name }, body, timeout: 10 * second })
  }

  /** Told once in a window: ten thousand lines would help nobody. */
  #dropOneOfMany(draft: EventDraft): void {
    if (!this.#isOverfull) this.#drop(draft, 'too many events, this one and others')
    this.#isOverfull = true
  }

  #drop({ regarding: { kind, namespace, name }, reason: event }: EventDraft, why: string, fields: object = {}): void {
    this.#options.log.warn({ kind, namespace, name, event, why, ...fields }, 'event dropped')
  }
}

/** `<object>.<hex>` as client-go names them; the same event of the same window has the same name, whoever writes it. */
function nameOf({ regarding, type, reason, message, action }: EventDraft, window: number): string {
  const hash = createHash('sha256').update(JSON.stringify([regarding.kind, regarding.uid, type, reason, message, action, window]))
  return `${regarding.name.slice(0, 230)}.${hash.digest('hex').slice(0, 16)}`
}

function eventOf({ name, draft, first, last, count }: Series): JsonObject {
  const { regarding, type, reason, message, action } = draft
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: regarding.namespace },
    involvedObject: { ...regarding },
    type,
    reason,
    message: message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 1)}…`,
    action,
    count,
    firstTimestamp: formatInstant(first),
    lastTimestamp: formatInstant(last),
    source: { component: manager },
    reportingComponent: manager,
    reportingInstance: manager,
  }
}

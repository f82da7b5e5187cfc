import type { JsonObject } from '../model/kubernetes.ts'
import { minute, second } from '../model/instant.ts'
import type { Clock, Timer } from '../kube/clock.ts'
import type { StreamFault } from './api-server-fault.ts'
import { type Exchange, statusOf } from './fake-api-server.ts'
import type { ObjectHistory, Version } from './object-history.ts'

interface FaultyWatchOptions {
  readonly exchange: Exchange
  readonly namespace: string | undefined
  readonly history: ObjectHistory
  readonly clock: Clock
  readonly fault: StreamFault | undefined
  /** Bytes were written. */
  readonly wrote: () => void
}

/** An open watch: frames in order, a bookmark each minute, an end when the client asked for it; and one fault. */
export class FaultyWatch {
  readonly #options: FaultyWatchOptions
  /** Resolves when nothing more comes. */
  readonly over: Promise<void>
  readonly #resolveOver: () => void
  readonly #timers = new Set<Timer>()
  #fault: StreamFault | undefined
  #version: number
  #frames = 0
  #held: string | undefined
  #isOver = false

  constructor(options: FaultyWatchOptions) {
    const { exchange, namespace, history } = options
    const { promise, resolve } = Promise.withResolvers<void>()
    this.over = promise
    this.#resolveOver = resolve
    this.#options = options
    this.#fault = options.fault
    this.#version = Number(exchange.query.resourceVersion)
    this.#every(minute, () => this.#bookmark())
    this.#after(Number(exchange.query.timeoutSeconds) * second, () => this.#end(() => exchange.end()))
    void exchange.closed.then(() => this.#end(() => undefined))
    this.#playBetweenFrames()
    for (const change of history.after(this.#version, namespace)) this.tell(change)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Something has changed. A watch from the future hears nothing before that has come. */
  tell({ type, version, namespace, object }: Version): void {
    if (version <= this.#version || (this.#options.namespace ?? namespace) !== namespace) return
    this.#version = version
    this.#carry(line(type, object))
  }

  reset(): void {
    this.#end(() => this.#options.exchange.reset())
  }

  #bookmark(): void {
    const { version } = this.#options.history
    if (version >= this.#version) this.#carry(line('BOOKMARK', { kind: 'Job', metadata: { resourceVersion: String(version) } }))
  }

  #carry(text: string): void {
    if (this.#isOver) return
    const fault = this.#fault
    if (fault === undefined || this.#frames < fault.after) this.#write(text)
    else this.#playOnFrame(fault, text)
    this.#playBetweenFrames()
  }

  #write(...texts: readonly string[]): void {
    this.#frames += texts.length
    this.#options.exchange.write(texts.join(''))
    this.#options.wrote()
  }

  /** Faults that need a frame; all others have been played before it came. */
  #playOnFrame({ kind }: StreamFault, text: string): void {
    const { exchange } = this.#options
    const half = text.slice(0, Math.floor(text.length / 2))
    if (kind === 'reorder' && this.#held === undefined) {
      this.#held = text
      return
    }
    this.#fault = undefined
    if (kind === 'reorder') this.#write(text, this.#held ?? '')
    else if (kind === 'duplicate') this.#write(text, text)
    else this.#end(() => (exchange.write(half), kind === 'resetInLine' ? exchange.reset() : exchange.end()))
  }

  #playBetweenFrames(): void {
    const fault = this.#fault
    if (fault === undefined || this.#isOver || this.#frames < fault.after) return
    const { exchange, history, namespace } = this.#options
    switch (fault.kind) {
      case 'end':
        return this.#end(() => exchange.end())
      case 'resetStream':
        return this.#end(() => exchange.reset())
      case 'malformedLine':
        return this.#end(() => exchange.write('{"type":"ADDED","object":{"metadata":{}}\n'))
      case 'error':
        return this.#end(() => (exchange.write(line('ERROR', errorStatus(fault))), exchange.end()))
      case 'fallSilent':
        return this.#end(() => undefined)
      case 'replay': {
        const past = history.past(this.#version, namespace)
        this.#fault = undefined
        if (past !== undefined) this.#write(line('MODIFIED', past.object))
        return
      }
      case 'resetInLine':
      case 'endInLine':
      case 'duplicate':
      case 'reorder':
    }
  }

  #end(how: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const timer of this.#timers) timer.cancel()
    how()
    this.#options.wrote()
    this.#resolveOver()
  }

  #after(delay: number, then: () => void): void {
    const timer = this.#options.clock.after(delay, () => {
      this.#timers.delete(timer)
      then()
    })
    this.#timers.add(timer)
  }

  #every(period: number, then: () => void): void {
    this.#after(period, () => {
      this.#every(period, then)
      then()
    })
  }
}

function line(type: string, object: JsonObject): string {
  return `${JSON.stringify({ type, object })}\n`
}

function errorStatus({ code, reason, cause }: StreamFault & { readonly kind: 'error' }): JsonObject {
  return statusOf(code, reason, cause === undefined ? {} : { causes: [{ reason: cause, message: cause }] })
}

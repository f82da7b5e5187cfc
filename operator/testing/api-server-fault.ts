/** What an API server does wrong, as plain data: a script of these can be written into a file and played again. */

/** To a request of any kind, instead of its answer. Times are milliseconds, but `retryAfter` is the header's seconds. */
export type AnswerFault =
  /** The connection is reset before the first byte. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'refuse'; readonly code: number; readonly reason: string; readonly retryAfter?: number; readonly cause?: string }
  /** Nothing comes, and the connection stays open. */
  | { readonly kind: 'silence' }
  /** The answer is right, but stops within its headers for a time. */
  | { readonly kind: 'slowHeaders'; readonly delay: number }
  /** From now on another token is valid: this request, and all with the old one, are refused. */
  | { readonly kind: 'expireToken' }
  /** History before this moment is forgotten; what continues from an earlier version is refused as expired. */
  | { readonly kind: 'compact' }

/** To a list or one of its pages. */
export type ListFault =
  | { readonly kind: 'cutOff'; readonly by: 'reset' | 'end' }
  | { readonly kind: 'malformed' }
  /** The list is right, but of an earlier time: so many versions ago. */
  | { readonly kind: 'lagging'; readonly by: number }

/** In the stream of a watch, which is as it should be until it has carried `after` frames. */
export type StreamFault = { readonly after: number } & (
  | { readonly kind: 'end' | 'resetStream' | 'resetInLine' | 'endInLine' | 'malformedLine' }
  | { readonly kind: 'error'; readonly code: number; readonly reason: string; readonly cause?: string }
  /** Nothing more comes, and the connection stays open. */
  | { readonly kind: 'fallSilent' }
  /** The next frame comes twice. */
  | { readonly kind: 'duplicate' }
  /** The next two frames change places. */
  | { readonly kind: 'reorder' }
  /** A frame from the past comes again, of an object that has gone since if there is one. */
  | { readonly kind: 'replay' }
)

/**
 * list: the first page; page: each that continues it. `nth` counts the requests of that kind in one scope from 1: those of one
 * namespace, or (undefined) those of all namespaces at once. `every`: and again after so many requests, for ever.
 */
export type Fault = { readonly nth: number; readonly every?: number; readonly namespace?: string | undefined } & (
  | { readonly on: 'list' | 'page'; readonly does: AnswerFault | ListFault }
  | { readonly on: 'watch'; readonly does: AnswerFault | StreamFault }
)

/** Counts requests, and knows what goes wrong with each. */
export class FaultScript {
  readonly #faults: readonly Fault[]
  readonly #counts = new Map<string, number>()
  readonly #played = new Set<Fault>()

  constructor(faults: readonly Fault[]) {
    this.#faults = faults
  }

  /** Faults that no request has met yet. */
  get unplayed(): readonly Fault[] {
    return this.#faults.filter((fault) => !this.#played.has(fault))
  }

  /** A request has come: what goes wrong with it. */
  next(on: Fault['on'], namespace: string | undefined): Fault['does'] | undefined {
    const requests = `${on} ${namespace ?? '*'}`
    const nth = (this.#counts.get(requests) ?? 0) + 1
    this.#counts.set(requests, nth)
    const fault = this.#faults.find((fault) => fault.on === on && fault.namespace === namespace && isMeant(fault, nth))
    if (fault !== undefined) this.#played.add(fault)
    return fault?.does
  }
}

function isMeant({ nth: first, every }: Fault, nth: number): boolean {
  return every === undefined ? nth === first : nth >= first && (nth - first) % every === 0
}

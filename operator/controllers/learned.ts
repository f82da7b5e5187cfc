import { type Instant, minute } from '../model/instant.ts'
import type { Evidence, Learned, Refusal } from '../plan/action.ts'

/** Longer than an occurrence can be undecided (time.md: its deadline of 300 s and 90 s). */
const lifetime = 10 * minute
const nothing: Learned = { evidence: new Map(), refused: undefined }

/** What each key learned from the API server in earlier passes; bounded by time, not by being used. */
export class LearnedByKey {
  /** Those that learned longest ago come first. */
  readonly #byKey = new Map<string, Learned & { readonly at: Instant }>()

  get size(): number {
    return this.#byKey.size
  }

  of(key: string, now: Instant): Learned {
    const learned = this.#byKey.get(key)
    return learned === undefined ? nothing : { evidence: unexpired(learned.evidence, now), refused: learned.refused }
  }

  addEvidence(key: string, evidence: ReadonlyMap<string, Evidence>, now: Instant): void {
    const known = this.of(key, now)
    this.#set(key, { evidence: new Map([...known.evidence, ...evidence]), refused: known.refused }, now)
  }

  /** Undefined: nothing is refused any more. */
  setRefused(key: string, refused: Refusal | undefined, now: Instant): void {
    const known = this.of(key, now)
    if (known.refused !== refused) this.#set(key, { evidence: known.evidence, refused }, now)
  }

  forget(key: string): void {
    this.#byKey.delete(key)
  }

  #set(key: string, learned: Learned, now: Instant): void {
    this.#byKey.delete(key)
    if (learned.evidence.size > 0 || learned.refused !== undefined) this.#byKey.set(key, { ...learned, at: now })
    for (const [oldest, { at, refused }] of this.#byKey) {
      if (now - at < lifetime) return
      if (refused === undefined || now >= refused.retryAt) this.#byKey.delete(oldest)
    }
  }
}

function unexpired(evidence: ReadonlyMap<string, Evidence>, now: Instant): ReadonlyMap<string, Evidence> {
  return new Map([...evidence].filter(([, { at }]) => now - at < lifetime))
}

import { type Instant, minute } from '../model/instant.ts'
import { type Evidence, type Learned, type Refusal, storeLag } from '../plan/action.ts'

/** Longer than an occurrence can be undecided (time.md: its deadline of 300 s and 90 s). */
const lifetime = 10 * minute
const nothing: Learned = { evidence: new Map(), refused: undefined, written: new Map(), postponed: new Map() }

/** What each key learned from the API server in earlier passes; bounded by time, not by being used. */
export class LearnedByKey {
  /** Those that learned longest ago come first. */
  readonly #byKey = new Map<string, Learned & { readonly at: Instant }>()

  get size(): number {
    return this.#byKey.size
  }

  of(key: string, now: Instant): Learned {
    const learned = this.#byKey.get(key)
    if (learned === undefined) return nothing
    const { evidence, refused, written, postponed } = learned
    return { evidence: unexpired(evidence, now), refused, written: shownLater(written, now), postponed: stillPostponed(postponed, now) }
  }

  add(key: string, { evidence, written, postponed }: Pick<Learned, 'evidence' | 'written' | 'postponed'>, now: Instant): void {
    const known = this.of(key, now)
    this.#set(key, { ...known, evidence: joined(known.evidence, evidence), written: joined(known.written, written), postponed: joined(known.postponed, postponed) }, now)
  }

  /** Undefined: nothing is refused any more. */
  setRefused(key: string, refused: Refusal | undefined, now: Instant): void {
    const known = this.of(key, now)
    if (known.refused !== refused) this.#set(key, { ...known, refused }, now)
  }

  forget(key: string): void {
    this.#byKey.delete(key)
  }

  #set(key: string, learned: Learned, now: Instant): void {
    this.#byKey.delete(key)
    const { evidence, written, postponed } = learned
    if (evidence.size > 0 || written.size > 0 || postponed.size > 0 || learned.refused !== undefined) this.#byKey.set(key, { ...learned, at: now })
    for (const [oldest, { at, refused }] of this.#byKey) {
      if (now - at < lifetime) return
      if (refused === undefined || now >= refused.retryAt) this.#byKey.delete(oldest)
    }
  }
}

function joined<Value>(one: ReadonlyMap<string, Value>, other: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  return other.size === 0 ? one : new Map([...one, ...other])
}

function unexpired(evidence: ReadonlyMap<string, Evidence>, now: Instant): ReadonlyMap<string, Evidence> {
  return new Map([...evidence].filter(([, { at }]) => now - at < lifetime))
}

function shownLater(written: Learned['written'], now: Instant): Learned['written'] {
  return new Map([...written].filter(([, at]) => now - at < storeLag))
}

function stillPostponed(postponed: Learned['postponed'], now: Instant): Learned['postponed'] {
  return new Map([...postponed].filter(([, { retryAt }]) => now < retryAt))
}

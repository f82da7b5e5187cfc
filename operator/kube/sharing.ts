/** Neighbours in a list have most in common, so that few are enough; forgotten all at once, so that nothing is kept for ever. */
const mostRemembered = 4_000
const longestText = 100
const mostMembers = 10

/**
 * Objects of Kubernetes consist for the most part of what others have too: labels, owners, conditions, variables of containers. Equal texts
 * and small parts are kept once in memory, for all objects that are remembered together: a third to a half of what stores need (measured).
 */
export class Sharing {
  readonly #texts = new Map<string, string>()
  readonly #parts = new Map<string, object>()

  /** The same value, of parts that others have as well. It must be nobody else's yet: its members are replaced in place. */
  share<T>(value: T): T {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an equal value
    return this.#shared(value) as T
  }

  #shared(value: unknown): unknown {
    if (typeof value === 'string') return value.length > longestText ? value : remembered(this.#texts, value, value)
    if (!isContainer(value) || Object.isFrozen(value)) return value
    const names = Object.keys(value)
    let isFlat = true
    for (const name of names) {
      const member = value[name]
      if (typeof member !== 'string' && !isContainer(member)) continue
      const shared = this.#shared(member)
      if (shared !== member) value[name] = shared
      isFlat &&= typeof shared === 'string'
    }
    if (!isFlat || names.length > mostMembers || Array.isArray(value)) return value
    return remembered(this.#parts, JSON.stringify(value), value)
  }
}

/** Also true of arrays: their items are found by index. */
function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function remembered<T>(known: Map<string, T>, key: string, value: T): T {
  const found = known.get(key)
  if (found !== undefined) return found
  if (known.size >= mostRemembered) known.clear()
  known.set(key, value)
  return value
}

/** Neighbours in a list have most in common, so that few are enough; forgotten all at once, so that nothing is kept for ever. */
const mostRemembered = 4_000
/** Longer texts are hardly ever those of others by themselves. */
const longestText = 100
/** Parts with longer ones are not shared: what is remembered is kept. */
const longestInPart = 4_000

/**
 * Objects of Kubernetes consist for the most part of what others have too: labels, conditions, variables of containers, whole security
 * contexts. Equal texts and equal parts, however deep, are kept once in memory, for all objects that are remembered together.
 */
export class Sharing {
  readonly #texts = new Map<string, { readonly text: string; readonly hash: number }>()
  readonly #parts = new Map<number, Container>()

  /**
   * The same value, of parts that others have as well. It must be nobody else's yet: its members are replaced in place. Only it itself
   * is never replaced, so that it can be told from an equal one.
   */
  share<T>(value: T): T {
    if (isContainer(value)) this.#shareMembers(value)
    return value
  }

  /** A hash of all members, which then are those that are shared. Undefined: nobody else has the same, as it is one version of one object. */
  #shareMembers(value: Container): number | undefined {
    let hash: number | undefined = Array.isArray(value) ? 1 : 2
    for (const name of Object.keys(value)) {
      const ofMember = this.#shareMember(value, name)
      hash = hash === undefined || ofMember === undefined || name === 'resourceVersion' ? undefined : mixed(mixed(hash, this.#text(name).hash), ofMember)
    }
    return hash
  }

  #shareMember(container: Container, name: string): number | undefined {
    const member = container[name]
    if (typeof member === 'string') {
      if (member.length > longestText) return member.length > longestInPart ? undefined : member.length
      const { text, hash } = this.#text(member)
      container[name] = text
      return hash
    }
    if (!isContainer(member)) return Number(member)
    const hash = this.#shareMembers(member)
    if (hash === undefined) return undefined
    const known = this.#parts.get(hash)
    if (known !== undefined && isSame(known, member)) container[name] = known
    else this.#newPart(hash, member)
    return hash
  }

  #newPart(hash: number, part: Container): void {
    if (this.#parts.size >= mostRemembered) this.#parts.clear()
    this.#parts.set(hash, part)
  }

  #text(text: string): Text {
    return this.#texts.get(text) ?? this.#newText(text)
  }

  /** Parts are found by the hashes of their texts, and forgotten with them. */
  #newText(text: string): Text {
    if (this.#texts.size >= mostRemembered) for (const known of [this.#texts, this.#parts]) known.clear()
    const hash = this.#texts.size
    this.#texts.set(text, { text, hash })
    return { text, hash }
  }
}

interface Text {
  readonly text: string
  readonly hash: number
}

type Container = Record<string, unknown>

/** Whether both have the same members, whose parts are shared already. */
function isSame(a: Container, b: Container): boolean {
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [names, others] = [Object.keys(a), Object.keys(b)]
  return names.length === others.length && names.every((name, index) => name === others[index] && a[name] === b[name])
}

function mixed(hash: number, more: number): number {
  return Math.imul(hash ^ more, 0x01000193) ^ (hash >>> 15)
}

/** What JSON makes: plain objects, and arrays, whose items are found by index. */
function isContainer(value: unknown): value is Container {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}

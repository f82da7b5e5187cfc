import type { Instant } from '../model/instant.ts'

interface Deadline {
  readonly key: string
  readonly at: Instant
}

/** For each key at most one instant, the earliest that was asked for; all operations in O(log n). */
export class Deadlines {
  readonly #earliest = new Map<string, Instant>()
  /** A binary heap. It may hold deadlines that an earlier one has replaced: those that `#earliest` does not know. */
  #heap: Deadline[] = []

  /** Deadlines in memory, replaced ones included. */
  get held(): number {
    return this.#heap.length
  }

  set(key: string, at: Instant): void {
    const known = this.#earliest.get(key)
    if (known !== undefined && known <= at) return
    this.#earliest.set(key, at)
    this.#push({ key, at })
    if (this.#heap.length > 2 * this.#earliest.size + 64) this.#compact()
  }

  /** The next deadline's instant. */
  next(): Instant | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#earliest.get(top.key) === top.at) return top.at
      this.#pop()
    }
    return undefined
  }

  /** Takes out the keys whose instant has come, earliest first. */
  take(now: Instant): readonly string[] {
    const due: string[] = []
    for (let at = this.next(); at !== undefined && at <= now; at = this.next()) {
      const top = this.#pop()
      if (top === undefined) break
      this.#earliest.delete(top.key)
      due.push(top.key)
    }
    return due
  }

  clear(): void {
    this.#earliest.clear()
    this.#heap = []
  }

  /** A sorted array is a heap. */
  #compact(): void {
    this.#heap = [...this.#earliest].map(([key, at]) => ({ key, at })).sort((one, other) => one.at - other.at)
  }

  #push(deadline: Deadline): void {
    let index = this.#heap.length
    this.#heap.push(deadline)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#swapUnlessOrdered(parent, index)) return
      index = parent
    }
  }

  #pop(): Deadline | undefined {
    const top = this.#heap[0]
    const last = this.#heap.pop()
    if (top === undefined || last === undefined || this.#heap.length === 0) return top
    this.#heap[0] = last
    for (let index = 0; ; ) {
      const child = this.#earlierChild(index)
      if (!this.#swapUnlessOrdered(index, child)) return top
      index = child
    }
  }

  #earlierChild(index: number): number {
    const [left, right] = [this.#heap[2 * index + 1], this.#heap[2 * index + 2]]
    return left !== undefined && right !== undefined && right.at < left.at ? 2 * index + 2 : 2 * index + 1
  }

  #swapUnlessOrdered(upper: number, lower: number): boolean {
    const [above, below] = [this.#heap[upper], this.#heap[lower]]
    if (above === undefined || below === undefined || above.at <= below.at) return false
    this.#heap[upper] = below
    this.#heap[lower] = above
    return true
  }
}

/** Counts by name of what happened: a simulation that never meets a thing proves nothing about it. */
export class Tally {
  readonly #counts = new Map<string, number>()

  readonly add = (what: string, times = 1): void => {
    if (times > 0) this.#counts.set(what, (this.#counts.get(what) ?? 0) + times)
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }
}

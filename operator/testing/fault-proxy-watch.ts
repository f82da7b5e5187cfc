import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../kube/clock.ts'
import type { Instant } from '../model/instant.ts'

type Piece = { readonly arrived: Instant } & ({ readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'end' } | { readonly kind: 'break' })

/** What a watch shows on its way to the client: in order, each piece late by as much as the rules of that moment say. */
export class LateStream {
  readonly #response: ServerResponse
  readonly #clock: Clock
  /** Milliseconds; Infinity: not now. */
  readonly #lateness: () => number
  readonly #waiting: Piece[] = []
  #timer: Timer | undefined

  constructor(response: ServerResponse, { clock, lateness }: { readonly clock: Clock; readonly lateness: () => number }) {
    this.#response = response
    this.#clock = clock
    this.#lateness = lateness
    response.once('close', () => this.#timer?.cancel())
  }

  write(bytes: Buffer): void {
    this.#add({ kind: 'bytes', bytes, arrived: this.#clock.now() })
  }

  /** `end`: as it should be; `break`: the connection is lost. */
  end(kind: 'end' | 'break'): void {
    this.#add({ kind, arrived: this.#clock.now() })
  }

  /** Hands on what is due. To be called when the rules have changed. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const lateness = this.#lateness()
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const left = first.arrived + lateness - this.#clock.now()
      if (left > 0) {
        if (left < Infinity) this.#timer = this.#clock.after(left, () => this.flush())
        return
      }
      this.#waiting.shift()
      this.#hand(first)
    }
  }

  #add(piece: Piece): void {
    this.#waiting.push(piece)
    if (this.#waiting.length === 1) this.flush()
  }

  #hand(piece: Piece): void {
    switch (piece.kind) {
      case 'bytes':
        this.#response.write(piece.bytes)
        break
      case 'end':
        this.#response.end()
        break
      case 'break':
        this.#response.socket?.resetAndDestroy()
        break
    }
  }
}

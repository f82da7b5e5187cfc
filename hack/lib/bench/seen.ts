// The independent watch by which operator and raw client are judged: when it saw what. It keeps names and instants, no objects.
import { type Server, decoded, pathOf, send, versionNow } from '../../../operator/e2e/harness/api.ts'
import { framesOf } from '../../../operator/kube/watch-stream.ts'
import type { JsonObject } from '../../../operator/model/kubernetes.ts'
import { annotation } from '../../../operator/model/names.ts'

type Watchable = 'cronjobs' | 'scheduledintegrations' | 'jobs'

interface Named {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion: string; readonly generation: number; readonly annotations?: JsonObject }
}

/** What is true of an object, each in a word. */
type Marks = (object: JsonObject) => readonly string[]

export class Seen {
  /** By `namespace/name`, and ` mark` where there are such: when (performance.now) it was first seen to be so. */
  readonly at = new Map<string, number>()
  readonly #server: Server
  readonly #path: string
  readonly #marks: Marks
  readonly #abort = new AbortController()
  #waiting: { readonly count: number; readonly resolve: (at: number) => void; readonly reject: (error: unknown) => void } | undefined

  private constructor(server: Server, path: string, marks: Marks) {
    this.#server = server
    this.#path = path
    this.#marks = marks
  }

  /** Resolves when the watch is open: everything that changes from now on, and of which `holds` is true, is seen. */
  static open(server: Server, resource: Watchable, holds: (object: JsonObject) => boolean = () => true): Promise<Seen> {
    return Seen.openMarked(server, resource, (object) => (holds(object) ? [''] : []))
  }

  /** The same for several things that become true of an object, in the one watch. */
  static async openMarked(server: Server, resource: Watchable, marks: Marks): Promise<Seen> {
    const path = pathOf(resource)
    const seen = new Seen(server, path, marks)
    const first = await seen.#stream(await versionNow(server, path))
    seen.#follow(first).catch((error: unknown) => {
      if (!seen.#abort.signal.aborted) seen.#waiting?.reject(error)
    })
    return seen
  }

  /** When that was seen which made it `count`; rejects after `within` milliseconds. */
  until(count: number, within: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const timer = setTimeout(() => reject(new Error(`${this.#path}: ${this.at.size} of ${count} seen after ${within / 1000} s`)), within)
    this.#waiting = { count, resolve, reject }
    this.#tell()
    return promise.finally(() => clearTimeout(timer))
  }

  close(): void {
    this.#abort.abort()
  }

  #stream(resourceVersion: string) {
    return send(this.#server, `${this.#path}?watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`, { method: 'GET', signal: this.#abort.signal })
  }

  /** Under load the API server ends watches: the next goes on where the last one ended. */
  async #follow(first: AsyncIterable<Buffer>): Promise<void> {
    let resourceVersion = ''
    for (let stream = first; ; stream = await this.#stream(resourceVersion)) {
      for await (const { type, object } of framesOf(stream)) {
        if (type === 'ERROR') throw new Error(`${this.#path}: ${JSON.stringify(object)}`)
        const { metadata } = decoded<Named>(object)
        resourceVersion = metadata.resourceVersion
        if (type === 'BOOKMARK' || type === 'DELETED') continue
        for (const mark of this.#marks(object)) this.#note(`${metadata.namespace}/${metadata.name}${mark === '' ? '' : ` ${mark}`}`)
      }
    }
  }

  #note(key: string): void {
    if (this.at.has(key)) return
    this.at.set(key, performance.now())
    this.#tell()
  }

  #tell(): void {
    if (this.#waiting !== undefined && this.at.size >= this.#waiting.count) this.#waiting.resolve(performance.now())
  }
}

/** Whether a schedule's status speaks of its present spec, and says that it is ready, and the operator has noted where it is at home. */
export function isCurrent(object: JsonObject): boolean {
  const { metadata, status } = decoded<Named & { status?: { observedGeneration?: number; conditions?: readonly { type: string; status: string }[] } }>(object)
  if (metadata.annotations?.[annotation.home] === undefined) return false
  return status?.observedGeneration === metadata.generation && status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true
}

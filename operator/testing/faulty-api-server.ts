import type { JsonObject } from '../model/kubernetes.ts'
import type { Clock } from '../kube/clock.ts'
import { type AnswerFault, type Fault, FaultScript, type StreamFault } from './api-server-fault.ts'
import { answerBytes, type Exchange, FakeApiServer, openingBytes } from './fake-api-server.ts'
import { FaultyWatch } from './faulty-watch.ts'
import { ObjectHistory } from './object-history.ts'

export interface FaultyApiServerOptions {
  readonly clock: Clock
  /** What goes wrong; everything that is not in it goes right. */
  readonly faults: readonly Fault[]
  /** Objects on a page, however many more the client asks for. */
  readonly pageSize: number
  /** How a watch from a version that was compacted is refused: both have been seen of API servers. */
  readonly expiredBy: 'status' | 'frame'
  /** How a watch from a version that does not exist yet is answered: with silence, as by Kubernetes 1.36, or a refusal. */
  readonly futureBy: 'silence' | 'status'
}

/**
 * An API server with objects of one resource, over real sockets: lists in pages, watches with history and bookmarks, compaction and
 * tokens as Kubernetes has them, to the byte; and a script of what goes wrong.
 */
export class FaultyApiServer {
  readonly #history = new ObjectHistory()
  readonly #server: FakeApiServer
  readonly #options: FaultyApiServerOptions
  readonly #script: FaultScript
  readonly #watches = new Set<FaultyWatch>()
  #tokens = 1
  #events = 0
  #told = this.#history.version

  private constructor(server: FakeApiServer, options: FaultyApiServerOptions) {
    this.#server = server
    this.#options = options
    this.#script = new FaultScript(options.faults)
    void this.#serve()
  }

  static async start(options: FaultyApiServerOptions): Promise<FaultyApiServer> {
    return new FaultyApiServer(await FakeApiServer.start(), options)
  }

  /** Grows whenever something happens: a request, a frame, a connection that comes or goes. */
  get activity(): number {
    return this.#events + 2 * this.#server.connections - this.#server.openSockets
  }

  get url(): string {
    return this.#server.url
  }

  /** Watches that were asked for since the start. */
  watchRequests = 0

  get openSockets(): number {
    return this.#server.openSockets
  }

  get openWatches(): number {
    return this.#watches.size
  }

  get unplayed(): readonly Fault[] {
    return this.#script.unplayed
  }

  /** The token that is valid now. */
  get token(): string {
    return `token-${this.#tokens}`
  }

  /** What is there now, by `namespace/name`. */
  get objects(): ReadonlyMap<string, JsonObject> {
    return new Map([...this.#history.at(this.#history.version)].map(([key, { object }]) => [key, object]))
  }

  /** Changes objects; those who watch are told of each change. */
  change(write: (history: ObjectHistory) => void): void {
    write(this.#history)
    const changes = this.#history.after(this.#told)
    this.#told = this.#history.version
    for (const change of changes) for (const watch of this.#watches) watch.tell(change)
  }

  /** The cluster is set back to a backup that is so many versions old, and the API server starts anew. */
  restore(ago: number): void {
    this.#history.restore(ago)
    this.#told = this.#history.version
    for (const watch of this.#watches) watch.reset()
  }

  async stop(): Promise<void> {
    await this.#server.stop()
  }

  async #serve(): Promise<void> {
    for (let exchange = await this.#server.next(); ; exchange = await this.#server.next()) {
      this.#events += 1
      const namespace = /\/namespaces\/([^/]+)\//.exec(exchange.path)?.[1]
      if (exchange.isWatch) this.#answerWatch(exchange, namespace)
      else this.#answerList(exchange, namespace)
    }
  }

  #answerWatch(exchange: Exchange, namespace: string | undefined): void {
    this.watchRequests += 1
    const does = this.#script.next('watch', namespace)
    if (this.#isRefused(exchange, does)) return
    const asked = Number(exchange.query.resourceVersion)
    const hasExpired = asked < this.#history.compacted
    if (hasExpired && this.#options.expiredBy === 'status') return exchange.refuse(410, 'Expired')
    if (asked > this.#history.version && this.#options.futureBy === 'status') return exchange.refuse(504, 'Timeout', tooNew)
    const stream = does !== undefined && 'after' in does ? does : undefined
    const expiry = { kind: 'error', after: 0, code: 410, reason: 'Expired' } as const
    this.#send({ exchange, does, bytes: openingBytes }, () => this.#openWatch(exchange, namespace, hasExpired ? expiry : stream))
  }

  #openWatch(exchange: Exchange, namespace: string | undefined, fault: StreamFault | undefined): void {
    const { clock } = this.#options
    const watch = new FaultyWatch({ exchange, namespace, history: this.#history, clock, fault, wrote: () => (this.#events += 1) })
    if (watch.isOver) return
    this.#watches.add(watch)
    void watch.over.then(() => this.#watches.delete(watch))
  }

  #answerList(exchange: Exchange, namespace: string | undefined): void {
    const { limit, continue: token } = exchange.query
    const does = this.#script.next(token === undefined ? 'list' : 'page', namespace)
    if (this.#isRefused(exchange, does)) return
    const [version = '', first = ''] = token?.split(' ') ?? [this.#listVersion(does)]
    if (token !== undefined && Number(version) < this.#history.compacted) return exchange.refuse(410, 'Expired')
    const left = [...this.#history.at(Number(version), namespace)].filter(([key]) => key >= first)
    const page = limit === undefined ? left : left.slice(0, Math.min(Number(limit), this.#options.pageSize))
    const next = left[page.length]?.[0]
    const metadata = { resourceVersion: version, continue: next === undefined ? '' : `${version} ${next}` }
    const body = JSON.stringify({ kind: 'JobList', apiVersion: 'batch/v1', metadata, items: page.map(([, { object }]) => object) })
    this.#send({ exchange, does, bytes: answerBytes(200, does?.kind === 'malformed' ? `${body.slice(0, -1)}]` : body) })
  }

  #listVersion(does: Fault['does'] | undefined): string {
    return String(Math.max(1, this.#history.version - (does?.kind === 'lagging' ? does.by : 0)))
  }

  /** Whether the token, or a fault, decides the answer, if there is one. */
  #isRefused(exchange: Exchange, does: Fault['does'] | undefined): boolean {
    if (does?.kind === 'expireToken') this.#tokens += 1
    if (does?.kind === 'compact') this.change((history) => history.compact())
    if (exchange.headers.get('authorization') !== `Bearer ${this.token}`) exchange.refuse(401, 'Unauthorized')
    else if (does?.kind === 'reset') exchange.reset()
    else if (does?.kind === 'refuse') refuse(exchange, does)
    else return does?.kind === 'silence'
    return true
  }

  #send({ exchange, does, bytes }: Answer, then = (): void => undefined): void {
    if (does?.kind === 'cutOff') {
      exchange.raw(bytes.slice(0, -20))
      if (does.by === 'reset') exchange.reset()
      else exchange.close()
    } else if (does?.kind === 'slowHeaders') {
      exchange.raw(bytes.slice(0, 20))
      const rest = (): void => {
        exchange.raw(bytes.slice(20))
        then()
      }
      const timer = this.#options.clock.after(does.delay, rest)
      void exchange.closed.then(() => timer.cancel())
    } else {
      exchange.raw(bytes)
      then()
    }
  }
}

interface Answer {
  readonly exchange: Exchange
  readonly does: Fault['does'] | undefined
  readonly bytes: string
}

const tooNew = { details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 } }

function refuse(exchange: Exchange, { code, reason, retryAfter, cause }: AnswerFault & { readonly kind: 'refuse' }): void {
  const details = cause === undefined ? {} : { causes: [{ reason: cause, message: cause }] }
  exchange.refuse(code, reason, { details, headers: retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) } })
}

import { appendFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Agent, request } from 'undici'
import { type Clock, pause, systemClock } from '../kube/clock.ts'
import { type Instant, second } from '../model/instant.ts'
import { statusOf } from './fake-api-server.ts'
import { type FaultRule, FaultRules } from './fault-proxy-plan.ts'
import { type AskedRequest, askedRequest, narrowed } from './fault-proxy-request.ts'
import { LateStream } from './fault-proxy-watch.ts'

/** One request as it was, in the order in which they came. */
export interface Traced extends AskedRequest {
  readonly at: Instant
  /** The status that the client got; 0: none (yet). */
  code: number
  /** The status with which the API server answered, or that of the ERROR which a watch told of; 0: it was not asked, or has not answered (yet). */
  serverCode: number
  /** The rule that struck it. */
  readonly rule?: string | undefined
}

export interface FaultProxyOptions {
  /** `ca`: PEM; absent: the system's. */
  readonly upstream: { readonly origin: string; readonly ca?: string }
  readonly clock?: Clock
  /** Gets each request as one JSON line, as soon as it is known what became of it. */
  readonly traceFile?: string
}

interface Client {
  readonly name: string
  /** Its lists and watches of all namespaces become those of this one. */
  readonly onlyNamespace?: string
  /** Kills it, by a signal that it cannot catch. Needed by rules that crash it. */
  readonly crash?: () => void
}

interface Answer {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

interface Exchange {
  readonly asked: AskedRequest
  readonly traced: Traced
  readonly method: string
  /** To the API server: path and query. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly response: ServerResponse
}

const own = ['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length']

/**
 * An HTTP proxy on the loopback interface between clients and an API server, which does to requests what its rules say
 * (docs/development.md). Each client has a port of its own. Credentials of the client are passed on; the proxy has none.
 * A request that was handed on is carried out even if its client is gone meanwhile.
 */
export class FaultProxy {
  readonly trace: Traced[] = []
  readonly #options: FaultProxyOptions
  readonly #clock: Clock
  readonly #agent: Agent
  readonly #rules = new FaultRules<Answer>()
  readonly #servers: Server[] = []
  readonly #watches = new Map<LateStream, { readonly asked: AskedRequest; readonly end: () => void }>()
  readonly #stopped = new AbortController()

  constructor(options: FaultProxyOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const { ca } = options.upstream
    this.#agent = new Agent({ allowH2: false, headersTimeout: 0, bodyTimeout: 0, connect: { ...(ca !== undefined && { ca }) } })
  }

  /** Opens a port for this client. Resolves with its URL. */
  async listen(client: Client): Promise<string> {
    const server = createServer({ keepAliveTimeout: 120 * second, requestTimeout: 0 }, (incoming, response) => void this.#serve(client, incoming, response))
    this.#servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  }

  /** From now on these rules, and no others. One that was in force already (the same object) goes on counting. */
  use(rules: readonly FaultRule[]): void {
    this.#rules.use(rules)
    for (const stream of this.#watches.keys()) stream.flush()
  }

  /** How many requests the rule of this name, which is in force, has struck. */
  struck(rule: string): number {
    return this.#rules.struck(rule)
  }

  /** Ends the open watches of a resource, or all, as the API server does. */
  endWatches(resource?: string): void {
    for (const { asked, end } of this.#watches.values()) if (resource === undefined || resource === asked.resource) end()
  }

  /** Closes all ports and connections. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    for (const server of this.#servers) server.closeAllConnections()
    await Promise.all([...closed, this.#agent.destroy()])
  }

  async #serve(client: Client, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { method = 'GET', headers } = incoming
      const url = new URL(incoming.url ?? '/', 'http://proxy')
      const body = await bytesOf(incoming)
      const asked = askedRequest({ client: client.name, method, url, body })
      const rule = this.#rules.next(asked)
      const traced: Traced = { at: this.#clock.now(), ...asked, code: 0, serverCode: 0, ...(rule !== undefined && { rule: rule.name }) }
      this.trace.push(traced)
      const exchange = { asked, traced, method, target: narrowed(url, asked, client.onlyNamespace), headers: without(headers, own), body, response }
      await (rule === undefined ? this.#pass(exchange) : this.#strike(exchange, rule, client))
      if (this.#options.traceFile !== undefined) appendFileSync(this.#options.traceFile, `${JSON.stringify(traced)}\n`)
    } catch {
      // The client is gone, or the API server cannot be reached: what a client sees of a broken network.
      response.socket?.resetAndDestroy()
    }
  }

  async #strike(exchange: Exchange, rule: FaultRule, client: Client): Promise<void> {
    const { response } = exchange
    const { fault } = rule
    switch (fault.kind) {
      case 'answer':
        return give(exchange, refusal(fault))
      case 'reset':
        response.socket?.resetAndDestroy()
        return undefined
      case 'loseAnswer':
        await this.#ask(exchange)
        response.socket?.resetAndDestroy()
        return undefined
      case 'crash':
        if (client.crash === undefined) throw new Error(`nobody says how to crash ${client.name}`)
        if (fault.when === 'after') await this.#ask(exchange)
        client.crash()
        return undefined
      case 'silence':
        return undefined
      case 'delay':
        await this.#pause(fault.request)
        return this.#pass(exchange, fault.answer)
      case 'replay': {
        const recorded = this.#rules.recorded(rule)
        return recorded === undefined ? this.#pass(exchange) : give(exchange, recorded)
      }
      case 'endWatch':
        return this.#watch(exchange, fault.after)
      case 'hold': // concerns what a watch shows, not the request for it
        return this.#pass(exchange)
    }
  }

  async #pass(exchange: Exchange, answerLater?: number): Promise<void> {
    if (exchange.asked.verb === 'watch') return this.#watch(exchange)
    const answer = await this.#ask(exchange)
    if (exchange.asked.verb === 'list' && answer.code === 200) this.#rules.record(exchange.asked, answer)
    await this.#pause(answerLater)
    give(exchange, answer)
  }

  async #ask({ method, target, headers, body, traced }: Exchange): Promise<Answer> {
    const answer = await request(`${this.#options.upstream.origin}${target}`, { method, headers, body: body.length === 0 ? null : body, dispatcher: this.#agent })
    traced.serverCode = answer.statusCode
    return { code: answer.statusCode, headers: without(answer.headers, own), body: Buffer.from(await answer.body.arrayBuffer()) }
  }

  async #watch(exchange: Exchange, endAfter?: number): Promise<void> {
    const { asked, method, target, headers, traced, response } = exchange
    const ended = new AbortController()
    response.once('close', () => ended.abort())
    const answer = await request(`${this.#options.upstream.origin}${target}`, { method, headers, dispatcher: this.#agent, signal: ended.signal })
    traced.serverCode = answer.statusCode
    traced.code = answer.statusCode
    response.writeHead(answer.statusCode, without(answer.headers, own))
    response.flushHeaders()
    const stream = new LateStream(response, { clock: this.#clock, lateness: () => this.#rules.latenessOf(asked) })
    const end = (): void => void response.end()
    this.#watches.set(stream, { asked, end })
    const timer = endAfter === undefined ? undefined : this.#clock.after(endAfter * second, end)
    response.once('close', () => {
      timer?.cancel()
      this.#watches.delete(stream)
    })
    void shown(answer.body, { stream, traced })
  }

  async #pause(seconds = 0): Promise<void> {
    if (seconds > 0) await pause(this.#clock, seconds * second, this.#stopped.signal)
  }
}

async function shown(body: AsyncIterable<Buffer>, { stream, traced }: { readonly stream: LateStream; readonly traced: Traced }): Promise<void> {
  try {
    let refused: number | undefined
    for await (const bytes of body) {
      refused ??= refusedWith(bytes)
      if (refused !== undefined) traced.serverCode = refused
      stream.write(bytes)
    }
    stream.end('end')
  } catch {
    stream.end('break')
  }
}

/** An API server answers 200 to a watch that it refuses, such as one from a version that it has forgotten, and tells why in an ERROR frame. */
function refusedWith(bytes: Buffer): number | undefined {
  const [, code] = /^\{"type":"ERROR".*"code":(\d+)/.exec(bytes.toString('utf8')) ?? []
  return code === undefined ? undefined : Number(code)
}

function give({ traced, response }: Exchange, { code, headers, body }: Answer): void {
  traced.code = code
  response.writeHead(code, { ...headers, 'content-length': body.length })
  response.end(body)
}

const reasons: Readonly<Record<number, string>> = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 409: 'Conflict', 410: 'Expired', 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable', 504: 'Timeout' }

/** As the API server words it. */
function refusal({ code, retryAfter }: { readonly code: number; readonly retryAfter?: number | undefined }): Answer {
  const status = statusOf(code, reasons[code] ?? '', retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter })
  return { code, headers: { 'content-type': 'application/json', ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) }, body: Buffer.from(JSON.stringify(status)) }
}

async function bytesOf(incoming: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of incoming) pieces.push(piece)
  return Buffer.concat(pieces)
}

function without(headers: IncomingHttpHeaders, names: readonly string[]): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))
}

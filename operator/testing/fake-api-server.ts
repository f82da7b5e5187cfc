import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, Server as TlsServer, TLSSocket, type TlsOptions } from 'node:tls'
import { KubeConfig } from '@kubernetes/client-node'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { type ApiCall, type ApiClient, createApiClient } from '../kube/api-client.ts'
import type { Clock } from '../kube/clock.ts'
import { createConnection } from '../kube/connection.ts'

/**
 * An API server of which the test writes every byte: it waits for a request (`next`) and answers it as it likes, or not at all.
 * Real sockets on the loopback interface; nothing happens by itself.
 */
export class FakeApiServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #unanswered: Exchange[] = []
  readonly #waiting: { readonly isIt: (exchange: Exchange) => boolean; readonly found: (exchange: Exchange) => void }[] = []

  private constructor(server: Server) {
    this.#server = server
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => this.#accept(socket))
    server.on('tlsClientError', () => undefined)
  }

  /** With certificates it speaks TLS. */
  static async start(tls?: TlsOptions): Promise<FakeApiServer> {
    const server = tls === undefined ? createServer() : createTlsServer(tls)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new FakeApiServer(server)
  }

  get url(): string {
    const address = this.#server.address()
    const scheme = this.#server instanceof TlsServer ? 'https' : 'http'
    return `${scheme}://127.0.0.1:${isAddress(address) ? address.port : 0}`
  }

  /** Connections since the start. */
  connections = 0

  get openSockets(): number {
    return this.#sockets.size
  }

  /** Requests that no test has asked for yet. */
  get unexpected(): readonly string[] {
    return this.#unanswered.map(({ method, path }) => `${method} ${path}`)
  }

  /** The next request (that is the one meant), as soon as it is here. */
  next(isIt: (exchange: Exchange) => boolean = () => true): Promise<Exchange> {
    const index = this.#unanswered.findIndex(isIt)
    const [exchange] = index === -1 ? [] : this.#unanswered.splice(index, 1)
    if (exchange !== undefined) return Promise.resolve(exchange)
    return new Promise((found) => this.#waiting.push({ isIt, found }))
  }

  /** The same as after a restart: all connections are gone, and new ones meet other certificates. */
  restart(tls: TlsOptions): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(tls)
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: Socket): void {
    this.connections += 1
    this.#sockets.add(socket)
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    void closed.then(() => this.#sockets.delete(socket))
    socket.on('error', () => undefined)
    let received = Buffer.alloc(0)
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data])
      for (let request = requestIn(received); request !== undefined; request = requestIn(received)) {
        received = received.subarray(request.length)
        this.#hand(new Exchange(socket, closed, request))
      }
    })
  }

  #hand(exchange: Exchange): void {
    const index = this.#waiting.findIndex(({ isIt }) => isIt(exchange))
    const [waiting] = index === -1 ? [] : this.#waiting.splice(index, 1)
    if (waiting === undefined) this.#unanswered.push(exchange)
    else waiting.found(exchange)
  }
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

interface Received {
  readonly method: string
  readonly url: URL
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly length: number
}

function requestIn(bytes: Buffer): Received | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  const length = end + 4 + Number(headers.get('content-length') ?? 0)
  if (bytes.length < length) return undefined
  const [method = '', target = ''] = first.split(' ')
  return { method, url: new URL(target, 'http://server'), headers, body: bytes.subarray(end + 4, length).toString('utf8'), length }
}

/** One request, and the socket on which its answer goes. */
export class Exchange {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: ReadonlyMap<string, string>
  /** The common name of the client's certificate, if it has shown one. */
  readonly client: string | undefined
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>
  readonly #body: string
  readonly #socket: Socket

  constructor(socket: Socket, closed: Promise<void>, { method, url, headers, body }: Received) {
    this.method = method
    this.path = url.pathname
    this.query = Object.fromEntries(url.searchParams)
    this.headers = headers
    this.client = socket instanceof TLSSocket ? commonName(socket) : undefined
    this.#body = body
    this.#socket = socket
    this.closed = closed
  }

  get isWatch(): boolean {
    return this.query.watch === 'true'
  }

  /** The body as it came. */
  get text(): string {
    return this.#body
  }

  get body(): Json | undefined {
    if (this.#body === '') return undefined
    const json: Json = JSON.parse(this.#body)
    return json
  }

  /** A whole answer. */
  answer(code: number, body: Json, headers: Readonly<Record<string, string>> = {}): void {
    this.raw(answerBytes(code, JSON.stringify(body), headers))
  }

  /** A refusal, as the API server words it. */
  refuse(code: number, reason: string, extra: { readonly details?: JsonObject; readonly headers?: Readonly<Record<string, string>> } = {}): void {
    this.answer(code, statusOf(code, reason, extra.details), extra.headers)
  }

  /** A page of a list. */
  list(resourceVersion: string, items: readonly JsonObject[], continuation = ''): void {
    this.answer(200, { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion, continue: continuation }, items })
  }

  /** Begins an answer without an end: a watch. */
  open(): void {
    this.raw(openingBytes)
  }

  /** Part of the body of an opened answer. */
  write(text: string): void {
    this.raw(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
  }

  event(type: string, object: JsonObject): void {
    this.write(`${JSON.stringify({ type, object })}\n`)
  }

  /** Ends an opened answer as it should be. */
  end(): void {
    this.raw('0\r\n\r\n')
  }

  raw(bytes: string): void {
    this.#socket.write(bytes)
  }

  /** The connection breaks. What was written before arrives. */
  close(): void {
    this.#socket.end()
  }

  /** The connection is reset. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }
}

function commonName(socket: TLSSocket): string | undefined {
  const name = socket.getPeerCertificate().subject?.CN
  return typeof name === 'string' ? name : undefined
}

export function statusOf(code: number, reason: string, details: JsonObject = {}): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: `refused: ${reason}`, reason, details, code }
}

/** A whole answer with that body, as it goes over the wire. */
export function answerBytes(code: number, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)), ...headers }
  return `HTTP/1.1 ${code} ${code}\r\n${headerLines(all)}\r\n${body}`
}

/** The beginning of an answer whose body comes in chunks. */
export const openingBytes = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'

function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
}

interface FakeClient {
  readonly client: ApiClient
  readonly calls: ApiCall[]
  readonly close: () => Promise<void>
}

/** A client of that server, with the token of the moment, and the calls it made. */
export function clientOf(server: { readonly url: string }, clock: Clock, token = (): string => 'secret'): FakeClient {
  const kubeConfig = new KubeConfig()
  kubeConfig.addAuthenticator({
    isAuthProvider: () => true,
    applyAuthentication: async (_, options) => {
      options.headers = { Authorization: `Bearer ${token()}` }
    },
  })
  kubeConfig.loadFromClusterAndUser({ name: 'fake', server: server.url, skipTLSVerify: true }, { name: 'user' })
  const connection = createConnection(kubeConfig, clock)
  const calls: ApiCall[] = []
  const client = createApiClient({ connection, clock, userAgent: 'test/1', observed: (call) => calls.push(call) })
  return { client, calls, close: () => connection.close() }
}

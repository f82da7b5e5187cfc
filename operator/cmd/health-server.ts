import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { Metrics } from './metrics.ts'

export interface HealthOptions {
  /** `host:port`, `[host]:port` or `:port` (all addresses); port 0 is a free one. */
  readonly address: string
  readonly isReady: () => boolean
  readonly scrape: Metrics['scrape']
}

/** Serves /healthz (this process answers), /readyz (its caches are complete) and /metrics. */
export async function startHealthServer(options: HealthOptions): Promise<{ readonly address: string; close(): Promise<void> }> {
  const { host, port } = parsedAddress(options.address)
  const server = createServer((request, response) => void answer(options, request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return { address: addressOf(server), close: () => close(server) }
}

/** Throws when it is no address: the process cannot start with it. */
function parsedAddress(address: string): { readonly host: string | undefined; readonly port: number } {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<host>[^:]*)):(?<port>\d{1,5})$/.exec(address)
  const port = Number(match?.groups?.['port'])
  if (match === null || port > 65_535) throw new Error(`--listen-address: "${address}" is not an address: write host:port, such as 127.0.0.1:8080`)
  const host = match.groups?.['six'] ?? match.groups?.['host']
  return { host: host === '' ? undefined : host, port }
}

function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') return String(address)
  return `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function answer({ isReady, scrape }: HealthOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (code: number, text: string, type = 'text/plain; charset=utf-8') => response.writeHead(code, { 'content-type': type }).end(text)
  switch ((request.url ?? '').split('?')[0] ?? '') {
    case '/healthz':
      send(200, 'ok\n')
      return
    case '/readyz':
      send(isReady() ? 200 : 503, isReady() ? 'ok\n' : 'the caches are not complete yet\n')
      return
    case '/metrics': {
      const scraped = await scrape().catch(() => undefined)
      if (scraped === undefined) send(500, 'the metrics cannot be collected\n')
      else send(200, scraped.text, scraped.type)
      return
    }
    default:
      send(404, 'not found: /healthz, /readyz and /metrics are here\n')
  }
}

import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { Agent } from 'undici'
import { second } from '../model/instant.ts'
import { ApiFailure } from './api-failure.ts'
import type { Clock } from './clock.ts'

/** One request at a time on each connection, so this many are in flight at most; the API server would answer more with 429. */
const maxRequestsInFlight = 32
/** Tokens, certificates and the output of exec plugins are read again when what we have is older than this. */
const credentialsLifetime = 10 * second

/** Two agents, so that a watch never takes the connection of a request, and the authorization of this moment. */
export interface Access {
  readonly requests: Agent
  readonly watches: Agent
  readonly headers: Readonly<Record<string, string>>
}

export interface Connection {
  readonly origin: string
  /** Empty, or the path below which some gateways have the API server. */
  readonly basePath: string
  /** Throws an ApiFailure of kind network when the credentials cannot be read now. */
  access(): Promise<Access>
  /** The API server no longer accepts the credentials: read them again before the next request. */
  expire(): void
  close(): Promise<void>
}

interface Tls {
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly servername: string | undefined
  readonly rejectUnauthorized: boolean
}

/**
 * Every connection setting is client-node's: contexts, tokens and token files, client certificates, exec and OIDC plugins,
 * in-cluster. Requests are not: they go through undici over HTTP/1.1. Proxies (`proxy-url`, HTTPS_PROXY) are not supported.
 * A plain http server is accepted only together with `insecure-skip-tls-verify`.
 */
export function createConnection(kubeConfig: KubeConfig, clock: Clock): Connection {
  const cluster = kubeConfig.getCurrentCluster()
  if (cluster === null) throw new Error('the kubeconfig has no current context, or the context names a cluster that is not in it')
  const { origin, pathname } = new URL(cluster.server)
  let held: { readonly access: Access; readonly tls: Tls; readonly until: number } | undefined
  let reading: Promise<Access> | undefined

  async function read(): Promise<Access> {
    const { tls, headers } = await readCredentials(kubeConfig)
    const agents = held !== undefined && isSameTls(held.tls, tls) ? held.access : agentsWith(tls)
    if (held !== undefined && agents !== held.access) {
      // What runs on the old agents ends by itself; watches within five minutes.
      closeQuietly(held.access)
    }
    const access = { requests: agents.requests, watches: agents.watches, headers }
    held = { access, tls, until: clock.now() + credentialsLifetime }
    return access
  }

  return {
    origin,
    basePath: pathname.replace(/\/$/, ''),
    async access() {
      if (held !== undefined && clock.now() < held.until) return held.access
      reading ??= read().finally(() => (reading = undefined))
      return reading
    },
    expire() {
      if (held !== undefined) held = { ...held, until: 0 }
    },
    async close() {
      await Promise.all([held?.access.requests.destroy(), held?.access.watches.destroy()])
    },
  }
}

async function readCredentials(kubeConfig: KubeConfig): Promise<{ tls: Tls; headers: Record<string, string> }> {
  const options: RequestOptions = {}
  try {
    await kubeConfig.applyToHTTPSOptions(options)
  } catch (error) {
    throw new ApiFailure('network', 'the credentials of the kubeconfig cannot be read', { cause: error })
  }
  const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value).trim()])
  if (typeof options.auth === 'string') headers.push(['authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`])
  return {
    headers: Object.fromEntries(headers),
    tls: {
      ca: pem(options.ca),
      cert: pem(options.cert),
      key: pem(options.key),
      servername: options.servername,
      rejectUnauthorized: options.rejectUnauthorized ?? true,
    },
  }
}

/** client-node gives certificates as buffers, exec plugins as strings. */
function pem(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined
}

function isSameTls(one: Tls, other: Tls): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function agentsWith({ rejectUnauthorized, ...pems }: Tls): Pick<Access, 'requests' | 'watches'> {
  const given = Object.fromEntries(Object.entries(pems).filter(([, value]) => value !== undefined))
  const shared = {
    allowH2: false,
    // Timeouts are the client's: one timer over the whole request, and a watchdog over each watch.
    headersTimeout: 0,
    bodyTimeout: 0,
    // Less than the 90 s after which an API server closes an idle connection, so that it is not we who write into a closed one.
    keepAliveTimeout: 60 * second,
    connect: { ...given, rejectUnauthorized, timeout: 10 * second, keepAlive: true, keepAliveInitialDelay: 30 * second },
  }
  return { requests: new Agent({ ...shared, connections: maxRequestsInFlight }), watches: new Agent(shared) }
}

function closeQuietly(access: Access): void {
  for (const agent of [access.requests, access.watches]) void agent.close().catch(() => agent.destroy())
}

import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { Agent } from 'undici'
import { second } from '../model/instant.ts'
import { isJsonObject } from '../model/json.ts'
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

type Agents = Pick<Access, 'requests' | 'watches'>

/**
 * Every connection setting is client-node's: contexts, tokens and token files, client certificates, exec and OIDC plugins,
 * in-cluster. Requests are not: they go through undici over HTTP/1.1. Files are read again at the latest after ten seconds, and after
 * each 401; new certificates are used for new connections, and what runs on the old ones goes on.
 * Throws when the kubeconfig asks for what we do not do: proxies, and plain http without `insecure-skip-tls-verify`.
 */
export function createConnection(kubeConfig: KubeConfig, clock: Clock): Connection {
  const { origin, pathname } = serverOf(kubeConfig)
  const agents = new AgentPair()
  let held: { readonly access: Access; readonly until: number } | undefined
  let reading: Promise<Access> | undefined

  async function read(): Promise<Access> {
    const { tls, headers } = await readCredentials(kubeConfig)
    const access = { ...agents.of(tls), headers }
    held = { access, until: clock.now() + credentialsLifetime }
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
    close: () => agents.close(),
  }
}

function serverOf(kubeConfig: KubeConfig): URL {
  const cluster = kubeConfig.getCurrentCluster()
  if (cluster === null) throw new Error('the kubeconfig has no current context, or the context names a cluster that is not in it')
  const { name, proxyUrl = '', server, skipTLSVerify } = cluster
  const reaches = `the kubeconfig reaches the cluster "${name}"`
  if (proxyUrl !== '') throw new Error(`${reaches} through a proxy, which is not supported: remove its proxy-url, and name a server that can be reached directly`)
  const url = new URL(server)
  if (url.protocol === 'http:' && !skipTLSVerify) throw new Error(`${reaches} by http: name an https server, or say by insecure-skip-tls-verify that it is meant`)
  return url
}

/** The agents of the latest certificates. */
class AgentPair {
  #latest: { readonly tls: Tls; readonly agents: Agents } | undefined
  #isClosed = false

  of(tls: Tls): Agents {
    if (this.#isClosed) throw new ApiFailure('network', 'the connection is closed')
    if (this.#latest !== undefined && isSameTls(this.#latest.tls, tls)) return this.#latest.agents
    // What runs on the old agents ends by itself: requests within their timeouts, watches within five minutes.
    for (const agent of this.#agents) void agent.close().catch(() => agent.destroy())
    this.#latest = { tls, agents: agentsWith(tls) }
    return this.#latest.agents
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#agents.map((agent) => agent.destroy()))
  }

  get #agents(): readonly Agent[] {
    return Object.values(this.#latest?.agents ?? {})
  }
}

async function readCredentials(kubeConfig: KubeConfig): Promise<{ tls: Tls; headers: Record<string, string> }> {
  const options: RequestOptions = {}
  let token: string | undefined
  try {
    await kubeConfig.applyToHTTPSOptions(options)
    token = await tokenInFile(kubeConfig)
  } catch (error) {
    throw new ApiFailure('network', 'the credentials of the kubeconfig cannot be read', { cause: error })
  }
  const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value).trim()])
  if (token !== undefined) headers.push(['authorization', `Bearer ${token}`])
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

/** client-node keeps what it has read of a token file for a minute, even after the API server has refused it: we read it ourselves. */
async function tokenInFile(kubeConfig: KubeConfig): Promise<string | undefined> {
  const provider: unknown = kubeConfig.getCurrentUser()?.authProvider
  const config = isJsonObject(provider) ? provider.config : undefined
  const file = isJsonObject(config) ? config.tokenFile : undefined
  if (typeof file !== 'string' || file === '') return undefined
  const token = (await readFile(file, 'utf8')).trim()
  if (token === '') throw new Error(`the token file ${file} is empty`)
  return token
}

/** client-node gives certificates as buffers, exec plugins as strings. */
function pem(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined
}

function isSameTls(one: Tls, other: Tls): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function agentsWith({ rejectUnauthorized, ...pems }: Tls): Agents {
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

import { KubeConfig } from '@kubernetes/client-node'
import { Agent } from 'undici'
import { isJsonObject } from '../../model/json.ts'
import type { Json, JsonObject } from '../../model/kubernetes.ts'

/** The API server as the cluster's administrator sees it: stories look and interfere with it, beside the operator. */

const groups = {
  namespaces: '/api/v1',
  events: '/api/v1',
  pods: '/api/v1',
  configmaps: '/api/v1',
  resourcequotas: '/api/v1',
  cronjobs: '/apis/batch/v1',
  jobs: '/apis/batch/v1',
  leases: '/apis/coordination.k8s.io/v1',
  integrations: '/apis/integration-scheduler.io/v1alpha1',
  integrationsets: '/apis/integration-scheduler.io/v1alpha1',
  integrationruns: '/apis/integration-scheduler.io/v1alpha1',
  scheduledintegrations: '/apis/integration-scheduler.io/v1alpha1',
  tenantclones: '/apis/integration-scheduler.io/v1alpha1',
  clonegrants: '/apis/integration-scheduler.io/v1alpha1',
} as const

export type ResourceName = keyof typeof groups

export class ApiError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(`${code}: ${message}`)
    this.code = code
  }
}

export function pathOf(resource: ResourceName, namespace?: string, name?: string): string {
  const scope = namespace === undefined || resource === 'namespaces' ? '' : `/namespaces/${namespace}`
  return `${groups[resource]}${scope}/${resource}${name === undefined ? '' : `/${name}`}`
}

const types = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' } as const

/** What the API server sends of its own kinds, or of ours after its schema has let it in. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it asked for
export function decoded<T>(value: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return value as T
}

/** Whom requests go to, and as whom: with a client certificate, as hack/cluster writes them, or a token. */
export interface Server {
  readonly origin: string
  readonly agent: Agent
  readonly headers: Readonly<Record<string, string>>
}

export function serverOf(kubeConfig: KubeConfig): Server {
  const cluster = kubeConfig.getCurrentCluster()
  const user = kubeConfig.getCurrentUser()
  if (cluster === null || user === null) throw new Error('KUBECONFIG names no cluster: eval "$(hack/cluster env)"')
  const pem = (base64: string | undefined) => (base64 === undefined ? '' : Buffer.from(base64, 'base64').toString('utf8'))
  const connect = { ca: pem(cluster.caData), cert: pem(user.certData), key: pem(user.keyData) }
  return {
    origin: cluster.server,
    agent: new Agent({ allowH2: false, connect, headersTimeout: 60_000, bodyTimeout: 0, keepAliveTimeout: 30_000 }),
    headers: user.token === undefined ? {} : { authorization: `Bearer ${user.token}` },
  }
}

let held: Server | undefined

/** Of KUBECONFIG, looked up once. */
function defaultServer(): Server {
  if (held !== undefined) return held
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromDefault()
  held = serverOf(kubeConfig)
  return held
}

export interface Sent {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly type?: string
  /** Text is sent as it is. */
  readonly body?: Json
  readonly signal?: AbortSignal
}

/** Whose body is not read here must read it, or dump it. */
export async function send({ origin, agent, headers }: Server, path: string, { method, type = 'application/json', body, signal }: Sent) {
  const answer = await agent.request({
    origin,
    path,
    method,
    headers: { ...headers, accept: 'application/json', 'content-type': type },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    signal: signal ?? null,
  })
  if (answer.statusCode >= 400) throw new ApiError(answer.statusCode, messageOf(await answer.body.text()))
  return answer.body
}

/** Where a watch of what changes from now on begins. */
export async function versionNow(server: Server, path: string): Promise<string> {
  const list = await (await send(server, `${path}?limit=1`, { method: 'GET' })).json()
  return decoded<{ metadata: { resourceVersion: string } }>(list).metadata.resourceVersion
}

function messageOf(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text)
    return isJsonObject(parsed) && typeof parsed['message'] === 'string' ? parsed['message'] : text
  } catch {
    return text
  }
}

async function json(path: string, sent: Sent): Promise<JsonObject> {
  const body = await send(defaultServer(), path, sent)
  return decoded<JsonObject>(await body.json())
}

/** As the cluster's administrator. */
export const api = {
  get: (path: string) => json(path, { method: 'GET' }),
  /** Undefined: it is not there. */
  find: async (path: string): Promise<JsonObject | undefined> => {
    try {
      return await json(path, { method: 'GET' })
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return undefined
      throw error
    }
  },
  create: (path: string, body: Json) => json(path, { method: 'POST', body }),
  merge: (path: string, body: Json) => json(path, { method: 'PATCH', type: types.merge, body }),
  patch: (path: string, body: Json) => json(path, { method: 'PATCH', type: types.json, body }),
  remove: (path: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan' = 'Background') =>
    json(path, { method: 'DELETE', body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy } }),
  text: async (path: string): Promise<string> => (await send(defaultServer(), path, { method: 'GET' })).text(),
  /** The lines of a watch, until it ends or is aborted. */
  stream: (path: string, signal: AbortSignal) => send(defaultServer(), path, { method: 'GET', signal }),
}

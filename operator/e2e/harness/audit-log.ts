import { open, stat } from 'node:fs/promises'
import { decoded } from './api.ts'

/** The API server's own record of requests: what really was asked, whatever the operator believes. */

const operatorUser = 'system:serviceaccount:integration-scheduler:integration-scheduler'

interface AuditEvent {
  readonly verb: string
  readonly stage: string
  readonly requestReceivedTimestamp: string
  readonly user: { readonly username: string }
  readonly objectRef?: { readonly resource: string; readonly namespace?: string; readonly name?: string; readonly subresource?: string }
  readonly responseStatus?: { readonly code?: number }
  readonly annotations?: Readonly<Record<string, string>>
  readonly requestURI: string
}

export interface Asked {
  readonly verb: string
  /** With its subresource: `scheduledintegrations/status`. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
  readonly code: number
  readonly isForbidden: boolean
  readonly at: string
}

function logFile(): string {
  const file = process.env['INTEGRATION_SCHEDULER_AUDIT_LOG']
  if (file === undefined) throw new Error('INTEGRATION_SCHEDULER_AUDIT_LOG names no file: eval "$(hack/cluster env)" of a local cluster')
  return file
}

/** A place in the log: everything asked from now on comes after it. */
export async function auditMark(): Promise<number> {
  return (await stat(logFile())).size
}

/** The operator's requests since a mark, in one namespace or in all; long watches only when they end. */
export async function operatorRequests(since: number, namespace?: string): Promise<readonly Asked[]> {
  const file = await open(logFile())
  const asked: Asked[] = []
  try {
    for await (const line of file.readLines({ start: since, autoClose: false })) {
      if (!line.includes(operatorUser) || (namespace !== undefined && !line.includes(`"${namespace}"`))) continue
      const request = requestIn(line)
      if (request !== undefined && (namespace === undefined || request.namespace === namespace)) asked.push(request)
    }
  } finally {
    await file.close()
  }
  return asked
}

function requestIn(line: string): Asked | undefined {
  // The last line may still be being written.
  if (!line.endsWith('}')) return undefined
  const { verb, stage, user, objectRef, responseStatus, annotations, requestReceivedTimestamp } = decoded<AuditEvent>(JSON.parse(line))
  if (user.username !== operatorUser || stage !== 'ResponseComplete') return undefined
  const { resource = '', subresource, namespace = '', name = '' } = objectRef ?? {}
  return {
    verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace,
    name,
    code: responseStatus?.code ?? 0,
    isForbidden: annotations?.['authorization.k8s.io/decision'] === 'forbid',
    at: requestReceivedTimestamp,
  }
}

const reading = new Set(['get', 'list', 'watch'])

/** Writes among them, refused ones too; Events apart, which are told elsewhere. */
export function written<T extends Pick<Asked, 'verb' | 'resource'>>(asked: readonly T[]): readonly T[] {
  return asked.filter(({ verb, resource }) => !reading.has(verb) && resource !== 'events')
}

export async function operatorWrites(since: number, namespace: string): Promise<readonly Asked[]> {
  return written(await operatorRequests(since, namespace))
}

/** `create cronjobs`: how often; sorted. */
export function countsOf(asked: readonly Pick<Asked, 'verb' | 'resource'>[]): Readonly<Record<string, number>> {
  const kinds = Map.groupBy(asked, ({ verb, resource }) => `${verb} ${resource}`)
  return Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** `create cronjobs a`, one for each request, sorted. */
export function inWords(asked: readonly Pick<Asked, 'verb' | 'resource' | 'name' | 'code'>[]): readonly string[] {
  return asked.map(({ verb, resource, name, code }) => `${verb} ${resource} ${name}${code < 300 ? '' : ` (${code})`}`).toSorted()
}

import { ApiFailure } from '../kube/api-failure.ts'
import type { ApiAnswer, ApiClient, ApiRequest } from '../kube/api-client.ts'
import { asJson, isJsonObject } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { textOf } from './json-reading.ts'
import { type ServerObject, type VirtualApiServer, isResource, refusal } from './virtual-api-server.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface Wire {
  /** Milliseconds from the client to the server, and back. */
  readonly latency: () => number
  /** A dead process gets no answers. */
  readonly isAlive: () => boolean
  /** A request, just before it is carried out; false: the connection breaks and it is not. */
  readonly arrives: (request: ApiRequest) => boolean
  /** After it was carried out or refused; false: the connection breaks, and the client cannot know. */
  readonly answered?: (request: ApiRequest) => boolean
}

/** Talks to the virtual API server in virtual time. What was sent arrives, even if the process that sent it is dead by then. */
export function virtualApiClient(server: VirtualApiServer, time: VirtualTime, wire: Wire): ApiClient {
  return {
    request(request) {
      time.note()
      return new Promise<ApiAnswer>((resolve, reject) => {
        const answer = (deliver: () => void): void => {
          time.after(wire.latency(), () => {
            if (!wire.isAlive()) return
            time.note()
            deliver()
          })
        }
        const broken = (): void => answer(() => reject(new ApiFailure('network', 'connection reset')))
        time.after(wire.latency(), () => {
          if (!wire.arrives(request)) return broken()
          const respond = replyOf(server, request)
          if (wire.answered?.(request) === false) return broken()
          answer(() => respond({ resolve, reject }))
        })
      })
    },
    watch: () => Promise.reject(new ApiFailure('network', 'stores are fed by the virtual cluster itself')),
  }
}

interface Promised {
  readonly resolve: (answer: ApiAnswer) => void
  readonly reject: (error: Error) => void
}

/** Carries it out at once; what it returns tells the client. */
function replyOf(server: VirtualApiServer, request: ApiRequest): (promised: Promised) => void {
  try {
    const body = carriedOut(server, request)
    return ({ resolve }) => resolve({ code: 200, body })
  } catch (error) {
    return ({ reject }) => reject(error instanceof Error ? error : new Error(String(error)))
  }
}

function carriedOut(server: VirtualApiServer, { verb, target, body }: ApiRequest): JsonObject {
  const { resource, name = '', subresource } = target
  if (resource === 'events') return {}
  if (!isResource(resource)) throw refusal(404, 'NotFound', resource)
  const value = body?.value
  switch (verb) {
    case 'get':
      return copied(server.get(resource, name) ?? missing(name))
    case 'create':
      return copied(server.create(resource, object(value)))
    case 'patch':
      if (subresource === 'status') return copied(server.mergeStatus(resource, name, object(value)))
      if (body?.type === 'application/merge-patch+json') return copied(server.mergePatch(resource, name, object(value)))
      return copied(server.jsonPatch(resource, name, operations(value)))
    case 'delete':
      server.delete(resource, name, object(value))
      return {}
    case 'list':
      throw refusal(405, 'MethodNotAllowed', resource)
  }
}

function missing(name: string): never {
  throw refusal(404, 'NotFound', name)
}

/** Clients may change what they receive. */
function copied(object: ServerObject): JsonObject {
  return { ...asJson(object), metadata: { ...asJson(object.metadata) } }
}

function object(value: Json | undefined): JsonObject {
  if (!isJsonObject(value)) throw refusal(400, 'BadRequest', 'body')
  return value
}

function operations(value: Json | undefined): readonly { readonly op: string; readonly path: string; readonly value?: Json | undefined }[] {
  if (!Array.isArray(value)) throw refusal(400, 'BadRequest', 'body')
  return value.map((item: Json) => {
    const { op, path, value: wanted } = object(item)
    return { op: textOf(op), path: textOf(path), value: wanted }
  })
}

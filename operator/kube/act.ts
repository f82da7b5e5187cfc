import { isJsonObject } from '../model/json.ts'
import type { Json } from '../model/kubernetes.ts'
import { type Action, type Evidence, evidenceKey } from '../plan/action.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFailure } from './api-failure.ts'
import type { Clock } from './clock.ts'
import type { CopyContext } from './copy-object.ts'
import { copySlice } from './copy-slice.ts'
import type { EventRecorder } from './event-recorder.ts'
import type { Logger } from './logger.ts'
import { look } from './look.ts'
import { lookAtPods } from './look-at-pods.ts'
import { versionFence } from './version-fence.ts'

export interface ActOptions {
  readonly client: ApiClient
  readonly clock: Clock
  readonly events: EventRecorder
  readonly log: Logger
  readonly copying: CopyContext
}

/**
 * Carries one action out by the request that it stands for; what is looked at becomes evidence. Resolves with whether the name of an
 * object to be created was taken; then it has been looked at. Throws an ApiFailure.
 */
export async function act(options: ActOptions, action: Action, evidence: Map<string, Evidence>): Promise<boolean> {
  switch (action.verb) {
    case 'create':
      return create(options, action, evidence)
    case 'patch':
      await patch(options.client, action)
      break
    case 'merge':
      await merge(options.client, action)
      break
    case 'delete':
      await remove(options.client, action)
      break
    case 'look':
      evidence.set(...(await look(options, action)))
      break
    case 'lookAtPods':
      evidence.set(evidenceKey(action.resource, action.namespace, action.name), await lookAtPods(options, action))
      break
    case 'copy':
      evidence.set(...(await copySlice(options, action)))
      break
  }
  return false
}

async function create(options: ActOptions, action: Action & { verb: 'create' }, evidence: Map<string, Evidence>): Promise<boolean> {
  const { resource, namespace, name, object } = action
  try {
    const target = { resource, namespace }
    await options.client.request({ verb: 'create', target, body: { type: 'application/json', value: object } })
    return false
  } catch (error) {
    // Our own earlier request whose answer was lost, or an object that our selectors do not show: no store can tell.
    if (!(error instanceof ApiFailure) || error.reason !== 'AlreadyExists' || resource === 'leases') throw error
    evidence.set(...(await look(options, { verb: 'look', resource, namespace, name, because: 'the name is taken' })))
    return true
  }
}

async function patch(client: ApiClient, { resource, namespace, name, uid, resourceVersion, patch }: Action & { verb: 'patch' }): Promise<void> {
  const value: readonly Json[] = [...versionFence({ uid, resourceVersion }), ...patch]
  await client.request({ verb: 'patch', target: { resource, namespace, name }, body: { type: 'application/json-patch+json', value } })
}

/** The API server compares version and uid of a merge as well. */
async function merge(client: ApiClient, { resource, namespace, name, uid, resourceVersion, merge, fieldManager }: Action & { verb: 'merge' }): Promise<void> {
  const metadata = isJsonObject(merge.metadata) ? merge.metadata : {}
  const value = { ...merge, metadata: { ...metadata, uid, resourceVersion } }
  const target = { resource, namespace, name }
  await client.request({ verb: 'patch', target, ...(fieldManager !== undefined && { query: { fieldManager } }), body: { type: 'application/merge-patch+json', value } })
}

async function remove(client: ApiClient, action: Action & { verb: 'delete' }): Promise<void> {
  const { resource, namespace, name, uid, resourceVersion, propagationPolicy } = action
  const preconditions = { uid, ...(resourceVersion !== undefined && { resourceVersion }) }
  const value = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions, propagationPolicy }
  await client.request({ verb: 'delete', target: { resource, namespace, name }, body: { type: 'application/json', value } })
}

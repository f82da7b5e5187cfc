import { type CopyOutcome, copyOutcome } from '../model/copying.ts'
import { jsonIn } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import { metadataOf, textsIn } from '../model/raw-object.ts'
import type { CopyOrder } from './copy-order.ts'

/**
 * What a request makes of a copy stands on the copy, by the very write that does it. Between that write and the status there may be a
 * crash, or an object that cannot be reached: then all is done again, and what was done before is told as it was.
 */

/** The manifest with what its request makes of the copy, if it makes a difference. A Clone changes no copy. */
export function withOutcome(manifest: JsonObject, { action, requestId }: CopyOrder, { result, reason, keptFields }: Omit<CopyOutcome, 'request'>): JsonObject {
  if (action === 'Clone' || requestId === undefined || (result === 'Unchanged' && reason === undefined)) return manifest
  return withAnnotations(manifest, { ...textsIn(manifest, 'annotations'), [annotation.outcome]: JSON.stringify({ request: requestId, result, reason, keptFields }) })
}

/** What the request of this order has made of a copy. Undefined: it has not been done to it. */
export function outcomeOn(live: JsonObject, { requestId }: CopyOrder): Omit<CopyOutcome, 'request'> | undefined {
  const { [annotation.request]: done, [annotation.outcome]: text = '' } = textsIn(live, 'annotations')
  if (requestId === undefined || done !== requestId) return undefined
  const { data } = copyOutcome.safeParse(jsonIn(text))
  if (data?.request !== requestId) return { result: 'Unchanged' }
  const { request: _id, ...outcome } = data
  return outcome
}

/** The manifest as if it came of the request that the copy comes of: that it is another one is no difference by itself. */
export function withRequestOf(live: JsonObject, manifest: JsonObject): JsonObject {
  const isOfRequest = ([key]: readonly [string, string]) => key === annotation.request || key === annotation.outcome
  const wanted = Object.entries(textsIn(manifest, 'annotations')).filter((entry) => !isOfRequest(entry))
  return withAnnotations(manifest, Object.fromEntries([...wanted, ...Object.entries(textsIn(live, 'annotations')).filter(isOfRequest)]))
}

function withAnnotations(manifest: JsonObject, annotations: JsonObject): JsonObject {
  return { ...manifest, metadata: { ...metadataOf(manifest), annotations } }
}

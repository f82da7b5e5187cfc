import { type Kind, type ObjectOf, decodeMetadata, decodeObject, decodeStatus } from '../model/decode.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject, KubernetesObject } from '../model/kubernetes.ts'
import type { Checked } from '../model/problem.ts'

/** An object of one of our kinds as stores keep it: also one that cannot be read, since it must be answered in its status. */
export interface Resource<K extends Kind> extends KubernetesObject {
  readonly object: Checked<ObjectOf[K]>
  /** Also of an object that cannot be read: its runs are not forgotten because its spec is wrong. */
  readonly status: ObjectOf[K]['status']
  /** The status as the API server has it. */
  readonly rawStatus: JsonObject | undefined
}

/** What is kept of an object of ours. Undefined: it is none of Kubernetes. */
export function projectedResource<K extends Kind>(kind: K): (raw: KubernetesObject) => Resource<K> | undefined {
  return (raw) => {
    const metadata = decodeMetadata(raw.metadata)
    if (metadata === undefined) return undefined
    const rawStatus = 'status' in raw && isJsonObject(raw.status) ? raw.status : undefined
    const status = decodeStatus(kind, rawStatus)
    return { metadata, object: decodeObject(kind, raw, { metadata, status }), status, rawStatus }
  }
}

import type { Json, JsonObject, KubernetesObject } from '../model/kubernetes.ts'
import { isJsonObject } from '../model/json.ts'

/**
 * Decoded JSON as an object of Kubernetes with all that the API server always gives it, or undefined. managedFields, the largest
 * part of many objects and of no use to us, are let go. Cluster-scoped objects get the namespace ''.
 */
export function asKubernetesObject(json: Json | undefined): KubernetesObject | undefined {
  if (!isJsonObject(json) || !isJsonObject(json.metadata)) return undefined
  // Freshly decoded, nobody else's. Not `delete`: that would turn the object into a slow and large dictionary.
  const metadata: { namespace?: unknown; managedFields?: unknown } = json.metadata
  metadata.managedFields = undefined
  metadata.namespace ??= ''
  return hasIdentity(json) ? json : undefined
}

function hasIdentity(json: JsonObject): json is JsonObject & KubernetesObject {
  const { metadata } = json
  return isJsonObject(metadata) && ['name', 'namespace', 'uid', 'resourceVersion'].every((field) => typeof metadata[field] === 'string')
}

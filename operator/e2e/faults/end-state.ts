import { isJsonObject } from '../../model/json.ts'
import type { Json, JsonObject, KubernetesObject } from '../../model/kubernetes.ts'
import type { Tenant } from '../harness/tenant.ts'
import { type WatchedResource, watched } from '../harness/watched.ts'

const resources = ['scheduledintegrations', 'integrations', 'cronjobs', 'jobs', 'leases'] as const

/** All that is there in the end, without what differs from one time or namespace to another: comparable between runs of one scenario. */
export function endState(tenant: Tenant): JsonObject {
  const all = (resource: WatchedResource): Json[] => tenant.all(resource).toSorted(byName).map((object) => asCompared(JSON.parse(JSON.stringify(object)), tenant.namespace))
  return Object.fromEntries(resources.map((resource) => [resource, all(resource)]))
}

const byName = (one: KubernetesObject, other: KubernetesObject): number => one.metadata.name.localeCompare(other.metadata.name)
const instants = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g
const uids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
/** Of metadata, what the API server and the garbage collector keep for themselves. */
const unlike = new Set(['resourceVersion', 'managedFields', 'creationTimestamp', 'generation'])

function asCompared(json: Json, namespace: string): Json {
  if (typeof json === 'string') return json.replaceAll(instants, '<instant>').replaceAll(uids, '<uid>').replaceAll(namespace, '<namespace>')
  if (Array.isArray(json)) return json.map((item: Json) => asCompared(item, namespace))
  if (!isJsonObject(json)) return json
  return Object.fromEntries(Object.entries(json).flatMap(([key, value]) => (unlike.has(key) || value === undefined ? [] : [[key, asCompared(value, namespace)]])))
}

/** How many objects of a resource (and name) ever were there; one that was deleted and created again counts twice. */
export function everThere(tenant: Tenant, resource: 'cronjobs' | 'jobs', name?: string): number {
  const names = name === undefined ? watched(resource).names(tenant.namespace) : [name]
  const versions = names.flatMap((each) => tenant.versions(resource, each))
  return new Set(versions.flatMap((version) => version?.metadata.uid ?? [])).size
}

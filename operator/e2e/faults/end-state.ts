import { isJsonObject } from '../../model/json.ts'
import type { Json, JsonObject, KubernetesObject } from '../../model/kubernetes.ts'
import { annotation } from '../../model/names.ts'
import type { Tenant } from '../harness/tenant.ts'
import { type WatchedResource, minutes, watched } from '../harness/watched.ts'
import { type Stage, hourlyAt, hourlyLater } from './scenarios.ts'

const resources = ['scheduledintegrations', 'integrations', 'integrationsets', 'integrationruns', 'cronjobs', 'jobs', 'leases'] as const

/** All that is there in the end, without what differs from one time or namespace to another: comparable between runs of one scenario. */
export function endState(stage: Stage): JsonObject {
  const all = (resource: WatchedResource): Json[] => stage.tenant.all(resource).toSorted(byName).map((object) => asCompared(withoutKind(JSON.parse(JSON.stringify(object))), stage))
  return Object.fromEntries(resources.map((resource) => [resource, all(resource)]))
}

/** What a watch says of an object, and a list does not. */
function withoutKind({ apiVersion: _version, kind: _kind, ...rest }: JsonObject): JsonObject {
  return rest
}

const byName = (one: KubernetesObject, other: KubernetesObject): number => one.metadata.name.localeCompare(other.metadata.name)
/** What the API server and the garbage collector keep for themselves, and for whom a run once had to wait. */
const unlike = new Set(['resourceVersion', 'managedFields', 'creationTimestamp', 'generation', annotation.waiting])

function asCompared(json: Json, stage: Stage): Json {
  if (typeof json === 'string') return comparable(json, stage)
  if (Array.isArray(json)) return json.flatMap((item: Json) => (isResumed(item) ? [] : [asCompared(item, stage)]))
  if (!isJsonObject(json)) return json
  return Object.fromEntries(Object.entries(json).flatMap(([key, value]) => (unlike.has(key) || value === undefined ? [] : [[key, asCompared(value, stage)]])))
}

/** The Job controller says of a Job that it is no longer suspended only if it had time to say before that it was. */
function isResumed(condition: Json): boolean {
  return isJsonObject(condition) && condition['type'] === 'Suspended' && condition['status'] === 'False'
}

/** Without instants, UIDs, the namespace, and what follows from when the match is. */
export function comparable(text: string, { tenant, match }: Stage): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<instant>')
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>')
    .replaceAll(/"scheduleHash":"\w+"/g, '"scheduleHash":"<hash>"')
    .replaceAll(/(?<=\w-)\d{8}-\d{4}\b/g, '<run>')
    .replaceAll(/\bnow-[0-9a-f]{10}\b/g, 'now-<hash>')
    .replaceAll(tenant.namespace, '<namespace>')
    .replaceAll(new RegExp(String.raw`\b${hourlyAt(match).replaceAll('*', String.raw`\*`)}`, 'g'), '<at match>')
    .replaceAll(new RegExp(String.raw`\b${hourlyLater(match).replaceAll('*', String.raw`\*`)}`, 'g'), '<later>')
    .replaceAll(`a-${match / minutes}`, 'a-<match>')
}

/** How many objects of a resource (and name) ever were there; one that was deleted and created again counts twice. */
export function everThere(tenant: Tenant, resource: 'cronjobs' | 'jobs', name?: string): number {
  const names = name === undefined ? watched(resource).names(tenant.namespace) : [name]
  const versions = names.flatMap((each) => tenant.versions(resource, each))
  return new Set(versions.flatMap((version) => version?.metadata.uid ?? [])).size
}

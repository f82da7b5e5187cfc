import { type Instant, parseInstant } from '../model/instant.ts'
import { isJsonObject } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import type { Evidence, PodLook } from '../plan/action.ts'
import type { ContainerSeen, EventSeen, PodSeen } from '../plan/pods-seen.ts'
import type { ApiClient } from './api-client.ts'
import type { Clock } from './clock.ts'
import { pageOf } from './list-page.ts'
import type { Target } from './target.ts'

/** A Job of ours has one pod at a time; the others have ended. */
const mostPods = '20'
/** Kubernetes writes a repeated event once and counts it. */
const mostEvents = '50'

/** Three small lists: the pods of a Job, and the events about the Job and its youngest pod. Throws ApiFailures. */
export async function lookAtPods({ client, clock }: { readonly client: ApiClient; readonly clock: Clock }, { namespace, uid }: PodLook): Promise<Evidence> {
  const at = clock.now()
  const list = async (resource: Target['resource'], query: Readonly<Record<string, string>>) =>
    pageOf((await client.request({ verb: 'list', target: { resource, namespace }, query })).body).items
  const items = await list('pods', { labelSelector: `batch.kubernetes.io/controller-uid=${uid}`, limit: mostPods })
  const found = items.map((item) => ({ uid: textAt(item, 'metadata', 'uid'), pod: podSeen(item) })).toSorted((a, b) => b.pod.created - a.pod.created)
  const eventsAbout = async (about: EventSeen['about'], object: string) =>
    (await list('events', { fieldSelector: `involvedObject.uid=${object}`, limit: mostEvents })).map((item) => eventSeen(about, item))
  const [youngest] = found
  const events = [...(await eventsAbout('Job', uid)), ...(youngest === undefined ? [] : await eventsAbout('Pod', youngest.uid))]
  return { resource: 'pods', at, object: undefined, pods: { pods: found.map(({ pod }) => pod), events } }
}

function podSeen(item: Json): PodSeen {
  const status = objectAt(item, 'status')
  const containers = [...listIn(status['initContainerStatuses']), ...listIn(status['containerStatuses'])]
  return {
    name: textAt(item, 'metadata', 'name'),
    created: instantIn(textAt(item, 'metadata', 'creationTimestamp')),
    phase: textAt(item, 'status', 'phase'),
    isGoing: objectAt(item, 'metadata')['deletionTimestamp'] !== undefined,
    node: textAt(item, 'spec', 'nodeName') || undefined,
    conditions: listIn(status['conditions']).map((condition) => ({
      type: textAt(condition, 'type'),
      status: textAt(condition, 'status'),
      reason: textAt(condition, 'reason'),
      message: textAt(condition, 'message'),
    })),
    containers: containers.map(containerSeen),
  }
}

function containerSeen(item: Json): ContainerSeen {
  const { running, terminated } = objectAt(item, 'state')
  const waiting = { reason: textAt(item, 'state', 'waiting', 'reason'), message: textAt(item, 'state', 'waiting', 'message') }
  return { name: textAt(item, 'name'), image: textAt(item, 'image'), waiting: running === undefined && terminated === undefined ? waiting : undefined }
}

function eventSeen(about: EventSeen['about'], item: Json): EventSeen {
  const times = [textAt(item, 'series', 'lastObservedTime'), textAt(item, 'lastTimestamp'), textAt(item, 'eventTime'), textAt(item, 'metadata', 'creationTimestamp')]
  return { about, reason: textAt(item, 'reason'), message: textAt(item, 'message'), at: Math.max(...times.map(instantIn)) }
}

function instantIn(text: string): Instant {
  return parseInstant(text) ?? 0
}

function listIn(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function at(value: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((inner, name) => (isJsonObject(inner) ? inner[name] : undefined), value)
}

function objectAt(value: Json, ...path: readonly string[]): JsonObject {
  const found = at(value, path)
  return isJsonObject(found) ? found : {}
}

function textAt(value: Json, ...path: readonly string[]): string {
  const found = at(value, path)
  return typeof found === 'string' ? found : ''
}

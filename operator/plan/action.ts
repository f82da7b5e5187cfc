import type { Kind, ObjectOf } from '../model/decode.ts'
import { type Instant, second } from '../model/instant.ts'
import type { CronJob, Job, Json, JsonObject, KubernetesObject, Namespace } from '../model/kubernetes.ts'
import type { Checked } from '../model/problem.ts'
import type { EventReason, Reason } from '../model/reason.ts'
import type { CopyEvidence, CopySlice } from './copy-order.ts'
import type { PodsSeen } from './pods-seen.ts'

/** Children that we write. Of users' own objects status is written, and the home of schedules (home.ts). */
export type ChildResource = 'cronjobs' | 'jobs' | 'leases'

/** Jobs: those that run a set, whose controller we are. */
export type StatusResource = 'scheduledintegrations' | 'integrations' | 'integrationsets' | 'integrationruns' | 'tenantclones' | 'jobs'

/** RFC 6902, the part of it that we use. */
export type JsonPatch = readonly (
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }
)[]

/**
 * One request to the API server, with the state of the world that it assumes; the server refuses it in any other.
 * - create: the name is free. A name that is taken is looked at, never adopted.
 * - patch, merge, delete: the object is the very one (and in the very version) that was decided upon. A merge (RFC 7386) is for
 *   members of maps of which no store shows the rest, such as annotations of a pod template.
 * - look: one uncached read. What it saw is evidence for the next plan.
 * `basis` names the versions of all that the content was made from (uids and generations). Needed only where the content holds
 * the present time: it says whether an action that was refused is still the same one.
 */
export type Action =
  | {
      readonly verb: 'create'
      readonly resource: ChildResource
      readonly namespace: string
      readonly name: string
      readonly object: JsonObject
      readonly basis?: string | undefined
      readonly because: string
    }
  | {
      readonly verb: 'patch'
      readonly resource: ChildResource
      readonly namespace: string
      readonly name: string
      readonly uid: string
      readonly resourceVersion: string
      readonly patch: JsonPatch
      readonly basis?: string | undefined
      readonly because: string
    }
  | {
      readonly verb: 'merge'
      readonly resource: ChildResource | 'scheduledintegrations' | 'integrationsets'
      readonly namespace: string
      readonly name: string
      readonly uid: string
      readonly resourceVersion: string
      readonly merge: JsonObject
      /** Who is written down as its author; absent: as of all our writes. */
      readonly fieldManager?: string | undefined
      readonly because: string
    }
  | {
      readonly verb: 'delete'
      /** Runs on demand: the only objects of users that we delete, where they ask for it by `ttlSecondsAfterFinished`. */
      readonly resource: ChildResource | 'integrationruns'
      readonly namespace: string
      readonly name: string
      readonly uid: string
      /** Absent: any version of this object may be deleted. */
      readonly resourceVersion?: string | undefined
      readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan'
      readonly because: string
    }
  | Look
  | PodLook
  | CopySlice

export interface Look {
  readonly verb: 'look'
  readonly resource: 'cronjobs' | 'jobs' | 'scheduledintegrations' | 'integrationsets' | 'integrationruns' | 'namespaces'
  /** Of a namespace: its own name. */
  readonly namespace: string
  readonly name: string
  /**
   * UID of the object that the question is about. It existed when it was asked, so an answer without it says that it is gone;
   * without `about`, the answer may be older than an object that has the name now.
   */
  readonly about?: string | undefined
  readonly because: string
}

/** One uncached look at the pods of a Job and at the events about them. */
export interface PodLook {
  readonly verb: 'lookAtPods'
  readonly resource: 'pods'
  readonly namespace: string
  /** Name and UID of the Job. */
  readonly name: string
  readonly uid: string
  readonly because: string
}

/** The whole status that an object should have; written only where it differs from `live`, and only upon this version of the object. */
export interface StatusPatch {
  readonly resource: StatusResource
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly live: JsonObject | undefined
  readonly status: JsonObject
  /** Written in the same request, so that it and the status are never apart: Kubernetes' own kinds allow that on the subresource. */
  readonly annotation?: { readonly name: string; readonly live: string | undefined; readonly value: string } | undefined
}

export interface ObjectReference {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** An event of Kubernetes about an object. `reason` comes from a closed list; `message` never holds the value of a parameter. */
export interface EventDraft {
  readonly regarding: ObjectReference
  readonly type: 'Normal' | 'Warning'
  readonly reason: Reason | EventReason
  readonly message: string
  readonly action: string
}

/** When to plan again: when something that was observed changes, and at the latest at an instant. */
export type Requeue = { readonly kind: 'onChange' } | { readonly kind: 'at'; readonly at: Instant; readonly because: string }

/** An action that nothing else depends on, and the event that tells of it once it is done. */
export interface Errand {
  readonly action: Action
  readonly event?: EventDraft | undefined
}

/**
 * `actions` are carried out in order up to the first failure. `errands` follow when all of them are done: side by side, and the
 * failure of one does not stop the others. `status` is written in a pass that had nothing to carry out: it tells what was
 * observed, so it waits for the pass that sees what the actions did. `events` are emitted once all actions are done and no
 * status is left to be written.
 */
export interface Plan {
  readonly actions: readonly Action[]
  readonly errands?: readonly Errand[]
  readonly status: StatusPatch | undefined
  readonly events: readonly EventDraft[]
  readonly requeue: Requeue
}

/**
 * What a look saw. `at` is when the question was sent: the answer is at least as new as that, so an absent object was absent
 * at some instant >= at, and one that is present existed then.
 */
export type Evidence =
  | { readonly resource: 'jobs'; readonly at: Instant; readonly object: Job | undefined }
  | { readonly resource: 'cronjobs'; readonly at: Instant; readonly object: CronJob | undefined }
  | { readonly resource: 'scheduledintegrations'; readonly at: Instant; readonly object: SeenObject<'ScheduledIntegration'> | undefined }
  | { readonly resource: 'integrationsets'; readonly at: Instant; readonly object: SeenObject<'IntegrationSet'> | undefined }
  | { readonly resource: 'integrationruns'; readonly at: Instant; readonly object: SeenObject<'IntegrationRun'> | undefined }
  | { readonly resource: 'namespaces'; readonly at: Instant; readonly object: Namespace | undefined }
  /** Of the Job that has this name. There is no one object that was seen. */
  | { readonly resource: 'pods'; readonly at: Instant; readonly object: undefined; readonly pods: PodsSeen }
  /** What became of the latest slice of this TenantClone. */
  | CopyEvidence

/** An object of one of our kinds: also one that cannot be read. */
export interface SeenObject<K extends Kind> extends KubernetesObject {
  readonly object: Checked<ObjectOf[K]>
  readonly status: ObjectOf[K]['status']
}

/**
 * An action that the API server refused for a reason which does not pass by itself (invalid, forbidden, over quota). The same
 * action is not sent again before `retryAt`; the plan's status tells the message meanwhile.
 */
export interface Refusal {
  readonly action: Action
  readonly message: string
  readonly retryAt: Instant
}

/**
 * What earlier passes of the same key learned from the API server and no store can tell. A planner judges by itself whether
 * a piece of evidence is new enough; it is forgotten ten minutes after `at`.
 */
export interface Learned {
  /** By `evidenceKey`. */
  readonly evidence: ReadonlyMap<string, Evidence>
  readonly refused: Refusal | undefined
  /** Writes that succeeded, by `writeKey`, and when: until a store shows what they did, the same write would be in vain. */
  readonly written: ReadonlyMap<string, Instant>
  /** Errands that the API server refused for a reason which does not pass by itself, by `writeKey`: not sent again before `retryAt`. */
  readonly postponed: ReadonlyMap<string, Postponement>
}

export type Postponement = Pick<Refusal, 'message' | 'retryAt'>

/** Where the answer to a look is found among the evidence of its key. */
export function evidenceKey(resource: Evidence['resource'], namespace: string, name: string, about?: string): string {
  return `${resource}/${namespace}/${name}${about === undefined ? '' : `#${about}`}`
}

/** What a write assumes: the very version of an object, or a name that is free. Once it has succeeded, that is history. */
export function writeKey(write: Action | StatusPatch): string | undefined {
  if ('status' in write) return `${write.uid}@${write.resourceVersion}`
  switch (write.verb) {
    case 'create':
      return `${write.resource}/${write.namespace}/${write.name}`
    case 'patch':
    case 'merge':
      return `${write.uid}@${write.resourceVersion}`
    case 'delete':
      return `${write.uid} deleted`
    case 'look':
    case 'lookAtPods':
    case 'copy':
      return undefined
  }
}

/** How long a store may need to show what a write did; then the write is tried again, and the API server decides. Milliseconds. */
export const storeLag = 10 * second

/** Whether this write, or one on the same version of the same object, has succeeded and the stores have not shown it yet. */
export function isHistory(write: Action | StatusPatch, written: Learned['written'], now: Instant): boolean {
  const at = written.get(writeKey(write) ?? '')
  return at !== undefined && now < at + storeLag
}

/** What the API server had against this errand, if it is not to be sent now. */
export function postponement(action: Action, postponed: Learned['postponed'], now: Instant): Postponement | undefined {
  const known = postponed.get(writeKey(action) ?? '')
  return known !== undefined && now < known.retryAt ? known : undefined
}

/** Whether the API server refused this very write lately (for whatever `because`), so that it will not be sent now. */
export function isRefused(action: Action, refused: Refusal | undefined, now: Instant): boolean {
  return refused !== undefined && now < refused.retryAt && asSent(action) === asSent(refused.action)
}

function asSent(action: Action): string {
  const { verb, resource, namespace, name } = action
  const basis = 'basis' in action ? action.basis : undefined
  return JSON.stringify(basis === undefined ? { ...action, because: '' } : { verb, resource, namespace, name, basis })
}

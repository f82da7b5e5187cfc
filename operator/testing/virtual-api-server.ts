import { ApiFailure } from '../kube/api-failure.ts'
import type { Clock } from '../kube/clock.ts'
import { kinds as ours, resourceKinds } from '../model/decode.ts'
import { formatInstant } from '../model/instant.ts'
import { asJson, isJsonObject } from '../model/json.ts'
import type { Json, JsonObject, ObjectMeta, OwnerReference } from '../model/kubernetes.ts'
import { apiVersion, orphanFinalizer } from '../model/names.ts'
import { isSameJson } from '../model/json.ts'
import { jobStatusProblems } from './job-status-rules.ts'
import { objectOf, textOf } from './json-reading.ts'
import { withDefaults } from './kubernetes-defaults.ts'

/** What the virtual cluster keeps. */
export type Resource = 'scheduledintegrations' | 'integrations' | 'integrationsets' | 'integrationruns' | 'cronjobs' | 'jobs' | 'leases' | 'namespaces'

/** Whole, as a client gets it. Never mutated: each version is an object of its own. */
export interface ServerObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly spec: JsonObject
  readonly status?: JsonObject | undefined
}

export type Body = JsonObject & { readonly metadata: JsonObject }

export type ServerListener = (resource: Resource, before: ServerObject | undefined, after: ServerObject | undefined) => void

const kinds: Readonly<Record<Resource, { readonly apiVersion: string; readonly kind: string }>> = {
  scheduledintegrations: { apiVersion, kind: 'ScheduledIntegration' },
  integrations: { apiVersion, kind: 'Integration' },
  integrationsets: { apiVersion, kind: 'IntegrationSet' },
  integrationruns: { apiVersion, kind: 'IntegrationRun' },
  cronjobs: { apiVersion: 'batch/v1', kind: 'CronJob' },
  jobs: { apiVersion: 'batch/v1', kind: 'Job' },
  leases: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  namespaces: { apiVersion: 'v1', kind: 'Namespace' },
}

export const namespace = 'acme'

/** The one namespace, as it is at first. */
export const acme: ServerObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: namespace, namespace: '', uid: 'acme-uid', resourceVersion: '1', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z', labels: {} },
  spec: {},
}

type Operation = { readonly op: string; readonly path: string; readonly value?: Json | undefined }

/**
 * The API server and the garbage collector, as far as the operator and the CronJob controller can tell: one namespace, versions,
 * generations, fences, finalizers, owners, and the schema of a status. A request is carried out at once; whoever calls it
 * decides how long it takes to get here.
 */
export class VirtualApiServer {
  readonly #clock: Clock
  readonly #objects = new Map<string, ServerObject>([[`namespaces/${namespace}`, acme]])
  readonly #listeners = new Set<ServerListener>()
  #version = 100
  /** Refuses a write as admission or a quota would; undefined: lets it through. */
  admission: (resource: Resource, object: JsonObject) => ApiFailure | undefined = () => undefined
  /** How long an object that is deleted in the foreground waits for its dependents; it goes at once unless told otherwise. */
  draining: (resource: Resource, drained: () => void) => void = (_resource, drained) => drained()
  /** When the garbage collector comes to the dependents of what was deleted; at once unless told otherwise. */
  collecting: (collect: () => void) => void = (collect) => collect()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  subscribe(listener: ServerListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get(resource: Resource, name: string): ServerObject | undefined {
    return this.#objects.get(`${resource}/${name}`)
  }

  list(resource: Resource): readonly ServerObject[] {
    return [...this.#objects].filter(([key]) => key.startsWith(`${resource}/`)).map(([, object]) => object)
  }

  create(resource: Resource, body: JsonObject): ServerObject {
    const metadata = objectOf(body.metadata)
    const name = textOf(metadata.name)
    if (this.get(resource, name) !== undefined) throw refusal(409, 'AlreadyExists', name)
    this.#admit(resource, body)
    this.#version++
    const object = {
      ...kinds[resource],
      ...body,
      metadata: {
        ...metadata,
        name,
        namespace: resource === 'namespaces' ? '' : namespace,
        uid: metadata.uid ?? `${resource}-${this.#version}`,
        resourceVersion: String(this.#version),
        generation: metadata.generation ?? 1,
        creationTimestamp: metadata.creationTimestamp ?? formatInstant(this.#clock.now()),
      },
    }
    const created = this.#put(resource, undefined, serverObject(withDefaults(resource, object)))
    for (const { uid } of created.metadata.ownerReferences ?? []) if (!this.#exists(uid)) this.collecting(() => this.#collect(uid, false))
    return created
  }

  #exists(uid: string): boolean {
    return [...this.#objects.values()].some(({ metadata }) => metadata.uid === uid)
  }

  /** A write to everything but status. The fence, where there is one, is what the API server compares: 409. */
  jsonPatch(resource: Resource, name: string, operations: readonly Operation[]): ServerObject {
    const before = this.#existing(resource, name)
    const patched = operations.reduce<Json>((target, operation) => operated(target, pointer(operation.path), operation), asJson(before))
    if (!isJsonObject(patched) || !isJsonObject(patched.metadata)) throw refusal(422, 'Invalid', name)
    this.#fence(before, patched.metadata)
    this.#admit(resource, patched)
    return this.#replace(resource, before, { ...patched, status: asJson(before).status })
  }

  /** A write to everything but status. */
  mergePatch(resource: Resource, name: string, patch: JsonObject): ServerObject {
    const before = this.#existing(resource, name)
    this.#fence(before, objectOf(patch.metadata))
    const { metadata, status: _status, ...rest } = patch
    const { uid: _uid, resourceVersion: _version, ...ofMetadata } = objectOf(metadata)
    const after = merged(asJson(before), { ...rest, metadata: ofMetadata })
    if (resource === 'jobs') checkPodTemplate(before, after)
    this.#admit(resource, after)
    return this.#replace(resource, before, after)
  }

  mergeStatus(resource: Resource, name: string, patch: JsonObject): ServerObject {
    const before = this.#existing(resource, name)
    this.#fence(before, objectOf(patch.metadata))
    const status = merged(before.status, objectOf(patch.status))
    this.#checkStatus(resource, before, status)
    return this.#replace(resource, before, { ...asJson(before), metadata: metadataOfStatus(resource, before, patch), status })
  }

  /** A write by somebody who has just read the object: a user, a controller of Kubernetes, a node. */
  modify(resource: Resource, name: string, change: (object: Body) => JsonObject, resourceVersion?: string): ServerObject {
    const before = this.#existing(resource, name)
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) throw refusal(409, 'Conflict', name)
    const raw = asJson(before)
    return this.#replace(resource, before, change({ ...raw, metadata: objectOf(raw.metadata) }))
  }

  delete(resource: Resource, name: string, options: JsonObject = {}): void {
    const before = this.#existing(resource, name)
    const { uid, resourceVersion } = objectOf(options.preconditions)
    if ((uid ?? before.metadata.uid) !== before.metadata.uid) throw refusal(409, 'Conflict', name)
    if ((resourceVersion ?? before.metadata.resourceVersion) !== before.metadata.resourceVersion) throw refusal(409, 'Conflict', name)
    const policy = before.metadata.finalizers?.includes(orphanFinalizer) === true ? 'Orphan' : options.propagationPolicy
    if (policy === 'Foreground') return this.#drain(resource, before)
    this.#remove(resource, before, policy === 'Orphan')
  }

  #drain(resource: Resource, before: ServerObject): void {
    const { name, uid, deletionTimestamp } = before.metadata
    if (deletionTimestamp === undefined) this.modify(resource, name, (object) => ({ ...object, metadata: { ...object.metadata, deletionTimestamp: formatInstant(this.#clock.now()) } }))
    this.draining(resource, () => {
      const live = this.get(resource, name)
      if (live?.metadata.uid === uid) this.#remove(resource, live, false)
    })
  }

  #remove(resource: Resource, before: ServerObject, isOrphaning: boolean): void {
    this.#objects.delete(`${resource}/${before.metadata.name}`)
    this.#tell(resource, before, undefined)
    this.collecting(() => this.#collect(before.metadata.uid, isOrphaning))
  }

  /** Dependents of an object that is gone: they go as well, unless they are orphaned or have another owner. */
  #collect(uid: string, isOrphaning: boolean): void {
    for (const [key, object] of this.#objects) {
      const owners = object.metadata.ownerReferences ?? []
      if (!owners.some((owner) => owner.uid === uid)) continue
      const rest = owners.filter((owner) => owner.uid !== uid)
      const [resource, name = ''] = key.split('/')
      if (!isResource(resource)) continue
      if (isOrphaning || rest.length > 0) this.#reown(resource, name, rest)
      else this.delete(resource, name, { propagationPolicy: 'Background' })
    }
  }

  #reown(resource: Resource, name: string, owners: readonly OwnerReference[]): void {
    this.modify(resource, name, (object) => ({ ...object, metadata: { ...object.metadata, ownerReferences: owners.map((owner) => ({ ...owner })) } }))
  }

  #existing(resource: Resource, name: string): ServerObject {
    const object = this.get(resource, name)
    if (object === undefined) throw refusal(404, 'NotFound', name)
    return object
  }

  #fence(before: ServerObject, { uid, resourceVersion }: JsonObject): void {
    const { name } = before.metadata
    if (uid !== undefined && uid !== before.metadata.uid) throw refusal(409, 'Conflict', name)
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) throw refusal(409, 'Conflict', name)
  }

  #admit(resource: Resource, object: JsonObject): void {
    const failure = this.admission(resource, object)
    if (failure !== undefined) throw failure
  }

  /** What the CRD's schema, or Kubernetes of its Jobs, would say of a status that the operator writes. */
  #checkStatus(resource: Resource, { metadata: { name }, spec, status: before = {} }: ServerObject, status: JsonObject): void {
    const broken = resource === 'jobs' ? jobStatusProblems(status, before, spec.suspend === true) : []
    if (broken.length > 0) throw new ApiFailure('status', `Job ${name} is invalid: ${broken.join('; ')}`, { code: 422, reason: 'Invalid', objectName: name })
    const kind = ours.find((one) => one === kinds[resource].kind)
    const checked = kind === undefined ? undefined : resourceKinds[kind].status?.strict().safeParse(status)
    if (checked?.success !== false) return
    const causes = checked.error.issues.map(({ path, message }) => ({ reason: 'FieldValueInvalid', field: `status.${path.join('.')}`, message }))
    throw new ApiFailure('status', `the status of ${name} is invalid`, { code: 422, reason: 'Invalid', objectName: name, causes })
  }

  #replace(resource: Resource, before: ServerObject, body: JsonObject): ServerObject {
    const wanted = serverObject(withDefaults(resource, body))
    if (isSameJson(asJson({ ...wanted, metadata: { ...wanted.metadata, resourceVersion: before.metadata.resourceVersion } }), asJson(before))) return before
    const generation = (before.metadata.generation ?? 1) + (isSameJson(wanted.spec, before.spec) ? 0 : 1)
    return this.#put(resource, before, { ...wanted, metadata: { ...wanted.metadata, generation, resourceVersion: String(++this.#version) } })
  }

  #put(resource: Resource, before: ServerObject | undefined, after: ServerObject): ServerObject {
    this.#objects.set(`${resource}/${after.metadata.name}`, after)
    this.#tell(resource, before, after)
    return after
  }

  #tell(resource: Resource, before: ServerObject | undefined, after: ServerObject | undefined): void {
    for (const listener of this.#listeners) listener(resource, before, after)
  }
}

/** Of Kubernetes' own kinds the subresource also takes metadata; of custom resources nothing but status. */
function metadataOfStatus(resource: Resource, before: ServerObject, patch: JsonObject): JsonObject {
  if (resource !== 'jobs') return asJson(before.metadata)
  const { uid: _uid, resourceVersion: _version, ...rest } = objectOf(patch.metadata)
  return merged(asJson(before.metadata), rest)
}

export function refusal(code: number, reason: string, objectName: string): ApiFailure {
  return new ApiFailure('status', `${reason}: ${objectName}`, { code, reason, objectName })
}

export function isResource(name: string | undefined): name is Resource {
  return name !== undefined && name in kinds
}

/** JSON as the object that it is meant to be. */
export function serverObject(body: JsonObject): ServerObject {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- test data: whatever reads it decodes it
  return body as unknown as ServerObject
}

/** Kubernetes: only of a Job that is suspended and has never started may the annotations of its pods be changed. */
function checkPodTemplate({ metadata: { name }, spec, status }: ServerObject, after: JsonObject): void {
  if (isSameJson(spec.template, objectOf(after.spec).template) || (spec.suspend === true && status?.startTime === undefined)) return
  throw new ApiFailure('status', `Job ${name} is invalid: spec.template: field is immutable`, { code: 422, reason: 'Invalid', objectName: name })
}

/** RFC 7386. */
function merged(target: Json | undefined, patch: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = isJsonObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = isJsonObject(value) ? merged(result[name], value) : value
  }
  return result
}

/** RFC 6901. */
function pointer(path: string): readonly string[] {
  return path.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** RFC 6902, on members of objects. */
function operated(target: Json | undefined, [first, ...rest]: readonly string[], operation: Operation): Json {
  if (!isJsonObject(target) || first === undefined) throw refusal(422, 'Invalid', operation.path)
  if (rest.length > 0) return { ...target, [first]: operated(target[first], rest, operation) }
  if (operation.op !== 'add' && target[first] === undefined) throw refusal(422, 'Invalid', operation.path)
  const { [first]: _removed, ...others } = target
  return operation.op === 'remove' ? others : { ...target, [first]: operation.value ?? null }
}

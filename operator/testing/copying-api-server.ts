import { isJsonObject, isSameJson } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { apiVersion } from '../model/names.ts'
import { type Exchange, FakeApiServer, statusOf } from './fake-api-server.ts'
import { type ManagedObject, type Manager, applied, edited } from './field-managers.ts'
import { objectOf, objectsIn, textOf } from './json-reading.ts'

interface Kept extends ManagedObject {
  readonly path: string
}

/**
 * An API server over real sockets that keeps our kinds, as far as copying asks for: pages, uncached reads, server-side apply with its
 * owners and conflicts, fences, dry runs, statuses. It answers at once; `meets` comes before, and may answer itself.
 */
export class CopyingApiServer {
  readonly fake: FakeApiServer
  readonly #kept = new Map<string, Kept>()
  #version = 100
  #uids = 0
  #inFlight = 0
  /** Requests as `METHOD path`, in their order. */
  readonly asked: string[] = []
  mostInFlight = 0
  /** Objects made by an apply, by their paths. */
  readonly made: string[] = []
  largestPage = 0
  /** Events that were made. */
  readonly events: JsonObject[] = []
  /** Told of each object that is new, or as it is now; and of each that is gone, as it was. */
  changed: (object: JsonObject, isGone: boolean) => void = () => undefined
  /** True: it has been answered. */
  meets: (exchange: Exchange) => boolean | Promise<boolean> = () => false

  private constructor(fake: FakeApiServer) {
    this.fake = fake
    void this.#serve()
  }

  static async start(): Promise<CopyingApiServer> {
    return new CopyingApiServer(await FakeApiServer.start())
  }

  /** Writes that the operator has asked for, without dry runs. */
  get writes(): readonly string[] {
    return this.asked.filter((one) => one.startsWith('PATCH'))
  }

  /** As somebody else makes it. */
  put(resource: string, namespace: string, object: JsonObject, manager = 'kubectl'): void {
    const { name } = objectOf(object['metadata'])
    const managed = { object: {}, managers: [] }
    const made = applied(managed, object, { manager, force: true })
    if (!made.ok) return
    const { labels, annotations } = objectOf(object['metadata'])
    const identity = { name: textOf(name), namespace, uid: `uid-${(this.#uids += 1)}`, creationTimestamp: '2026-01-01T00:00:00Z', ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }) }
    this.#keep(pathOf(resource, namespace, textOf(name)), { ...made.managed, managers: made.managed.managers.map((one) => ({ ...one, operation: 'Update' })), object: { ...object, apiVersion, metadata: identity } })
  }

  /** As `kubectl edit` does. Undefined: the field is removed. */
  edit(resource: string, namespace: string, name: string, changes: Readonly<Record<string, Json | undefined>>): void {
    const path = pathOf(resource, namespace, name)
    const kept = this.#kept.get(path)
    if (kept !== undefined) this.#keep(path, edited(kept, Object.entries(changes).map(([field, value]) => [field.split('.'), value] as const), 'kubectl-edit'))
  }

  remove(resource: string, namespace: string, name: string): void {
    const path = pathOf(resource, namespace, name)
    const kept = this.#kept.get(path)
    this.#kept.delete(path)
    if (kept !== undefined) this.changed(shown(kept), true)
  }

  get(resource: string, namespace: string, name: string): JsonObject | undefined {
    const kept = this.#kept.get(pathOf(resource, namespace, name))
    return kept && shown(kept)
  }

  /** All of a namespace, by their paths, sorted. */
  all(resource: string, namespace: string): readonly JsonObject[] {
    return this.#list(`${base}/namespaces/${namespace}/${resource}`).map(shown)
  }

  /** As a list of everything tells it. */
  everything(): readonly JsonObject[] {
    return [...this.#kept.values()].map(shown)
  }

  stop(): Promise<void> {
    return this.fake.stop()
  }

  async #serve(): Promise<void> {
    for (;;) void this.#answer(await this.fake.next())
  }

  async #answer(exchange: Exchange): Promise<void> {
    this.mostInFlight = Math.max(this.mostInFlight, (this.#inFlight += 1))
    this.asked.push(`${exchange.method} ${exchange.path}`)
    if (!(await this.meets(exchange))) this.carryOut(exchange)
    this.#inFlight -= 1
  }

  /** Does what is asked, and answers. */
  carryOut(exchange: Exchange): void {
    const { method, path } = exchange
    if (method === 'PATCH') this.#patch(exchange)
    else if (method === 'POST') this.#event(exchange)
    else if (this.#isCollection(path)) this.#page(exchange)
    else this.#read(exchange)
  }

  #isCollection(path: string): boolean {
    return path.slice(base.length).split('/').length === 4
  }

  #list(path: string): readonly Kept[] {
    return [...this.#kept.values()].filter((kept) => kept.path.startsWith(`${path}/`)).toSorted((a, b) => (a.path < b.path ? -1 : 1))
  }

  #page(exchange: Exchange): void {
    const { limit = '500', continue: after = '', labelSelector = '' } = exchange.query
    const wanted = labelSelector === '' ? [] : labelSelector.split(',').map((pair) => pair.split('='))
    const all = this.#list(exchange.path).filter(({ path, object }) => path > after && wanted.every(([key = '', value]) => objectOf(objectOf(object['metadata'])['labels'])[key] === value))
    const page = all.slice(0, Number(limit))
    this.largestPage = Math.max(this.largestPage, page.length)
    exchange.list(String(this.#version), page.map(shown), page.length < all.length ? (page.at(-1)?.path ?? '') : '')
  }

  #read(exchange: Exchange): void {
    const kept = this.#kept.get(exchange.path)
    if (kept === undefined) exchange.refuse(404, 'NotFound', { details: { name: exchange.path.split('/').at(-1) ?? '' } })
    else exchange.answer(200, shown(kept))
  }

  #patch(exchange: Exchange): void {
    const type = exchange.headers.get('content-type')
    if (type === 'application/apply-patch+yaml') this.#apply(exchange)
    else if (type === 'application/json-patch+json') this.#jsonPatch(exchange)
    else this.#status(exchange)
  }

  #apply(exchange: Exchange): void {
    const { path, query, body } = exchange
    const manifest = isJsonObject(body) ? body : {}
    const { resourceVersion, uid } = objectOf(manifest['metadata'])
    const kept = this.#kept.get(path)
    if (kept === undefined && uid !== undefined) return exchange.refuse(409, 'Conflict')
    const [namespace = '', , name = ''] = path.split('/').slice(-3)
    const before = kept ?? { path, managers: [], object: { apiVersion, kind: manifest['kind'], metadata: { name, namespace, creationTimestamp: '2026-01-01T00:00:00Z' } } }
    const result = applied(before, manifest, { manager: query['fieldManager'] ?? '', force: query['force'] === 'true' })
    if (!result.ok) return exchange.refuse(409, 'Conflict', { details: { causes: result.conflicts.map((field) => ({ reason: 'FieldManagerConflict', field, message: 'conflict' })) } })
    const present = objectOf(kept?.object['metadata'])
    if (kept !== undefined && resourceVersion !== undefined && (resourceVersion !== present['resourceVersion'] || (uid !== undefined && uid !== present['uid']))) return exchange.refuse(409, 'Conflict')
    const made = kept === undefined ? { ...result.managed, object: withMetadata(result.managed.object, { uid: `uid-${(this.#uids += 1)}` }) } : result.managed
    if (kept === undefined && query['dryRun'] !== 'All') this.made.push(path)
    exchange.answer(kept === undefined ? 201 : 200, shown(query['dryRun'] === 'All' ? before : this.#keep(path, made)))
  }

  #event(exchange: Exchange): void {
    this.events.push(objectOf(exchange.body))
    exchange.answer(201, objectOf(exchange.body))
  }

  #jsonPatch(exchange: Exchange): void {
    const kept = this.#kept.get(exchange.path)
    const [version, , change] = objectsIn(exchange.body)
    if (kept === undefined) return exchange.refuse(404, 'NotFound')
    if (version?.['value'] !== objectOf(kept.object['metadata'])['resourceVersion']) return exchange.refuse(409, 'Conflict')
    const managers = objectsIn(change?.['value']).map((entry): Manager => ({ ...entry, manager: textOf(entry['manager']), operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update', fieldsV1: objectOf(entry['fieldsV1']) }))
    exchange.answer(200, shown(this.#keep(exchange.path, { ...kept, managers })))
  }

  #status(exchange: Exchange): void {
    const path = exchange.path.replace(/\/status$/, '')
    const kept = this.#kept.get(path)
    const { metadata, status } = objectOf(exchange.body)
    if (kept === undefined) return exchange.answer(404, statusOf(404, 'NotFound'))
    if (objectOf(metadata)['resourceVersion'] !== objectOf(kept.object['metadata'])['resourceVersion']) return exchange.refuse(409, 'Conflict')
    exchange.answer(200, shown(this.#keep(path, { ...kept, object: { ...kept.object, status: merged(kept.object['status'], status) } })))
  }

  #keep(path: string, { object, managers }: ManagedObject): Kept {
    const former = this.#kept.get(path)
    if (former !== undefined && isSameJson(former.object, object) && isSameJson([...former.managers], [...managers])) return former
    const generation = former === undefined ? 1 : Number(objectOf(former.object['metadata'])['generation']) + (isSameJson(former.object['spec'], object['spec']) ? 0 : 1)
    const kept = { path, managers, object: withMetadata(object, { generation, resourceVersion: String((this.#version += 1)) }) }
    this.#kept.set(path, kept)
    this.changed(shown(kept), false)
    return kept
  }
}

const base = `/apis/${apiVersion}`

function pathOf(resource: string, namespace: string, name: string): string {
  return `${base}/namespaces/${namespace}/${resource}/${name}`
}

/** RFC 7386. */
function merged(value: Json | undefined, patch: Json | undefined): Json | undefined {
  if (!isJsonObject(patch)) return patch ?? undefined
  const change = (all: JsonObject, [name, member]: [string, Json | undefined]): JsonObject => {
    const { [name]: former, ...others } = all
    return member === null ? others : { ...all, [name]: merged(former, member) }
  }
  return Object.entries(patch).reduce(change, objectOf(value))
}

function withMetadata(object: JsonObject, metadata: JsonObject): JsonObject {
  return { ...object, metadata: { ...objectOf(object['metadata']), ...metadata } }
}

function shown({ object, managers }: ManagedObject): JsonObject {
  return withMetadata(object, { managedFields: managers.map((one) => ({ apiVersion, fieldsType: 'FieldsV1', ...one })) })
}

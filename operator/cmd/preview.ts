import { type Kind, type ObjectOf, decodeObject } from '../model/decode.ts'
import { decodeManifest, isOfOurGroup } from '../model/decode-manifest.ts'
import { type Instant, formatInstant } from '../model/instant.ts'
import type { IntegrationSet } from '../model/integration-set.ts'
import type { Integration } from '../model/integration.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject, ObjectMeta } from '../model/kubernetes.ts'
import { type Occurrences, occurrencesOf } from '../model/occurrences.ts'
import { type Checked, type Problem, accepted } from '../model/problem.ts'
import { scheduleSchema } from '../model/schedule-schema.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import { scheduleText } from '../model/schedule-text.ts'
import { type Collision, collisionsOf, lockUserName, lockUserOf } from '../plan/lock-crowding.ts'
import { type Preview, type PreviewInput, schedulePreview } from '../plan/preview.ts'
import { type SchedulableKind, type SchedulableSpec, schedulableOf } from '../plan/schedulable.ts'
import { type ObservedTemplate, type ObservedTemplates, integrationNames } from '../plan/templates.ts'
import type { ManifestDocument } from './manifest-file.ts'

/** What `preview` tells of one schedule. Its JSON is kept stable. */
export interface SchedulePreview {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly ready: boolean
  readonly problems: readonly Problem[]
  /** Strictly after `from`; also of a schedule that is suspended, and of one whose other fields are wrong. */
  readonly occurrences: readonly string[]
  readonly cronJob: JsonObject | null
  readonly exactUntil: string | null
  /** What one may not expect: runs that a change of clocks moves, short months, runs close to each other. */
  readonly notes: readonly string[]
}

/** What a person sees besides. */
export interface PreviewDetails {
  readonly preview: SchedulePreview
  readonly scheduleText: string
  readonly timeZone: string
  readonly suspended: boolean
}

export interface Previewed {
  readonly schedules: readonly PreviewDetails[]
  /** About documents that are not schedules: unreadable YAML, an Integration that is wrong. */
  readonly complaints: readonly string[]
}

export interface PreviewOptions {
  readonly namespace: string
  readonly now: Instant
  readonly from: Instant
  readonly count: number
}

/** What the operator would make of these documents at `now`, had they just been applied. Other people's kinds are passed over. */
export function previewOf(documents: readonly ManifestDocument[], options: PreviewOptions): Previewed {
  const broken = documents.flatMap(({ place, errors }) => errors.map((error) => `${place}: ${error}`))
  const ours = documents.filter(({ raw, errors }) => errors.length === 0 && (isOfOurGroup(raw) || !isJsonObject(raw)))
  const [integrations, sets] = [objectsOf('Integration', ours, options), objectsOf('IntegrationSet', ours, options)]
  const raws = ours.map(({ raw }) => raw).filter(isSchedulable)
  const collisions = lockCollisionsIn(raws, { integrations, sets }, options)
  const schedules = raws.map((raw) => detailsOf(raw, { integrations, sets, collisions, siblings: siblingsIn(raws, raw, options) }, options))
  const others = ours.filter(({ raw }) => !isSchedulable(raw)).flatMap(({ place, raw }) => {
    const decoded = decodeManifest(raw)
    return decoded.ok ? [] : decoded.problems.map(({ path, message }) => `${place}: ${path === '' ? '' : `${path}: `}${message}`)
  })
  return { schedules, complaints: [...broken, ...others] }
}

/** A ScheduledIntegration or an IntegrationSet; also one without a schedule, whose members can be wrong. */
function isSchedulable(raw: unknown): boolean {
  return isJsonObject(raw) && (raw['kind'] === 'ScheduledIntegration' || raw['kind'] === 'IntegrationSet')
}

/** Objects of one kind in the documents, by `namespace/name`; also those that are wrong. */
function objectsOf<K extends 'Integration' | 'IntegrationSet'>(kind: K, documents: readonly ManifestDocument[], { namespace, now }: PreviewOptions): ReadonlyMap<string, ObservedTemplate<ObjectOf[K]>> {
  return new Map(documents.flatMap(({ raw }) => {
    if (!isJsonObject(raw) || raw['kind'] !== kind) return []
    const metadata = metadataOf(raw, namespace, now)
    return [[`${metadata.namespace}/${metadata.name}`, { metadata, object: objectOf(kind, raw, metadata) }] as const]
  }))
}

function objectOf<K extends Kind>(kind: K, raw: JsonObject, metadata: ObjectMeta): Checked<ObjectOf[K]> {
  const decoded = decodeManifest(raw)
  return decoded.ok ? decodeObject(kind, { ...decoded.value, metadata }, { metadata, status: undefined }) : decoded
}

/** As the API server would fill it in now. */
function metadataOf(raw: JsonObject, namespace: string, now: Instant): ObjectMeta {
  const given = isJsonObject(raw['metadata']) ? raw['metadata'] : {}
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  return {
    name: text(given['name']) ?? text(given['generateName']) ?? '',
    namespace: text(given['namespace']) ?? namespace,
    uid: '',
    resourceVersion: '',
    generation: 1,
    creationTimestamp: formatInstant(now),
  }
}

interface Context {
  /** By `namespace/name`. */
  readonly integrations: ReadonlyMap<string, ObservedTemplate<Integration>>
  readonly sets: ReadonlyMap<string, ObservedTemplate<IntegrationSet>>
  readonly siblings: PreviewInput['siblings']
  /** By namespace, then by `lockUserName`. */
  readonly collisions: ReadonlyMap<string, ReadonlyMap<string, Collision>>
}

/** The other enabled schedules of the same template and namespace in these documents. */
function siblingsIn(raws: readonly unknown[], raw: unknown, options: PreviewOptions): PreviewInput['siblings'] {
  const own = scheduledIn(raw, options)
  return raws.filter((other) => other !== raw).flatMap((other) => {
    const found = scheduledIn(other, options)
    return found === undefined || found.template !== own?.template || found.isSuspended ? [] : [found]
  })
}

function scheduledIn(raw: unknown, options: PreviewOptions): (PreviewInput['siblings'][number] & { readonly template: string; readonly isSuspended: boolean }) | undefined {
  if (!isJsonObject(raw)) return undefined
  const metadata = metadataOf(raw, options.namespace, options.now)
  const spec = schedulableIn(raw, metadata)
  if (!spec.ok || spec.value.schedule === undefined) return undefined
  const { target, schedule, suspend } = spec.value
  return { name: lockUserName(kindOf(raw), metadata), schedule, template: `${target.kind} ${metadata.namespace}/${target.name}`, isSuspended: suspend === true }
}

/** Of the enabled schedules of each namespace, as far as they are in these documents. */
function lockCollisionsIn(raws: readonly unknown[], templates: Pick<Context, 'integrations' | 'sets'>, options: PreviewOptions): Context['collisions'] {
  const users = raws.filter(isJsonObject).flatMap((raw) => {
    const metadata = metadataOf(raw, options.namespace, options.now)
    const spec = schedulableIn(raw, metadata)
    const user = spec.ok ? lockUserOf(lockUserName(kindOf(raw), metadata), spec.value, templatesFor(metadata, spec.value, templates)) : undefined
    return user === undefined ? [] : [{ namespace: metadata.namespace, user }]
  })
  const namespaces = Map.groupBy(users, ({ namespace }) => namespace)
  return new Map([...namespaces].map(([namespace, all]) => [namespace, collisionsOf(all.map(({ user }) => user), options.now)]))
}

function schedulableIn(raw: JsonObject, metadata: ObjectMeta): Checked<SchedulableSpec> {
  const object = objectOf(kindOf(raw), raw, metadata)
  return object.ok ? accepted(schedulableOf(object.value)) : object
}

function kindOf(raw: JsonObject): SchedulableKind {
  return raw['kind'] === 'IntegrationSet' ? 'IntegrationSet' : 'ScheduledIntegration'
}

function detailsOf(raw: unknown, context: Context, options: PreviewOptions): PreviewDetails {
  const object = isJsonObject(raw) ? raw : {}
  const metadata = metadataOf(object, options.namespace, options.now)
  const spec = schedulableIn(object, metadata)
  const schedule = scheduleIn(object)
  const occurrences = schedule === undefined ? undefined : occurrencesOf(schedule)
  const result: Preview = spec.ok
    ? schedulePreview({ kind: kindOf(object), metadata, spec, templates: templatesFor(metadata, spec.value, context), siblings: context.siblings, collision: context.collisions.get(metadata.namespace)?.get(lockUserName(kindOf(object), metadata)), now: options.now })
    : { problems: [...spec.problems, ...(occurrences?.ok === false ? occurrences.problems : [])], cronJob: undefined, exactUntil: undefined, notes: [] }
  const { kind } = object
  return {
    preview: {
      kind: typeof kind === 'string' ? kind : '',
      namespace: metadata.namespace,
      name: metadata.name,
      ready: result.problems.length === 0,
      problems: result.problems.map(({ path, message }) => ({ path, message })),
      occurrences: occurrences?.ok === true ? nextTexts(occurrences.value, options) : [],
      cronJob: result.cronJob ?? null,
      exactUntil: result.exactUntil === undefined ? null : formatInstant(result.exactUntil),
      notes: result.notes,
    },
    scheduleText: schedule === undefined || occurrences?.ok !== true ? '' : scheduleText(schedule),
    timeZone: schedule?.timeZone ?? 'Etc/UTC',
    suspended: isJsonObject(object['spec']) && object['spec']['suspend'] === true,
  }
}

/** The schedule alone, so that its dates and its problems are told although something else is wrong. */
function scheduleIn({ spec }: JsonObject): Schedule | undefined {
  const parsed = scheduleSchema.safeParse(isJsonObject(spec) ? spec['schedule'] : undefined)
  return parsed.success ? parsed.data : undefined
}

function nextTexts(occurrences: Occurrences, { from, count }: PreviewOptions): readonly string[] {
  const texts: string[] = []
  for (let at = occurrences.next(from); at !== undefined && texts.length < count; at = occurrences.next(at)) texts.push(formatInstant(at))
  return texts
}

function templatesFor({ namespace }: ObjectMeta, { target }: SchedulableSpec, { integrations, sets }: Pick<Context, 'integrations' | 'sets'>): ObservedTemplates {
  const set = target.kind === 'IntegrationSet' ? sets.get(`${namespace}/${target.name}`) : undefined
  const found = integrationNames(target, set).flatMap((name) => {
    const integration = integrations.get(`${namespace}/${name}`)
    return integration === undefined ? [] : [[name, integration] as const]
  })
  return { set, integrations: new Map(found) }
}

import { type Manifest, decodeManifest, isOfOurGroup } from '../model/decode-manifest.ts'
import { type Instant, formatInstant } from '../model/instant.ts'
import type { Integration } from '../model/integration.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject, ObjectMeta } from '../model/kubernetes.ts'
import { type Occurrences, occurrencesOf } from '../model/occurrences.ts'
import { type Checked, type Problem, accepted } from '../model/problem.ts'
import { scheduleSchema } from '../model/schedule-schema.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import { scheduleText } from '../model/schedule-text.ts'
import type { ObservedTemplate } from '../plan/observed.ts'
import { type Preview, type PreviewInput, schedulePreview } from '../plan/preview.ts'
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
  const templates = templatesIn(ours, options)
  const raws = ours.map(({ raw }) => raw).filter(isSchedule)
  const schedules = raws.map((raw) => detailsOf(raw, { templates, siblings: siblingsIn(raws, raw, options) }, options))
  const others = ours.filter(({ raw }) => !isSchedule(raw)).flatMap(({ place, raw }) => {
    const decoded = decodeManifest(raw)
    return decoded.ok ? [] : decoded.problems.map(({ path, message }) => `${place}: ${path === '' ? '' : `${path}: `}${message}`)
  })
  return { schedules, complaints: [...broken, ...others] }
}

/** A ScheduledIntegration, or an IntegrationSet that has a schedule of its own. */
function isSchedule(raw: unknown): boolean {
  if (!isJsonObject(raw)) return false
  return raw['kind'] === 'ScheduledIntegration' || (raw['kind'] === 'IntegrationSet' && isJsonObject(raw['spec']) && raw['spec']['schedule'] !== undefined)
}

/** By `namespace/name`. */
function templatesIn(documents: readonly ManifestDocument[], { namespace, now }: PreviewOptions): ReadonlyMap<string, ObservedTemplate> {
  return new Map(documents.flatMap(({ raw }) => {
    if (!isJsonObject(raw) || raw['kind'] !== 'Integration') return []
    const metadata = metadataOf(raw, namespace, now)
    const decoded = decodeManifest(raw)
    const object = decoded.ok ? integrationOf(decoded.value, metadata) : decoded
    return object === undefined ? [] : [[`${metadata.namespace}/${metadata.name}`, { metadata, object }] as const]
  }))
}

function integrationOf(manifest: Manifest, metadata: ObjectMeta): Checked<Integration> | undefined {
  return manifest.kind === 'Integration' ? accepted({ ...manifest, metadata }) : undefined
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
  readonly templates: ReadonlyMap<string, ObservedTemplate>
  readonly siblings: PreviewInput['siblings']
}

/** The other enabled schedules of the same Integration and namespace in these documents. */
function siblingsIn(raws: readonly unknown[], raw: unknown, options: PreviewOptions): PreviewInput['siblings'] {
  const own = scheduledIn(raw, options)
  return raws.filter((other) => other !== raw).flatMap((other) => {
    const found = scheduledIn(other, options)
    return found === undefined || found.template !== own?.template || found.isSuspended ? [] : [found]
  })
}

function scheduledIn(raw: unknown, { namespace, now }: PreviewOptions): (PreviewInput['siblings'][number] & { readonly template: string; readonly isSuspended: boolean }) | undefined {
  const decoded = decodeManifest(raw)
  if (!decoded.ok || decoded.value.kind !== 'ScheduledIntegration' || !isJsonObject(raw)) return undefined
  const { spec } = decoded.value
  const metadata = metadataOf(raw, namespace, now)
  return { name: metadata.name, schedule: spec.schedule, template: `${metadata.namespace}/${spec.integrationRef.name}`, isSuspended: spec.suspend === true }
}

function detailsOf(raw: unknown, context: Context, options: PreviewOptions): PreviewDetails {
  const object = isJsonObject(raw) ? raw : {}
  const metadata = metadataOf(object, options.namespace, options.now)
  const decoded = decodeManifest(raw)
  const schedule = scheduleIn(object)
  const occurrences = schedule === undefined ? undefined : occurrencesOf(schedule)
  const result = decoded.ok
    ? planned(decoded.value, metadata, context, options)
    : { problems: [...decoded.problems, ...(occurrences?.ok === false ? occurrences.problems : [])], cronJob: undefined, exactUntil: undefined, notes: [] }
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

function planned(manifest: Manifest, metadata: ObjectMeta, { templates, siblings }: Context, { now }: PreviewOptions): Preview {
  if (manifest.kind !== 'ScheduledIntegration') {
    return { problems: [{ path: 'kind', message: 'not supported yet: this version does not act on objects of kind IntegrationSet' }], cronJob: undefined, exactUntil: undefined, notes: [] }
  }
  const template = templates.get(`${metadata.namespace}/${manifest.spec.integrationRef.name}`)
  return schedulePreview({ metadata, spec: accepted(manifest.spec), template, siblings, now })
}

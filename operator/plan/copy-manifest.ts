import { isJsonObject } from '../model/json.ts'
import type { Json, JsonObject, ObjectMeta } from '../model/kubernetes.ts'
import { annotation, apiVersion, label } from '../model/names.ts'
import { metadataOf, specOf, textOf, textsIn } from '../model/raw-object.ts'
import type { TenantCloneSpec } from '../model/tenant-clone.ts'
import type { CopyOrder } from './copy-order.ts'
import { copiedTexts } from './tracking-metadata.ts'

type Override = NonNullable<TenantCloneSpec['overrides']>[number]

/**
 * What a copy is to be: name, labels, annotations and spec of its source, without what belongs to the source alone, with the
 * overrides, and with what says that it is a copy. Of `suspend` it says what `suspend` says (undefined: nothing), whatever the source does.
 */
export function copyManifest(source: JsonObject, order: CopyOrder, suspend: true | undefined): JsonObject {
  const { excludeMetadata = [] } = order.spec
  const marks = copyMarks(source, order)
  const { suspend: _theirs, ...spec } = overriddenSpec(source, order.spec.overrides ?? [])
  return {
    apiVersion,
    kind: source['kind'],
    metadata: {
      ...marks.metadata,
      labels: { ...copiedTexts(textsIn(source, 'labels'), excludeMetadata), ...marks.metadata.labels },
      annotations: { ...copiedTexts(textsIn(source, 'annotations'), excludeMetadata), ...marks.metadata.annotations },
    },
    spec: { ...spec, ...(suspend !== undefined && { suspend }) },
  }
}

/** Only what says that it is a copy, and of what. */
export function copyMarks(source: JsonObject, { clone, spec, requestId }: CopyOrder) {
  const { name, uid, generation } = metadataOf(source)
  return {
    apiVersion,
    kind: source['kind'],
    metadata: {
      name,
      namespace: clone.namespace,
      labels: { [label.clone]: clone.name },
      annotations: {
        [annotation.sourceNamespace]: spec.source.namespace,
        [annotation.sourceUid]: textOf(uid),
        [annotation.sourceGeneration]: textOf(generation),
        ...(requestId !== undefined && { [annotation.request]: requestId }),
      },
    },
  }
}

/** Whether it carries the marks of a copy that this TenantClone made. */
export function isMarked({ labels, annotations }: Pick<ObjectMeta, 'labels' | 'annotations'>, { clone, spec }: { readonly clone: Pick<CopyOrder['clone'], 'name'>; readonly spec: TenantCloneSpec }): boolean {
  return labels?.[label.clone] === clone.name && annotations?.[annotation.sourceNamespace] === spec.source.namespace
}

/** Whether an object runs by itself, so that `suspend` means something in it: a set without a schedule is a template. */
export function isSchedulable({ kind, spec }: JsonObject): boolean {
  return kind === 'ScheduledIntegration' || (kind === 'IntegrationSet' && isJsonObject(spec) && isJsonObject(spec['schedule']))
}

function overriddenSpec(source: JsonObject, overrides: readonly Override[]): JsonObject {
  const spec = specOf(source)
  const override = overrides.find(({ kind, name }) => kind === source['kind'] && name === metadataOf(source)['name'])
  if (override === undefined || !isSchedulable(source)) return spec
  const { timeZone, startDate, runName, parameters, files } = override
  const schedule = spec['schedule']
  return {
    ...spec,
    ...(isJsonObject(schedule) && { schedule: { ...schedule, ...(timeZone !== undefined && { timeZone }), ...(startDate !== undefined && { startDate }) } }),
    ...(runName !== undefined && { runName }),
    ...(parameters !== undefined && { parameters: inPlaceOf(spec['parameters'], parameters) }),
    ...(files !== undefined && { files: inPlaceOf(spec['files'], files) }),
  }
}

/** Entries of the same name are replaced whole, so that a value never stands beside another source of it. */
function inPlaceOf(listed: Json | undefined, given: readonly { readonly name: string }[]): Json {
  const byName = new Map<Json | undefined, Json>(given.map((entry) => [entry.name, { ...entry }]))
  const known = Array.isArray(listed) ? listed.map((entry: Json) => (isJsonObject(entry) ? byName.get(entry['name']) ?? entry : entry)) : []
  const names = new Set(known.map((entry) => (isJsonObject(entry) ? entry['name'] : undefined)))
  return [...known, ...[...byName].flatMap(([name, entry]) => (names.has(name) ? [] : [entry]))]
}

import type { Json, JsonObject } from '../model/kubernetes.ts'
import { apiVersion, cloneManager } from '../model/names.ts'
import type { CopyOrder } from '../plan/copy-order.ts'
import { decideCopy } from '../plan/copy-decision.ts'
import type { ApplyDecision, CopyDecision } from '../plan/copy-draft.ts'
import { type ManagedObject, type Manager, applied, edited } from './field-managers.ts'
import { objectOf, objectsIn, textOf } from './json-reading.ts'

/** Objects of a source and of a target, raw as the API server has them, with who owns which fields. Source `acme`, target `acme-test`. */

export const uidOfTarget = 'uid-in-target'

export function orderOf(given: Partial<Omit<CopyOrder, 'spec'>> & { readonly spec?: Partial<CopyOrder['spec']> } = {}): CopyOrder {
  const { spec, ...rest } = given
  return {
    clone: { namespace: 'acme-test', name: 'from-acme', uid: 'clone-uid' },
    clones: ['from-acme', 'other'],
    action: 'Clone',
    requestId: undefined,
    dryRun: false,
    ...rest,
    spec: { source: { namespace: 'acme' }, onConflict: 'Skip', ...spec },
  }
}

export function sourceOf(kind: 'Integration' | 'IntegrationSet' | 'ScheduledIntegration', spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : 'payroll'
  return { apiVersion, kind, metadata: { name, namespace: 'acme', uid: `uid-of-${name}`, resourceVersion: '77', generation: 3, creationTimestamp: '2026-03-01T00:00:00Z', ...metadata }, spec: { ...specs[kind], ...spec } }
}

const schedule = { timeZone: 'Etc/UTC', startDate: '2026-03-02', startTime: '02:30', recurrence: { byDay: { every: 1 } } }
const specs = {
  Integration: { container: { image: 'registry.example.com/export:1' } },
  IntegrationSet: { members: [{ name: 'a', integrationRef: { name: 'a' } }, { name: 'b', integrationRef: { name: 'b' } }], execution: 'Sequential' },
  ScheduledIntegration: { integrationRef: { kind: 'Integration', name: 'export' }, schedule, parameters: [{ name: 'payPeriod', value: 'Previous' }] },
} as const

/** The copy that a first pass makes of a source. */
export function copyOf(source: JsonObject, order: CopyOrder = orderOf()): JsonObject {
  const { manifest } = appliedBy(decideCopy(source, undefined, { ...order, action: 'Clone', requestId: undefined, dryRun: false }, false))
  return afterApply({ manifest, force: false }, undefined)
}

/** An object in the target that somebody has made with kubectl. */
export function strangerOf(source: JsonObject, spec: JsonObject = {}, texts: { readonly labels?: JsonObject; readonly annotations?: JsonObject } = {}): JsonObject {
  const manifest = { kind: source['kind'], metadata: { name: objectOf(source['metadata'])['name'], namespace: 'acme-test', ...texts }, spec: { ...objectOf(source['spec']), ...spec } }
  return afterApply({ manifest, force: false }, undefined, 'kubectl')
}

/** Fields of the spec (`schedule.timeZone`) that somebody has changed, or (undefined) removed: theirs from then on. */
export function changed(live: JsonObject, fields: Readonly<Record<string, Json | undefined>>, manager = 'kubectl-edit'): JsonObject {
  return raw(edited(managed(live), Object.entries(fields).map(([field, value]) => [['spec', ...field.split('.')], value] as const), manager))
}

/** With these labels or annotations beside its own. */
export function marked(object: JsonObject, texts: { readonly labels?: JsonObject; readonly annotations?: JsonObject }): JsonObject {
  const metadata = objectOf(object['metadata'])
  return { ...object, metadata: { ...metadata, labels: { ...objectOf(metadata['labels']), ...texts.labels }, annotations: { ...objectOf(metadata['annotations']), ...texts.annotations } } }
}

export function appliedBy(decision: CopyDecision): ApplyDecision {
  if (decision.kind !== 'apply') throw new Error(`nothing is written: ${JSON.stringify(decision.item)}`)
  return decision
}

/** What the API server has when it has accepted the manifest. Throws where it would answer with a conflict. */
export function afterApply({ manifest, force }: Pick<ApplyDecision, 'manifest' | 'force'>, live: JsonObject | undefined, manager: string = cloneManager): JsonObject {
  const { name, namespace } = objectOf(manifest['metadata'])
  const before = live === undefined ? { object: { apiVersion, kind: manifest['kind'], metadata: { name, namespace, uid: uidOfTarget, resourceVersion: '8', generation: 1 } }, managers: [] } : managed(live)
  const result = applied(before, manifest, { manager, force })
  if (!result.ok) throw new Error(`a conflict: ${result.conflicts.join(', ')}`)
  return raw(result.managed)
}

/** Fields that others own and want to have other values. */
export function conflictsOf({ manifest, force }: ApplyDecision, live: JsonObject): readonly string[] {
  const result = applied(managed(live), manifest, { manager: cloneManager, force })
  return result.ok ? [] : result.conflicts
}

function managed({ metadata, ...object }: JsonObject): ManagedObject {
  const { managedFields, ...rest } = objectOf(metadata)
  const managers = objectsIn(managedFields).map((entry): Manager => ({ ...entry, manager: textOf(entry['manager']), operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update', fieldsV1: objectOf(entry['fieldsV1']) }))
  return { object: { ...object, metadata: rest }, managers }
}

function raw({ object, managers }: ManagedObject): JsonObject {
  return { ...object, metadata: { ...objectOf(object['metadata']), managedFields: managers.map((one) => ({ apiVersion, fieldsType: 'FieldsV1', ...one })) } }
}

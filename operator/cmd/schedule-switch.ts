import { isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label } from '../model/names.ts'
import { metadataOf, specOf, textsIn } from '../model/raw-object.ts'

/** What a person wants of schedules. */
export type SwitchOrder =
  | { readonly direction: 'disable' }
  /** `namespaceUid`: of their namespace; says to the operator that they are to run in this tenant, not just in the one they were copied from. */
  | { readonly direction: 'enable'; readonly namespaceUid: string; readonly keepSuspended: boolean }

export type SwitchStep =
  | { readonly kind: 'leave'; readonly result: string }
  /** A merge patch. It names the object's UID: one that was deleted and made again meanwhile is another, which nobody has looked at. */
  | { readonly kind: 'patch'; readonly patch: JsonObject; readonly result: string }

/** Not `kubectl...`: Flux takes fields away from managers of such names. */
export const switchManager = { enable: 'integrations-enable', disable: 'integrations-disable' } as const

/**
 * What is to be written on a schedule, or a set with one. Without `keepSuspended` enabling makes `suspend: false`, which is also what
 * activates a copy of our own; the annotation `activate` releases what is held as a copy that others made (cloning.md section 4).
 */
export function switchStep(object: JsonObject, order: SwitchOrder): SwitchStep {
  const isOff = isSwitchedOff(object)
  const metadata = metadataOf(object)
  const { uid } = metadata
  if (order.direction === 'disable') {
    if (specOf(object)['suspend'] === true) return { kind: 'leave', result: 'disabled already' }
    return { kind: 'patch', patch: { metadata: { uid }, spec: { suspend: true } }, result: 'disabled' }
  }
  if (isOff && order.keepSuspended) return { kind: 'leave', result: 'left suspended' }
  const annotations = textsIn(object, 'annotations')
  const isAtHome = [annotations[annotation.home], annotations[annotation.activate]].includes(order.namespaceUid)
  if (!isOff && isAtHome) return { kind: 'leave', result: 'enabled already' }
  const patch = { metadata: { uid, annotations: { [annotation.activate]: order.namespaceUid } }, spec: { suspend: false } }
  return { kind: 'patch', patch, result: 'enabled' }
}

/** On a copy of our own no word about `suspend` means that nobody has enabled it yet. */
function isSwitchedOff(object: JsonObject): boolean {
  const { suspend } = specOf(object)
  return suspend === true || (suspend !== false && textsIn(object, 'labels')[label.clone] !== undefined)
}

const pipelines = /^(argocd|kustomize-controller|helm)/

/** The pipeline that has written `suspend` from Git, or from a chart, and may do it again. */
export function pipelineOfSuspend(object: JsonObject): string | undefined {
  const { managedFields } = metadataOf(object)
  if (!Array.isArray(managedFields)) return undefined
  const writers = managedFields.filter(isJsonObject).filter((entry) => 'f:suspend' in member(member(entry, 'fieldsV1'), 'f:spec'))
  return writers.flatMap(({ manager }) => (typeof manager === 'string' && pipelines.test(manager) ? [manager] : []))[0]
}

function member(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isJsonObject(value) ? value : {}
}

import { schedulingFields } from '../model/integration-set.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { othersFields, ownFields, subtree } from './field-ownership.ts'

/**
 * Of a copy of a set whose source has a schedule no more: what others own of the schedule, and of what the API server takes only beside
 * one. It would stay without ours, and the whole object be refused, or stop saying `suspend: true`. Nothing if none of that is ours.
 * Paths as the API server writes them.
 */
export function keptWithoutSchedule(live: JsonObject): readonly string[] {
  const [ours, theirs] = [ownFields(live), othersFields(live)].map((tree) => subtree(tree, 'f:spec'))
  const names = ['schedule', ...schedulingFields]
  if (names.every((name) => subtree(ours, `f:${name}`) === undefined)) return []
  return names.filter((name) => subtree(theirs, `f:${name}`) !== undefined).map((name) => `.spec.${name}`)
}

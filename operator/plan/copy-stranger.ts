import { isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label } from '../model/names.ts'
import { metadataOf, specOf, textsIn } from '../model/raw-object.ts'
import { type CopyDecision, type Met, applied, failure, left } from './copy-draft.ts'
import { copyMarks, isSchedulable } from './copy-manifest.ts'
import type { CopyOrder } from './copy-order.ts'
import { coveredPart, ownFields } from './field-ownership.ts'

/** Why it is no copy of ours. Copies are told by their label, and by UID and namespace of their source. */
export function strangerText(live: JsonObject, source: JsonObject, { clone, clones, spec }: CopyOrder): string | undefined {
  const maker = textsIn(live, 'labels')[label.clone]
  if (maker !== undefined && maker !== clone.name) return `it is a copy that TenantClone ${maker} made${clones.includes(maker) ? '' : ', which is gone'}`
  const { [annotation.sourceNamespace]: namespace, [annotation.sourceUid]: uid } = textsIn(live, 'annotations')
  if (maker === undefined || namespace !== spec.source.namespace) return 'an object of this name is here that this TenantClone did not copy'
  return uid === metadataOf(source)['uid'] ? undefined : 'it is a copy of another object that had this name in the source'
}

/** What onConflict says of it; `message`: why it is no copy of ours. */
export function ofStranger(given: Met, message: string): CopyDecision {
  const { live, order } = given
  const { onConflict } = order.spec
  const maker = textsIn(live, 'labels')[label.clone]
  // Of one that is there: both would take it again and again.
  const isOfOtherClone = maker !== undefined && maker !== order.clone.name && order.clones.includes(maker)
  if (onConflict === 'Fail') return failure(given.source, 'NotOurs', `${message}: rename one of the two, or set onConflict`)
  if (onConflict === 'Skip' || isOfOtherClone) return left(given, 'Skipped', { reason: 'NotOurs', message: isOfOtherClone ? message : `${message}: onConflict: Adopt takes it over` })
  // A copy without suspend is held, and this may be at work.
  if (isSchedulable(live) && specOf(live)['suspend'] === undefined) return failure(given.source, 'NotOurs', 'to be adopted, it has to say what it is: set spec.suspend to true or false')
  return adopted(given)
}

/**
 * Marks alone, since whatever it says was said by others. What copying owns in it nevertheless, as in a copy that lost its label, is said
 * again as it is there: left out, it would go. Marks that others have said (kubectl has applied a dump, say) are taken by force, which
 * reaches nothing else: whatever else is said is so in the very version that it goes upon.
 */
function adopted(given: Met): CopyDecision {
  const { live, source, order } = given
  const marks = copyMarks(source, order)
  const own = ownFields(live)
  const known = own === undefined ? {} : coveredPart(own, live)
  const before = isJsonObject(known) ? known : {}
  // What a TenantClone that is gone was asked for has not been done for this one, also if their ids are the same.
  const { [annotation.request]: _id, [annotation.outcome]: _outcome, ...annotations } = textsIn(before, 'annotations')
  const undone = textsIn(live, 'annotations')[annotation.request] === undefined ? {} : { [annotation.request]: '' }
  const manifest = {
    ...marks,
    metadata: { ...marks.metadata, labels: { ...textsIn(before, 'labels'), ...marks.metadata.labels }, annotations: { ...annotations, ...undone, ...marks.metadata.annotations } },
    ...(isJsonObject(before['spec']) && { spec: before['spec'] }),
  }
  return { ...applied({ ...given, kept: [] }, manifest, { was: 'there', result: 'Adopted' }), force: true }
}

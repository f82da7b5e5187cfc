import type { CopyItem } from '../model/copying.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, apiVersion } from '../model/names.ts'
import { metadataOf, specOf, textOf, textsIn } from '../model/raw-object.ts'
import type { EventDraft } from './action.ts'
import { type ApplyDecision, type Case, type CopyDecision, type LeaveDecision, type Met, applied, failure, left } from './copy-draft.ts'
import { asDryRun, failedItem, keptTexts, named } from './copy-item.ts'
import { copyManifest, isSchedulable } from './copy-manifest.ts'
import type { CopyOrder } from './copy-order.ts'
import { outcomeOn, withRequestOf } from './copy-outcome.ts'
import { ofStranger, strangerText } from './copy-stranger.ts'
import { withoutField } from './field-at.ts'
import { handback, isKeptByOthers, ownFields, reachesBeyond, takeover } from './field-ownership.ts'
import { isIncluded } from './inclusion.ts'
import { keptAlternatives } from './kept-alternatives.ts'
import { keptWithoutSchedule } from './kept-without-schedule.ts'
import { isKeptByGitOps } from './tracking-metadata.ts'

/**
 * What is to be done with one object of the source, as the table of verbs says. `source` and `live` are raw objects as the API server
 * has them, with managedFields; live undefined: it is not there. wasCopied: the memory says that it was made once.
 */
export function decideCopy(source: JsonObject, live: JsonObject | undefined, order: CopyOrder, wasCopied: boolean): CopyDecision {
  return decided({ source, live, order, wasCopied, kept: [] })
}

/**
 * The API server has refused an apply since the object is not as it was decided upon: others own `fields` (paths as it writes them,
 * `.spec.suspend`; none if only the version was another). `live` was read again. Exactly these fields are left out of what is decided
 * now, but for `suspend`, about which what is there now decides.
 */
export function withoutConflicts({ source, wasCopied, kept }: ApplyDecision, fields: readonly string[], live: JsonObject | undefined, order: CopyOrder): CopyDecision {
  return decided({ source, live, order, wasCopied, kept: [...new Set([...kept, ...fields.filter((field) => field !== suspendField)])] })
}

/** What an object is called when the API server refuses it for good, or others do not stop changing it. `message` quotes no value. */
export function failedCopy({ source }: Pick<ApplyDecision, 'source'>, reason: 'Conflict' | 'Refused' | 'TooLarge', message: string): CopyItem {
  return failedItem(source, reason, message)
}

const suspendField = '.spec.suspend'
/** Names of our kinds; the CRDs say so as well. */
const longestName = 63
/** etcd takes 1.5 MiB by default, of which the API server needs some for who owns what. Bytes. */
const largest = 1_300_000

function decided(given: Case): CopyDecision {
  const { source, live, order } = given
  const { name } = named(source)
  if (name.length > longestName) return failure(source, 'InvalidName', `names of integrations, sets and schedules have at most ${longestName} characters`)
  const decision = live === undefined ? ofMissing(given) : ofPresent({ ...given, live })
  if (decision.kind === 'leave') return decision
  if (Buffer.byteLength(JSON.stringify(decision.manifest)) > largest) return failure(source, 'TooLarge', 'it is larger than what the API server stores')
  return order.dryRun ? { ...decision, before: undefined, event: undefined, done: asDryRun(decision.done), unchanged: asDryRun(decision.unchanged) } : decision
}

function ofMissing(given: Case): CopyDecision {
  const { source, order, wasCopied } = given
  if (wasCopied && order.action === 'Clone') return left(given, 'Skipped', { reason: 'DeletedInTarget', message: 'it was copied before and has been deleted here: a Refresh brings it back' })
  return applied({ ...given, kept: [] }, copyManifest(source, order, isSchedulable(source) ? true : undefined), { was: 'missing', result: 'Created' })
}

function ofPresent(given: Met): CopyDecision {
  const { live, source, order } = given
  if (isKeptByGitOps(live)) return left(given, 'Skipped', { reason: 'ManagedByGitOps', message: 'Argo CD, Flux, Helm or a tool of their kind keeps the object that is here' })
  const stranger = strangerText(live, source, order)
  if (stranger !== undefined) return ofStranger(given, stranger)
  switch (order.action) {
    case 'Clone':
      return left(given, 'Unchanged')
    case 'Refresh':
      return ofRefresh(given)
    case 'Reset':
      return ofReset(given)
  }
}

/** Brings up to date what nobody has changed here. A copy that somebody enabled may be running: it stays as it is. */
function ofRefresh(given: Met): CopyDecision {
  const { live, source, order, kept } = given
  const done = ofDone(given)
  if (done !== undefined) return done
  if (isEnabled(live)) return left(given, 'Skipped', { reason: 'FieldsKept', message: 'it is enabled here: a Refresh leaves it as it is', keptFields: [suspendField] })
  const alone = isSchedulable(live) && !isSchedulable(source) ? keptWithoutSchedule(live) : []
  if (alone.length > 0) return left(given, 'Skipped', { message: 'its schedule is gone in the source, and what was changed here needs one: a Refresh leaves it as it is', ...keptTexts(alone) })
  const whole = copyManifest(source, order, suspendFor(source, live))
  const own = ownFields(live)
  const fields = [...new Set([...kept, ...keptAlternatives(whole, live, own)])]
  const manifest = fields.reduce(withoutField, whole)
  const refreshed = { ...given, kept: fields }
  if (isCurrent(live, manifest)) return left(refreshed, 'Unchanged', keptTexts(fields))
  return applied(refreshed, manifest, { was: 'there', result: 'Updated' })
}

/** As the source is, and disabled; the id on it says that it has been done, so that it is not done again. */
function ofReset(given: Met): CopyDecision {
  const { live, source, order } = given
  const done = ofDone(given)
  if (done !== undefined) return done
  const manifest = copyManifest(source, order, isSchedulable(source) ? true : undefined)
  const isMixed = isKeptByOthers(live, manifest)
  const isResuspended = isEnabled(live)
  const activation = activationIn(live)
  const decision = applied({ ...given, kept: [] }, manifest, { was: 'there', result: isResuspended ? 'Resuspended' : !isMixed && isCurrent(live, manifest) ? 'Unchanged' : 'Updated' })
  return { ...decision, force: true, before: isMixed || activation.length > 0 ? { patch: takeover(live, activation), back: handback(live) } : undefined, event: isResuspended ? resuspension(live, order) : undefined }
}

/** Where activation is required, whoever enables it again has to activate it again. */
function activationIn(live: JsonObject): readonly string[] {
  const known = textsIn(live, 'annotations')
  return [annotation.activate, annotation.home].filter((key) => known[key] !== undefined)
}

/**
 * What an apply that is not forced says of `suspend`. True stays said as long as it is so: left out, our own `true` would go, and with
 * it the copy would be enabled. False or absent is somebody's decision and is not touched. Of a set that had no schedule nobody has
 * decided anything.
 */
function suspendFor(source: JsonObject, live: JsonObject): true | undefined {
  if (!isSchedulable(source)) return undefined
  return specOf(live)['suspend'] === true || !isSchedulable(live) ? true : undefined
}

function isEnabled(live: JsonObject): boolean {
  return isSchedulable(live) && specOf(live)['suspend'] === false
}

/** The request has been done to it, before a crash or in a slice that had to be left: as it was then, it is told. A dry run does nothing. */
function ofDone(given: Met): LeaveDecision | undefined {
  const { live, order } = given
  const outcome = outcomeOn(live, order)
  if (outcome === undefined) return undefined
  const { result, ...more } = outcome
  if (order.dryRun) return left(given, 'Unchanged')
  if (result !== 'Resuspended') return left(given, result, more)
  if (isEnabled(live)) return left(given, 'Skipped', { reason: 'FieldsKept', message: 'it has been enabled since the request was done to it', keptFields: [suspendField] })
  return { ...left(given, result, more), event: resuspension(live, order) }
}

/** Whether an apply would change nothing: all that it says is so, and all that is ours is said. */
function isCurrent(live: JsonObject, manifest: JsonObject): boolean {
  const own = ownFields(live)
  const wanted = withRequestOf(live, manifest)
  return isIncluded(wanted, live) && (own === undefined || !reachesBeyond(own, wanted))
}

function resuspension(live: JsonObject, { clone, requestId }: CopyOrder): EventDraft {
  const { name, uid } = metadataOf(live)
  const regarding = { apiVersion, kind: textOf(live['kind']), namespace: clone.namespace, name: textOf(name), uid: textOf(uid) }
  return { regarding, type: 'Warning', reason: 'ScheduleResuspended', message: `request ${requestId ?? ''} of TenantClone ${clone.name} has reset it: it was enabled, and no run starts until somebody enables it again`, action: 'Reset' }
}

import type { CopyItem, CopyOutcome, CopyReason, CopyResult } from '../model/copying.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import type { EventDraft, JsonPatch } from './action.ts'
import { failedItem, keptTexts, named } from './copy-item.ts'
import type { CopyOrder, CopyRequires } from './copy-order.ts'
import { withOutcome } from './copy-outcome.ts'
import { requiresNothing, requiresOf } from './copy-requires.ts'

/** Nothing is written. */
export interface LeaveDecision {
  readonly kind: 'leave'
  readonly item: CopyItem
  /** Of the copy as it is; nothing if it is none of ours. */
  readonly requires: CopyRequires
  /** Told again: whoever was to tell it when it was done may not have come to it. */
  readonly event?: EventDraft | undefined
}

/** One request of server-side apply, by field manager `cloneManager`, as a dry run if the order says so. */
export interface ApplyDecision {
  readonly kind: 'apply'
  /** Without uid and resourceVersion: whoever sends it adds the version that was decided upon. */
  readonly manifest: JsonObject
  readonly force: boolean
  readonly was: 'missing' | 'there'
  /**
   * To be sent before it, upon the version that was decided upon; the manifest then goes upon the version that this makes. It changes
   * no field, but says that all of the spec is ours, and that somebody activated the copy: whatever the manifest lacks goes with it, in
   * one request that is valid as a whole. `back` undoes it, for when the manifest is not accepted.
   */
  readonly before: { readonly patch: JsonPatch; readonly back: JsonPatch } | undefined
  /** What it is called when the API server has accepted it; `unchanged` when that made no difference. */
  readonly done: CopyItem
  readonly unchanged: CopyItem
  /** Told when it has been accepted. */
  readonly event: EventDraft | undefined
  readonly requires: CopyRequires
  /** What it was decided upon, for deciding again. */
  readonly source: JsonObject
  readonly wasCopied: boolean
  /** Fields that were left out, since others have changed them. */
  readonly kept: readonly string[]
}

export type CopyDecision = LeaveDecision | ApplyDecision

/** All that a decision depends on. `source` and `live` are raw objects as the API server has them. */
export interface Case {
  readonly source: JsonObject
  readonly live: JsonObject | undefined
  readonly order: CopyOrder
  readonly wasCopied: boolean
  readonly kept: readonly string[]
}

/** Where an object of that name is there. */
export type Met = Case & { readonly live: JsonObject }

const outcomeField = `.metadata.annotations.${annotation.outcome}`

interface Applying extends Pick<CopyItem, 'message'> {
  readonly was: ApplyDecision['was']
  readonly result: CopyOutcome['result']
}

/** An apply that is not forced, has nothing before it and tells nobody. */
export function applied(given: Case, manifest: JsonObject, { was, ...draft }: Applying): ApplyDecision {
  const { source, order, wasCopied, kept } = given
  const item = { ...named(source), ...keptTexts(kept) }
  return {
    kind: 'apply', manifest: kept.includes(outcomeField) ? manifest : withOutcome(manifest, order, { result: draft.result, ...keptTexts(kept) }), force: false, was, before: undefined, event: undefined,
    done: { ...item, ...draft }, unchanged: { ...item, result: 'Unchanged' },
    requires: requiresOf(manifest), source, wasCopied, kept,
  }
}

/** Nothing is written, and that is in order. */
export function left({ source, live }: Case, result: CopyResult, more: Omit<CopyItem, 'kind' | 'name' | 'result'> = {}): LeaveDecision {
  const isCopy = live !== undefined && more.reason !== 'ManagedByGitOps' && more.reason !== 'NotOurs'
  return { kind: 'leave', item: { ...named(source), result, ...more }, requires: isCopy ? requiresOf(live) : requiresNothing }
}

/** Nothing is written: a person has to change something. */
export function failure(source: JsonObject, reason: CopyReason, message: string): LeaveDecision {
  return { kind: 'leave', item: failedItem(source, reason, message), requires: requiresNothing }
}

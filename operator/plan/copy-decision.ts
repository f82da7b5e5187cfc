import type { CopyItem } from '../model/copying.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import type { EventDraft, JsonPatch } from './action.ts'
import type { CopyOrder, CopyRequires } from './copy-order.ts'

/** Nothing is written. */
export interface LeaveDecision {
  readonly kind: 'leave'
  readonly item: CopyItem
  /** Of the copy as it is; nothing if it is none of ours. */
  readonly requires: CopyRequires
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
   * no field, but says that all of the spec is ours: whatever the manifest lacks goes with it, in one request that is valid as a whole.
   */
  readonly before: JsonPatch | undefined
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

/**
 * What is to be done with one object of the source, as the table of verbs says. `source` and `live` are raw objects as the API server
 * has them, with managedFields; live undefined: it is not there. wasCopied: the memory says that it was made once.
 */
export declare function decideCopy(source: JsonObject, live: JsonObject | undefined, order: CopyOrder, wasCopied: boolean): CopyDecision

/**
 * The API server has refused an apply since it is not as it was decided upon: others own `fields` (paths as it writes them,
 * `.spec.suspend`; none if only the version was another). `live` was read again. Exactly these fields are left out of what is decided
 * now, but for `suspend`, about which what is there now decides.
 */
export declare function withoutConflicts(decision: ApplyDecision, fields: readonly string[], live: JsonObject | undefined, order: CopyOrder): CopyDecision

/** What it is called when the API server refuses it for good, or others do not stop changing the object. The message never quotes a value. */
export declare function failedCopy(decision: ApplyDecision, reason: 'Conflict' | 'Refused' | 'TooLarge', message: string | undefined): CopyItem

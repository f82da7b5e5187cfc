import { type Instant, formatInstant } from '../model/instant.ts'
import type { ConditionType, Reason } from '../model/reason.ts'
import type { Condition } from '../model/status-schema.ts'

/** A condition without its bookkeeping. */
export interface ConditionDraft {
  readonly type: ConditionType
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: Reason
  readonly message: string
}

/** Most API objects hold 32 KiB for a message; people read a fraction of it. */
const longestMessage = 4_000

/**
 * The conditions of an object, complete: what is not drafted goes (kstatus wants Reconciling and Stalled only while True).
 * The transition time moves only when the status of a condition changes.
 */
export function conditionsOf(drafts: readonly ConditionDraft[], live: readonly Condition[] | undefined, { generation, now }: { readonly generation: number; readonly now: Instant }): readonly Condition[] {
  return drafts.map((draft) => {
    const before = live?.find(({ type }) => type === draft.type)
    const message = draft.message.length <= longestMessage ? draft.message : `${draft.message.slice(0, longestMessage)} (and more)`
    const lastTransitionTime = before?.status === draft.status ? before.lastTransitionTime : formatInstant(now)
    return { type: draft.type, status: draft.status, observedGeneration: generation, lastTransitionTime, reason: draft.reason, message }
  })
}

/** `Ready=False` because a person has to act, as kstatus reads it. */
export function stalledConditions(reason: Reason, message: string): readonly ConditionDraft[] {
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Stalled', status: 'True', reason, message },
  ]
}

import type { CopyItem, CopyKind } from '../model/copying.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { cloneManager } from '../model/names.ts'
import { decideCopy, failedCopy, withoutConflicts } from '../plan/copy-decision.ts'
import type { ApplyDecision, CopyDecision } from '../plan/copy-draft.ts'
import type { CopyOrder, CopyRequires } from '../plan/copy-order.ts'
import type { ApiClient } from './api-client.ts'
import type { ApiFailure } from './api-failure.ts'
import type { EventRecorder } from './event-recorder.ts'
import { readObject } from './raw-objects.ts'
import { type ApplyResult, serverSideApply } from './server-side-apply.ts'
import type { Target } from './target.ts'

/** What of the operator copying asks for. */
export interface CopyContext {
  /** Of the operator itself: nothing is copied from or to it. */
  readonly ownNamespace: string
  /** Whether a store shows an object of this name. A store that is wrong costs a request, nothing else. */
  readonly isThere: (kind: CopyKind, namespace: string, name: string) => boolean
}

export interface ObjectCopy {
  readonly client: ApiClient
  readonly events: Pick<EventRecorder, 'record'>
  readonly order: CopyOrder
  /** As the API server has it. */
  readonly source: JsonObject
  readonly target: Target
  /** It has been copied before. */
  readonly wasCopied: boolean
  /** It may be there: it is read before it is decided upon. */
  readonly mayBeThere: boolean
}

export interface ObjectCopied {
  readonly item: CopyItem
  readonly requires: CopyRequires
  /** Of an object at which the API server failed each time. */
  readonly failure?: ApiFailure
}

/** Who is outrun this often gives up: somebody writes the object all the time. */
const mostAttempts = 5

export const resourceOf = { Integration: 'integrations', IntegrationSet: 'integrationsets', ScheduledIntegration: 'scheduledintegrations' } as const satisfies Record<CopyKind, Target['resource']>

/**
 * Copies one object as it is decided, upon the very version that was decided upon; what has changed meanwhile is read again and decided
 * again. Throws ApiFailures that do not concern this object alone.
 */
export async function copyObject(copy: ObjectCopy): Promise<ObjectCopied> {
  const { client, order, source, target, wasCopied } = copy
  let live = copy.mayBeThere ? await readObject(client, target) : undefined
  let decision: CopyDecision = decideCopy(source, live, order, wasCopied)
  for (let attempt = 1; decision.kind === 'apply'; attempt++) {
    const result = await carryOut(copy, decision, live)
    const end = endOf(copy, decision, result) ?? (attempt === mostAttempts ? givenUp(decision, result) : undefined)
    if (end !== undefined) return { requires: decision.requires, ...end }
    live = await readObject(client, target)
    decision = withoutConflicts(decision, result.kind === 'conflict' ? result.fields : [], live, order)
  }
  if (decision.event !== undefined) copy.events.record(decision.event)
  return decision
}

function carryOut({ client, order: { dryRun }, target }: ObjectCopy, { before, manifest, force }: ApplyDecision, upon: JsonObject | undefined): Promise<ApplyResult> {
  return serverSideApply(client, { target, manifest, upon, before, fieldManager: cloneManager, force, dryRun })
}

/** Undefined: it is to be tried again. */
function endOf({ events, order }: ObjectCopy, decision: ApplyDecision, result: ApplyResult): Omit<ObjectCopied, 'requires'> | undefined {
  if (result.kind === 'refused') return { item: failedCopy(decision, result.isTooLarge ? 'TooLarge' : 'Refused', result.message ?? 'the API server does not accept it') }
  if (result.kind !== 'applied') return undefined
  if (decision.event !== undefined) events.record(decision.event)
  // The API server answers a dry run with the version that there is.
  return { item: result.isChanged || order.dryRun ? decision.done : decision.unchanged }
}

function givenUp(decision: ApplyDecision, result: ApplyResult): Omit<ObjectCopied, 'requires'> {
  if (result.kind === 'internal') return { item: failedCopy(decision, 'Refused', 'the API server fails at it'), failure: result.failure }
  return { item: failedCopy(decision, 'Conflict', 'others change the object that is here all the time') }
}

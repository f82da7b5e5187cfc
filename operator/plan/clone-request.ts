import type { ObjectMeta } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import type { TenantCloneSpec, TenantCloneStatus } from '../model/tenant-clone.ts'
import { copiedMemory } from './copied-memory.ts'

type Status = TenantCloneStatus | undefined
type Request = NonNullable<TenantCloneSpec['request']>

/**
 * What a TenantClone asks for and has not got yet. Each request is done once, however many came after it. Of one that the copies carry
 * nothing is done again either: the TenantClone was deleted and applied again; only what is missing is copied then.
 */
export function requestDue({ request }: TenantCloneSpec, status: Status, copies: () => readonly ObjectMeta[]): Request | undefined {
  if (request === undefined) return undefined
  const { source, hasDone } = copiedMemory(status?.copied)
  if (request.id === status?.lastRequest?.id || hasDone(request.id)) return undefined
  const isDoneToCopies = source === '' && copies().some(({ annotations }) => annotations?.[annotation.request] === request.id)
  return isDoneToCopies ? { ...request, action: 'Clone' } : request
}

/** What copies carry that nobody asked for: what comes into being after a request has nothing left of it to be done. */
export function latestRequestId(status: Status): string | undefined {
  const { lastRequest } = status ?? {}
  return lastRequest?.dryRun === true ? undefined : lastRequest?.id
}

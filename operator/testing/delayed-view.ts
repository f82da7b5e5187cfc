import type { Instant } from '../model/instant.ts'
import type { ServerListener, ServerObject, VirtualApiServer, Resource } from './virtual-api-server.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Milliseconds until a change is seen. Asked for each change. */
export type Lag = (resource: Resource) => number

/** A change that some client made. */
export interface Change {
  readonly at: Instant
  readonly resource: Resource
  readonly before: ServerObject | undefined
  readonly after: ServerObject | undefined
}

interface Watching {
  readonly lag: Lag
  readonly seen: ServerListener
  /** Changes that are not in the first list: it comes from a cache of the API server. They are seen one after the other. */
  readonly later?: readonly Change[]
  /** Whether a change is told a second time, as it is after a watch was interrupted. */
  readonly repeats?: (resource: Resource) => boolean
}

/**
 * What a watcher sees: every change of a resource in its order, each of them late, resources independently of each other.
 * It begins with what is there.
 */
export function watchLate(server: VirtualApiServer, time: VirtualTime, { lag, seen, later = [], repeats = () => false }: Watching): () => void {
  let isWatching = true
  const latest = new Map<Resource, Instant>()
  const deliver: ServerListener = (resource, before, after) => {
    const at = Math.max(latest.get(resource) ?? 0, time.now() + lag(resource))
    latest.set(resource, at)
    time.at(at, () => {
      if (!isWatching) return
      seen(resource, before, after)
      if (repeats(resource)) seen(resource, before, after)
    })
  }
  const unsubscribe = server.subscribe(deliver)
  for (const resource of ['namespaces', 'leases', 'integrations', 'integrationsets', 'jobs', 'cronjobs', 'scheduledintegrations', 'integrationruns'] as const) {
    for (const object of listedBefore(server, resource, later)) seen(resource, undefined, object)
  }
  for (const { resource, before, after } of later) deliver(resource, before, after)
  return () => {
    isWatching = false
    unsubscribe()
  }
}

function listedBefore(server: VirtualApiServer, resource: Resource, later: readonly Change[]): readonly ServerObject[] {
  const objects = new Map(server.list(resource).map((object) => [object.metadata.name, object]))
  for (const { before, after } of later.filter((change) => change.resource === resource).toReversed()) {
    if (before === undefined) objects.delete(after?.metadata.name ?? '')
    else objects.set(before.metadata.name, before)
  }
  return [...objects.values()]
}

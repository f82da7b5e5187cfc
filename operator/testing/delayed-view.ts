import type { Instant } from '../model/instant.ts'
import type { ServerListener, ServerObject, VirtualApiServer, Resource } from './virtual-api-server.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Milliseconds until a change is seen. Asked for each change. */
export type Lag = (resource: Resource) => number

/**
 * What a watcher sees: every change of a resource in its order, each of them late, resources independently of each other.
 * It begins with what is there.
 */
export function watchLate(server: VirtualApiServer, time: VirtualTime, { lag, seen }: { readonly lag: Lag; readonly seen: ServerListener }): () => void {
  let isWatching = true
  const latest = new Map<Resource, Instant>()
  const unsubscribe = server.subscribe((resource: Resource, before: ServerObject | undefined, after: ServerObject | undefined) => {
    const at = Math.max(latest.get(resource) ?? 0, time.now() + lag(resource))
    latest.set(resource, at)
    time.at(at, () => {
      if (isWatching) seen(resource, before, after)
    })
  })
  for (const resource of ['leases', 'integrations', 'jobs', 'cronjobs', 'scheduledintegrations'] as const) {
    for (const object of server.list(resource)) seen(resource, undefined, object)
  }
  return () => {
    isWatching = false
    unsubscribe()
  }
}

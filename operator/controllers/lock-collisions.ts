import type { Clock } from '../kube/clock.ts'
import { type Instant, day, second } from '../model/instant.ts'
import type { KubernetesObject } from '../model/kubernetes.ts'
import { type Collision, type LockUser, collisionsOf, lockUserName, lockUserOf } from '../plan/lock-crowding.ts'
import { type SchedulableKind, schedulableOf } from '../plan/schedulable.ts'
import { coalesced } from './coalesced.ts'
import { type Wake, wakeOn } from './controller.ts'
import type { Resource } from './resource.ts'
import { type Stores, scheduleKey } from './stores.ts'
import { templatesOf } from './templates.ts'

type Templates = Pick<Stores, 'schedules' | 'sets' | 'integrations'>

/** How long after a change of any schedule the collisions of its namespace are looked for anew; milliseconds. */
const settling = 2 * second

interface Known {
  readonly day: number
  readonly byKey: ReadonlyMap<string, Collision>
}

/**
 * Which schedules share a lock and come close. Looking for that takes all schedules of a namespace, so it is done once for the
 * namespace, not in the pass of each schedule: when it is asked for, anew on another day, and some time after something has
 * changed there. Then those whose answer is another one are woken.
 */
export class LockCollisions {
  readonly #stores: Templates
  readonly #clock: Clock
  readonly #known = new Map<string, Known>()
  /** Wakes schedulables, by their scheduleKey. */
  readonly wake: Wake

  constructor(stores: Templates, clock: Clock) {
    this.#stores = stores
    this.#clock = clock
    const changed = [stores.schedules, stores.sets, stores.integrations].map((store) => coalesced(wakeOn<KubernetesObject>(store, ({ metadata }) => [metadata.namespace], 'SpecChanged'), clock, settling))
    this.wake = {
      synced: Promise.all(changed.map(({ synced }) => synced)).then(() => undefined),
      subscribe: (enqueue) => {
        const stops = changed.map((wake) => wake.subscribe((namespace) => this.#renew(namespace).forEach(enqueue)))
        return () => stops.forEach((stop) => stop())
      },
    }
  }

  /** Of the schedulable with this scheduleKey. */
  of(key: string): Collision | undefined {
    const [namespace = ''] = key.split('/')
    const today = dayOf(this.#clock.now())
    const known = this.#known.get(namespace)
    return (known?.day === today ? known : this.#lookedUp(namespace)).byKey.get(key)
  }

  #lookedUp(namespace: string): Known {
    const now = this.#clock.now()
    const users = usersIn(this.#stores, namespace)
    const collisions = collisionsOf(users.map(({ user }) => user), now)
    const found = users.flatMap(({ key, user }) => {
      const collision = collisions.get(user.name)
      return collision === undefined ? [] : [[key, collision] as const]
    })
    const known = { day: dayOf(now), byKey: new Map(found) }
    this.#known.set(namespace, known)
    return known
  }

  /** Whose answer is another one now. Nobody has been told anything yet in a namespace that nobody asked for. */
  #renew(namespace: string): readonly string[] {
    const before = this.#known.get(namespace)?.byKey
    if (before === undefined) return []
    const { byKey } = this.#lookedUp(namespace)
    return [...new Set([...before.keys(), ...byKey.keys()])].filter((key) => JSON.stringify(before.get(key)) !== JSON.stringify(byKey.get(key)))
  }
}

function dayOf(instant: Instant): number {
  return Math.floor(instant / day)
}

function usersIn(stores: Templates, namespace: string): readonly { readonly key: string; readonly user: LockUser }[] {
  const userOf = (kind: SchedulableKind) => ({ metadata, object }: Resource<SchedulableKind>) => {
    if (!object.ok) return []
    const spec = schedulableOf(object.value)
    const user = spec.schedule === undefined ? undefined : lockUserOf(lockUserName(kind, metadata), spec, templatesOf(stores, namespace, spec.target))
    return user === undefined ? [] : [{ key: scheduleKey(kind, metadata), user }]
  }
  return [
    ...stores.schedules.by('namespace', namespace).flatMap(userOf('ScheduledIntegration')),
    ...stores.sets.by('namespace', namespace).flatMap(userOf('IntegrationSet')),
  ]
}

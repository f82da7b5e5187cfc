import { minute, second } from '../model/instant.ts'
import type { Cast, Delays } from './life.ts'
import type { Pace } from './random-schedule.ts'
import type { Random } from './random.ts'
import type { Resource } from './virtual-api-server.ts'
import type { Party } from './virtual-cluster.ts'

/** What can happen to a schedule, and how often in comparison. */
export type Happening =
  | 'edit' | 'policy' | 'toggle' | 'changeMind' | 'template' | 'templateGone' | 'recreate'
  | 'annotate' | 'nag' | 'vandal'
  | 'copy' | 'activate'
  | 'operatorOutage' | 'controllerOutage' | 'failover' | 'rival'

export interface Profile {
  readonly paces: readonly [Pace, ...Pace[]]
  readonly weights: Readonly<Partial<Record<Happening, number>>>
  /** At most so many things happen. */
  readonly busiest: number
  /** Of the operator at a request, and requests whose answer, or which themselves, are lost. */
  readonly crashes: readonly [number, ...number[]]
  readonly losses: readonly [number, ...number[]]
  readonly rival: number
}

const users = { edit: 3, policy: 1, toggle: 3, changeMind: 1, template: 2, templateGone: 1, recreate: 1, annotate: 1, operatorOutage: 1, controllerOutage: 1 }
const some: Pick<Profile, 'crashes' | 'losses'> = { crashes: [0, 0, 1, 3], losses: [0, 0, 2] }
const mixed: Profile['paces'] = ['minutes', 'minutes', 'hours', 'days']

export const profiles: Readonly<Record<Cast, Profile>> = {
  Users: { ...some, paces: mixed, weights: users, busiest: 12, rival: 0.2 },
  Vandals: { ...some, paces: mixed, weights: { ...users, vandal: 15, nag: 1 }, busiest: 12, rival: 0.2 },
  Outages: { paces: mixed, weights: { ...users, operatorOutage: 8, controllerOutage: 5 }, busiest: 10, crashes: [2, 6, 12], losses: [0, 2, 6], rival: 0.1 },
  Failovers: { ...some, paces: mixed, weights: { ...users, failover: 12, nag: 1 }, busiest: 14, rival: 0.1 },
  Laggards: { ...some, paces: mixed, weights: { ...users, nag: 1, rival: 2 }, busiest: 12, losses: [0, 4, 8], rival: 0.6 },
  Crowds: { ...some, paces: ['minutes', 'minutes', 'hours'], weights: users, busiest: 10, rival: 0.1 },
  Copies: { ...some, paces: mixed, weights: { ...users, copy: 6, activate: 1, operatorOutage: 2 }, busiest: 14, rival: 0.3 },
  Months: { ...some, paces: ['months'], weights: { ...users, operatorOutage: 2 }, busiest: 8, rival: 0.1 },
}

const resources: readonly Resource[] = ['scheduledintegrations', 'integrations', 'cronjobs', 'jobs', 'leases', 'integrationsets', 'integrationruns', 'namespaces']
const parties: readonly Party[] = ['operator', 'rival', 'controller', 'standby']

/** How long each takes at most; drawn for each party and resource of its own. */
export interface Slowness {
  readonly lags: Readonly<Record<Party, Readonly<Record<Resource, number>>>>
  readonly skews: Readonly<Record<Party, number>>
  /** Each way. */
  readonly latency: number
  /** CronJobs of the same minute that come before ours. */
  readonly crowd: number
  readonly collection: number
}

/** The limits of design/time.md: a controller's watch is at most 29 s late (but for Laggards), skew included; any other 40 s. */
export function slowness(random: Random, cast: Cast): Slowness {
  const usual = random.one([50, 50, 2 * second, 29 * second])
  const lagOf = (who: Party, resource: Resource): number => {
    if (cast !== 'Laggards') return cast === 'Failovers' ? Math.min(usual, 15 * second) : usual
    const isController = who === 'controller' || who === 'standby'
    const longest = isController && resource === 'cronjobs' ? [50, 29 * second, 40 * second] as const : [50, 5 * second, 40 * second] as const
    return random.one(longest)
  }
  const skewOf = (): number => (cast === 'Failovers' ? random.one([0, 0, -10, -3, 3, 10]) * second : 0)
  return {
    lags: byName(parties, (who) => byName(resources, (resource) => lagOf(who, resource))),
    skews: byName(parties, skewOf),
    latency: cast === 'Laggards' ? random.one([30, 1_000, 4_500]) : 3_000,
    crowd: cast === 'Crowds' ? random.one([100, 700, 2_500]) : 0,
    collection: random.one([0, 0, 5 * second]),
  }
}

function byName<Name extends string, Value>(names: readonly Name[], valueOf: (name: Name) => Value): Readonly<Record<Name, Value>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has exactly these names
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<Name, Value>
}

/** About seven Jobs a second are started. */
const startsPerSecond = 7

/** How long a CronJob waits that comes to the controller so many milliseconds after the minute. */
export function queueAt(random: Random, crowd: number, sinceMinute: number): number {
  const left = (crowd / startsPerSecond) * second - sinceMinute
  return left <= 0 ? 0 : random.whole(0, left)
}

export function delaysOf({ lags, skews, latency, crowd, collection }: Slowness, hasRival: boolean): Delays {
  const operators: readonly Party[] = hasRival ? ['operator', 'rival'] : ['operator']
  const longest = (who: readonly Party[], ...of: readonly Resource[]) => Math.max(...who.flatMap((one) => of.map((resource) => lags[one][resource])))
  return {
    seen: longest(operators, 'scheduledintegrations', 'integrations'),
    children: longest(operators, 'cronjobs', 'jobs'),
    controller: longest(['controller', 'standby'], 'cronjobs'),
    request: 2 * latency,
    skew: Math.max(...Object.values(skews).map(Math.abs)),
    queue: Math.min((crowd / startsPerSecond) * second, 6 * minute),
    collection,
  }
}

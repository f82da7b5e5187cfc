import type { Job, Lease } from '../../model/kubernetes.ts'
import { label, locksLease } from '../../model/names.ts'
import { gateTermsOf } from '../../model/run-terms.ts'
import { type Holder, lockTableOf } from '../../plan/lock-table.ts'
import { isOver } from '../harness/real.ts'
import type { Tenant } from '../harness/tenant.ts'
import { watched } from '../harness/watched.ts'

// What must hold of the runs of a namespace whatever happens, by every version of every Job and of the lock table that was seen.

/** Breaches of the laws of locks and runs, in words. */
export function runBreaches(tenant: Tenant): readonly string[] {
  const lives = livesIn(tenant)
  return [...tableBreaches(tenant), ...overlaps(lives), ...secondStarts(lives), ...changedMinds(tenant)]
}

/** Who is still in the lock table. */
export function holdersNow(tenant: Tenant): readonly Holder[] {
  const lease = tenant.find('leases', locksLease)
  return lease === undefined ? [] : holdersIn(lease)
}

function holdersIn(lease: Lease): readonly Holder[] {
  const seen = lockTableOf(lease)
  return seen.kind === 'table' ? [...seen.table.holders.values()] : []
}

function tableBreaches(tenant: Tenant): readonly string[] {
  return tenant.versions('leases', locksLease).flatMap((lease) => {
    if (lease === undefined) return ['the lock table was deleted']
    if (lockTableOf(lease).kind === 'unreadable') return [`the lock table cannot be read: ${JSON.stringify(lease.metadata.annotations)}`]
    const holders = holdersIn(lease)
    return pairs(holders).flatMap(([one, other]) => {
      const lock = commonLock(one.wants.map(asWanted), other.wants.map(asWanted))
      return lock === undefined ? [] : [`${lock} is held by ${one.job} and ${other.job}`]
    })
  })
}

interface Wanted {
  readonly lock: string
  readonly isExclusive: boolean
}

const asWanted = ({ lock, mode }: { readonly lock: string; readonly mode: string }): Wanted => ({ lock, isExclusive: mode === 'Exclusive' })

/** One Job, from its release to its end, as places in the history of the cluster. */
interface Life {
  readonly uid: string
  readonly job: string
  readonly started: number
  readonly ended: number
  readonly wanted: readonly Wanted[]
  readonly member: string | undefined
}

const versionOf = ({ metadata }: Job): number => Number(metadata.resourceVersion)

/** Of each Job that was ever let start. */
function livesIn(tenant: Tenant): readonly Life[] {
  return watched('jobs').names(tenant.namespace).flatMap((name) => {
    const versions = tenant.versions('jobs', name)
    const isGone = versions.at(-1) === undefined
    const byUid = [...Map.groupBy(versions.filter((job) => job !== undefined), ({ metadata }) => metadata.uid).values()]
    return byUid.flatMap((seen, index) => lifeOf(seen, isGone || index < byUid.length - 1) ?? [])
  })
}

function lifeOf(seen: readonly Job[], isGone: boolean): Life | undefined {
  const first = seen.find(({ spec }) => spec.suspend !== true)
  const last = seen.at(-1)
  if (first === undefined || last === undefined) return undefined
  const over = seen.find((job) => isOver(job)) ?? (isGone ? last : undefined)
  const { uid, name: job, labels } = first.metadata
  return { uid, job, started: versionOf(first), ended: over === undefined ? Infinity : versionOf(over), wanted: wantedBy(first), member: labels?.[label.member] }
}

/** By the terms that it carries: its locks, and unless its policy is Allow that there is no other run of its schedule. */
function wantedBy(job: Job): readonly Wanted[] {
  const terms = gateTermsOf(job)
  if (terms === undefined) return []
  const own = terms.schedulable === undefined || terms.overlapPolicy === 'Allow' ? [] : [{ lock: `runs of ${terms.schedulable.name}`, isExclusive: true }]
  return [...own, ...terms.locks.map(({ name: lock, mode }) => asWanted({ lock, mode }))]
}

function overlaps(lives: readonly Life[]): readonly string[] {
  return pairs(lives).flatMap(([one, other]) => {
    const lock = commonLock(one.wanted, other.wanted)
    const isAtOnce = one.started < other.ended && other.started < one.ended
    return lock === undefined || !isAtOnce ? [] : [`${one.job} and ${other.job} ran at once, and share ${lock}: ${JSON.stringify([one, other])}`]
  })
}

/** Each run has a name of its own, also each member of a set. */
function secondStarts(lives: readonly Life[]): readonly string[] {
  const byName = Map.groupBy(lives, ({ job }) => job)
  return [...byName].flatMap(([job, all]) => (all.length === 1 ? [] : [`${job} was started ${all.length} times${all[0]?.member === undefined ? '' : `, the member ${all[0].member}`}`]))
}

/** What is released is not skipped, what is skipped is not released, and both are said once. */
function changedMinds(tenant: Tenant): readonly string[] {
  return watched('jobs').names(tenant.namespace).flatMap((name) => {
    const versions = tenant.versions('jobs', name).filter((job) => job !== undefined)
    return [...Map.groupBy(versions, ({ metadata }) => metadata.uid).values()].flatMap((seen) => {
      const said = (key: string) => new Set(seen.flatMap(({ metadata }) => metadata.annotations?.[`integration-scheduler.io/${key}`] ?? [])).size
      const words = { released: said('released'), skipped: said('skipped') }
      return words.released + words.skipped <= 1 ? [] : [`the gate has changed its mind about ${name}: ${JSON.stringify(words)}`]
    })
  })
}

/** A lock that the two may not have at the same time. */
function commonLock(one: readonly Wanted[], other: readonly Wanted[]): string | undefined {
  return one.find(({ lock, isExclusive }) => other.some((want) => want.lock === lock && (isExclusive || want.isExclusive)))?.lock
}

function pairs<T>(items: readonly T[]): readonly (readonly [T, T])[] {
  return items.flatMap((one, index) => items.slice(index + 1).map((other) => [one, other] as const))
}

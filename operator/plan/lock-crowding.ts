import { type Instant, day, formatInstant, hour, minute, second } from '../model/instant.ts'
import type { LockTerms } from '../model/run-terms.ts'
import type { ConditionDraft } from './conditions.ts'
import type { SchedulableKind, SchedulableSpec } from './schedulable.ts'
import { type PlannableRule, ruleOf } from './schedule-rule.ts'
import type { ObservedTemplates } from './templates.ts'

/** An enabled schedule whose runs take locks. */
export interface LockUser {
  /** No other of the namespace has it. */
  readonly name: string
  readonly rule: PlannableRule
  readonly locks: readonly LockTerms[]
  /** How long a run is thought to take at most; milliseconds. */
  readonly timeout: number
}

/** Two runs of different schedules that want the same lock, the later one while the earlier one may still have it. */
export interface Collision {
  readonly lock: string
  readonly earlier: Run
  readonly later: Run
  /** How close is too close: the time limit of the earlier run; milliseconds. */
  readonly timeout: number
}

interface Run {
  readonly name: string
  readonly at: Instant
}

const ahead = 30 * day
/** Of a template without a time limit. */
const usualTimeout = 15 * minute
/** Occurrences that are looked at for one lock: schedules that have more of them within a month collide long before. */
const mostLooked = 30_000

/** A set and a ScheduledIntegration can have the same name. */
export function lockUserName(kind: SchedulableKind, { name }: { readonly name: string }): string {
  return kind === 'IntegrationSet' ? `IntegrationSet ${name}` : name
}

/** Undefined: it is disabled, cannot be read, or takes no lock. The members of a set take theirs one after the other, nobody knows when. */
export function lockUserOf(name: string, spec: SchedulableSpec, { set, integrations }: ObservedTemplates): LockUser | undefined {
  if (spec.schedule === undefined || spec.suspend === true) return undefined
  const specs = [...integrations.values()].flatMap(({ object }) => (object.ok ? [object.value.spec] : []))
  const locks = strictest(specs.flatMap(({ locks: own = [] }) => own))
  if (locks.length === 0) return undefined
  const rule = ruleOf(spec.schedule)
  if (!rule.ok) return undefined
  const seconds = spec.target.kind === 'Integration' ? specs[0]?.timeoutSeconds : set?.object.ok === true ? set.object.value.spec.timeoutSeconds : undefined
  return { name, rule: rule.value, locks, timeout: seconds === undefined ? usualTimeout : seconds * second }
}

function strictest(locks: readonly LockTerms[]): readonly LockTerms[] {
  const byName = new Map<string, LockTerms>()
  for (const lock of locks) if (byName.get(lock.name)?.mode !== 'Exclusive') byName.set(lock.name, lock)
  return [...byName.values()]
}

/**
 * The first collision of each schedule within the next 30 days, by its name. As with `closeRuns`, the dates that are told are
 * those of a period of 30 days which is the same for everybody, so that a status which tells them changes once in it at most.
 */
export function collisionsOf(users: readonly LockUser[], now: Instant): ReadonlyMap<string, Collision> {
  const found = new Map<string, Collision>()
  for (const [lock, sharers] of byLock(users)) {
    const coming = sweep(lock, sharers, { after: now, through: now + ahead })
    const told = sweep(lock, sharers.filter(({ name }) => coming.has(name)), { after: Math.floor(now / ahead) * ahead, through: now + ahead })
    for (const [name, collision] of coming) {
      const first = told.get(name) ?? collision
      const known = found.get(name)
      if (known === undefined || first.later.at < known.later.at) found.set(name, first)
    }
  }
  return found
}

/** Locks that more than one schedule takes, one of them alone; in the order of their names, each with its users in theirs. */
function byLock(users: readonly LockUser[]): ReadonlyMap<string, readonly LockUser[]> {
  const sharers = new Map<string, LockUser[]>()
  for (const user of users.toSorted((a, b) => (a.name < b.name ? -1 : 1))) for (const { name } of user.locks) sharers.set(name, [...(sharers.get(name) ?? []), user])
  const shared = [...sharers].filter(([lock, all]) => all.length > 1 && all.some((user) => isExclusive(user, lock)))
  return new Map(shared.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function isExclusive({ locks }: LockUser, lock: string): boolean {
  return locks.some(({ name, mode }) => name === lock && mode === 'Exclusive')
}

interface Span {
  readonly after: Instant
  readonly through: Instant
}

/** Hour by hour, until each schedule has its collision or enough has been looked at. */
function sweep(lock: string, users: readonly LockUser[], { after, through }: Span): ReadonlyMap<string, Collision> {
  const meeting: Meeting = { lock, alone: new Set(users.filter((user) => isExclusive(user, lock))), open: new Map(), found: new Map() }
  const heads = users.map((user) => ({ user, at: user.rule.occurrences.next(after) ?? Infinity }))
  for (let looked = 0; looked < mostLooked && meeting.found.size < users.length;) {
    const start = heads.reduce((first, { at }) => Math.min(first, at), Infinity)
    if (start > through) break
    const runs: Wanted[] = []
    for (const head of heads) {
      for (; head.at <= Math.min(start + hour, through); head.at = head.user.rule.occurrences.next(head.at) ?? Infinity) runs.push({ ...head })
    }
    looked += runs.length
    for (const run of runs.toSorted((a, b) => a.at - b.at)) meet(run, meeting)
  }
  return meeting.found
}

interface Wanted {
  readonly user: LockUser
  readonly at: Instant
}

interface Meeting {
  readonly lock: string
  /** Those that share the lock with nobody. */
  readonly alone: ReadonlySet<LockUser>
  /** Who may still have it, and since when. */
  readonly open: Map<LockUser, Instant>
  readonly found: Map<string, Collision>
}

/** Whom a run meets that may still have the lock when it comes. */
function meet({ user, at }: Wanted, { lock, alone, open, found }: Meeting): void {
  for (const [other, began] of open) {
    if (at - began >= other.timeout) open.delete(other)
    else if (other !== user && !(found.has(user.name) && found.has(other.name)) && (alone.has(user) || alone.has(other))) {
      const collision = { lock, earlier: { name: other.name, at: began }, later: { name: user.name, at }, timeout: other.timeout }
      for (const { name } of [user, other]) if (!found.has(name)) found.set(name, collision)
    }
  }
  open.set(user, at)
}

/** As the schedule of this name tells it. */
export function lockCrowding({ lock, earlier, later, timeout }: Collision, name: string): ConditionDraft {
  const other = earlier.name === name ? later.name : earlier.name
  const runs = earlier.at === later.at ? `both run at ${formatInstant(later.at)}` : `${earlier.name} runs at ${formatInstant(earlier.at)} and ${later.name} at ${formatInstant(later.at)}`
  const message = `it shares the lock ${lock} with ${other}, and their runs come closer than ${durationText(timeout)}: ${runs}, so one may have to wait for the other; where the order matters, make them members of an IntegrationSet`
  return { type: 'Crowded', status: 'True', reason: 'LockShared', message }
}

function durationText(milliseconds: number): string {
  const minutes = milliseconds / minute
  return Number.isInteger(minutes) ? `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}` : `${milliseconds / second} seconds`
}

import { projectedJob } from '../kube/projections.ts'
import { type Instant, minute, second } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { annotation, label } from '../model/names.ts'
import { gateTermsOf, skippedOf } from '../model/run-terms.ts'
import { gatedRunOf, isOwnLock, ownLock } from '../plan/gate-run.ts'
import { type Want, lockTableOf } from '../plan/lock-table.ts'
import { finalCondition, isReleased, scheduledTime } from '../plan/run-record.ts'
import { type GateLife, uidOf } from './gate-life.ts'

/** A run in progress. */
interface Running {
  readonly name: string
  readonly wants: readonly Want[]
  readonly born: string
}

/** How long after a change nobody can be blamed for what was looked at before it, and was on its way; milliseconds. */
const unavoidable = 16 * second

/** What must never be, as far as the history of all objects tells. */
export function faultsOfGate(life: GateLife): readonly string[] {
  const faults = [...life.operator.bugs, ...life.rival.bugs]
  const running = new Map<string, Running>()
  const at = (instant: Instant) => new Date(instant).toISOString().slice(11, 23)
  for (const { at: now, resource, before, after } of life.history) {
    if (resource !== 'jobs') continue
    const [was, is] = [before && projectedJob(before), after && projectedJob(after)]
    const uid = (is ?? was)?.metadata.uid ?? ''
    if (is === undefined || finalCondition(is) !== undefined) {
      running.delete(uid)
      continue
    }
    faults.push(...faultsOfChange(was, is).map((fault) => `${at(now)} ${is.metadata.name} ${fault}`))
    const isStarting = is.spec.suspend !== true && !running.has(uid)
    if (!isStarting) continue
    const wants = wantsOf(is)
    const isGated = gateTermsOf(is) !== undefined
    for (const other of running.values()) if (isGated && isConflict(wants, precedes(other, is) ? other.wants : other.wants.filter(isNeverIgnored))) faults.push(`${at(now)} ${is.metadata.name} runs together with ${other.name}`)
    running.set(uid, { name: is.metadata.name, wants, born: is.metadata.creationTimestamp })
    const suspended = life.suspendedAt.get(is.metadata.labels?.[label.schedule] ?? '')
    if (suspended !== undefined && now > suspended + unavoidable && scheduledTime(is) !== undefined) faults.push(`${at(now)} ${is.metadata.name} runs although its schedule is disabled or gone`)
  }
  return [...faults, ...faultsOfTables(life), ...faultsAtTheEnd(life)]
}

function precedes(other: Running, { metadata }: Job): boolean {
  return other.born < metadata.creationTimestamp
}

/** A run that may overlap starts when it likes, also before an older one of its schedule that waits. */
function isNeverIgnored({ lock, mode }: Want): boolean {
  return !isOwnLock(lock) || mode === 'Exclusive'
}

function faultsOfChange(was: Job | undefined, is: Job): readonly string[] {
  const faults: string[] = []
  if (was === undefined) return faults
  if (was.spec.suspend === true && is.spec.suspend !== true && !isReleased(is)) faults.push('runs without being released')
  if (skippedOf(was) !== undefined && isReleased(is)) faults.push('is released after it was skipped')
  if (isReleased(was) && skippedOf(is) !== undefined) faults.push('is skipped after it was released')
  if (isReleased(was) && was.metadata.annotations?.[annotation.released] !== is.metadata.annotations?.[annotation.released]) faults.push('is released twice')
  return faults
}

function wantsOf(job: Job): readonly Want[] {
  const run = gatedRunOf(job)
  if (run !== undefined) return run.wants
  // A run that does not pass the gate: those of its schedule that pass it have to respect it.
  const owner = job.metadata.labels?.[label.schedule]
  return owner === undefined ? [] : [{ lock: ownLock({ uid: uidOf(owner) }), mode: 'Shared' }]
}

function isConflict(wants: readonly Want[], others: readonly Want[]): boolean {
  return wants.some(({ lock, mode }) => {
    if (isOwnLock(lock) && mode === 'Shared') return false
    return others.some((other) => other.lock === lock && (mode === 'Exclusive' || other.mode === 'Exclusive'))
  })
}

/** Two that exclude each other are never in one table, unless one of them is over by then. Who came later is further down. */
function faultsOfTables({ history }: GateLife): readonly string[] {
  const over = new Set<string>()
  const faults: string[] = []
  for (const { resource, before, after } of history) {
    const job = resource === 'jobs' ? (after ?? before) : undefined
    const projected = job && projectedJob(job)
    if (projected !== undefined && (after === undefined || finalCondition(projected) !== undefined || skippedOf(projected) !== undefined)) over.add(projected.metadata.uid)
    if (resource !== 'leases' || after === undefined) continue
    const seen = lockTableOf(after)
    if (seen.kind !== 'table') continue
    const holders = [...seen.table.holders.values()].filter(({ uid }) => !over.has(uid))
    for (const [index, one] of holders.entries()) for (const other of holders.slice(index + 1)) if (isConflict(other.wants, one.wants)) faults.push(`${one.job} and ${other.job} hold the same lock`)
  }
  return faults
}

/** Left alone for long enough, nothing waits and nothing is held. */
function faultsAtTheEnd({ server, requests, history }: GateLife): readonly string[] {
  const open = server.list('jobs').flatMap((object) => projectedJob(object) ?? []).filter((job) => finalCondition(job) === undefined && skippedOf(job) === undefined)
  const table = server.list('leases').map((lease) => lockTableOf(lease))[0]
  const held = table?.kind === 'table' ? [...table.table.holders.values()] : []
  const made = history.filter(({ resource, before }) => resource === 'jobs' && before === undefined).length
  const writes = requests.filter(({ verb }) => verb !== 'get').length
  const last = history.at(-1)?.at ?? 0
  const late = requests.filter(({ at, verb }) => verb !== 'get' && at > last + 2 * minute)
  return [
    ...open.map(({ metadata: { name } }) => `${name} is open at the end`),
    ...held.map(({ job }) => `${job} has its locks for ever`),
    ...(writes > 200 + made * 12 ? [`${writes} writes for ${made} Jobs`] : []),
    ...(late.length > 0 ? [`${late.length} writes long after everything was over`] : []),
  ]
}

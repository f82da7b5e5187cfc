import { parseCron } from '../model/cron-expression.ts'
import { nextMatch } from '../model/cron-next.ts'
import { type Instant, formatInstant, minute, parseInstant, second } from '../model/instant.ts'
import type { JsonObject, OwnerReference } from '../model/kubernetes.ts'
import { scheduledTimestampAnnotation } from '../model/names.ts'
import { type Lag, watchLate } from './delayed-view.ts'
import { objectOf, objectsIn, textOf } from './json-reading.ts'
import type { Resource, ServerObject, VirtualApiServer } from './virtual-api-server.ts'
import type { VirtualTime } from './virtual-time.ts'

interface Options {
  readonly server: VirtualApiServer
  readonly time: VirtualTime
  readonly lag: Lag
  /** Milliseconds from creating a Job to writing the CronJob's status. */
  readonly statusDelay: () => number
  /** Whether a change is told a second time. */
  readonly repeats?: (resource: Resource) => boolean
  /** How far its clock is ahead of the API server's; milliseconds. */
  readonly skew?: number
  /** How long a CronJob waits for a worker, because others are before it; milliseconds. */
  readonly queue?: () => number
  /** What its time zone data make of a zone; undefined: they lack it. */
  readonly zoneData?: (timeZone: string) => string | undefined
  /** Told what happens to it. */
  readonly met?: (what: string) => void
}

/** The controller wakes this long after a match (nextScheduleDelta in Kubernetes). */
const delta = 100
const firstBackoff = 5
const lastBackoff = 1_000 * second
/** --concurrent-cron-job-syncs */
const workers = 5

/** What the controller has found for a key that it looked at. */
type Synced = { readonly kind: 'idle' } | { readonly kind: 'wake'; readonly at: Instant } | { readonly kind: 'failed' }

/**
 * The CronJob controller of kube-controller-manager 1.36, as design/time.md section 2 has it: read in its source and measured.
 * With its caches that lag, the approximation by equal gaps, wake-ups by edits of the expression only, and the repair path that
 * cannot find a Job it has made itself.
 */
export class CronJobController {
  readonly #options: Required<Options>
  #stopWatching: (() => void) | undefined
  /** Another run of the process: what an earlier one had begun is not ended. */
  #process = 0
  readonly #cronJobs = new Map<string, ServerObject>()
  readonly #jobs = new Map<string, ServerObject>()
  /** The delaying queue: for each key the earliest instant that was asked for. */
  readonly #wakes = new Map<string, Instant>()
  readonly #failures = new Map<string, number>()
  readonly #parsed = new Map<string, ReturnType<typeof parseCron>>()
  readonly #busy = new Set<string>()
  readonly #dirty = new Set<string>()
  /** Those that wait for a worker, in their order. */
  readonly #waiting = new Set<string>()

  constructor(options: Options) {
    this.#options = { queue: () => 0, zoneData: (timeZone) => timeZone, met: () => {}, repeats: () => false, skew: 0, ...options }
  }

  get isRunning(): boolean {
    return this.#stopWatching !== undefined
  }

  /** Its own clock. */
  get #now(): Instant {
    return this.#options.time.now() + this.#options.skew
  }

  start(): void {
    const { server, time, lag, repeats } = this.#options
    this.#process++
    for (const cache of [this.#cronJobs, this.#jobs, this.#wakes, this.#failures]) cache.clear()
    for (const set of [this.#busy, this.#dirty, this.#waiting]) set.clear()
    this.#stopWatching = watchLate(server, time, { lag, repeats, seen: (...change) => this.#see(...change) })
  }

  stop(): void {
    this.#process++
    this.#stopWatching?.()
    this.#stopWatching = undefined
  }

  #see(resource: Resource, _before: ServerObject | undefined, after: ServerObject | undefined): void {
    const name = (after ?? _before)?.metadata.name ?? ''
    if (resource === 'cronjobs') this.#seeCronJob(name, after)
    if (resource !== 'jobs') return
    const owner = controllerOf(after ?? this.#jobs.get(name))
    if (after === undefined) this.#jobs.delete(name)
    else this.#jobs.set(name, after)
    if (owner !== undefined && this.#cronJobs.get(owner.name)?.metadata.uid === owner.uid) this.#add(owner.name)
  }

  #seeCronJob(name: string, after: ServerObject | undefined): void {
    const before = this.#cronJobs.get(name)
    if (after === undefined) {
      this.#cronJobs.delete(name)
      return
    }
    this.#cronJobs.set(name, after)
    const isEdited = before !== undefined && (before.spec.schedule !== after.spec.schedule || before.spec.timeZone !== after.spec.timeZone)
    if (!isEdited) return this.#add(name)
    const wake = this.#wakeAfter(after)
    if (wake !== undefined) this.#addAt(name, wake)
  }

  #add(name: string): void {
    if (this.#busy.has(name)) {
      this.#dirty.add(name)
      return
    }
    const wait = this.#options.queue()
    if (wait === 0) return this.#enqueue(name)
    const process = this.#process
    this.#options.met('waits for a worker')
    this.#options.time.after(wait, () => {
      if (process === this.#process) this.#enqueue(name)
    })
  }

  #enqueue(name: string): void {
    if (this.#busy.has(name)) this.#dirty.add(name)
    else this.#waiting.add(name)
    this.#work()
  }

  #work(): void {
    for (const name of this.#waiting) {
      if (this.#busy.size >= workers) return
      this.#waiting.delete(name)
      this.#sync(name)
    }
  }

  #addAt(name: string, at: Instant): void {
    const known = this.#wakes.get(name)
    if (known !== undefined && known <= at) return
    this.#wakes.set(name, at)
    const { time, skew } = this.#options
    const process = this.#process
    time.at(at - skew, () => {
      if (process !== this.#process || this.#wakes.get(name) !== at) return
      this.#wakes.delete(name)
      this.#add(name)
    })
  }

  #sync(name: string): void {
    const cronJob = this.#cronJobs.get(name)
    if (cronJob === undefined) return
    this.#busy.add(name)
    const process = this.#process
    const { time, statusDelay } = this.#options
    const status = statusOf(cronJob)
    const jobs = [...this.#jobs.values()].filter((job) => controllerOf(job)?.uid === cronJob.metadata.uid)
    const seen = this.#noteJobs(status, jobs)
    const made = this.#fire(cronJob, status)
    const cleaned = this.#cleanUp(cronJob, jobs)
    if (!seen && !cleaned && !made.written) return this.#end(name, made.result)
    time.after(statusDelay(), () => {
      if (process !== this.#process) return made.written ? this.#options.met('dies before it writes down what it started') : undefined
      this.#end(name, this.#writeStatus(cronJob, status) ? made.result : { kind: 'failed' })
    })
  }

  #end(name: string, result: Synced): void {
    this.#busy.delete(name)
    if (result.kind === 'failed') {
      const failures = this.#failures.get(name) ?? 0
      this.#failures.set(name, failures + 1)
      this.#options.met(failures < 12 ? 'backs off' : 'backs off for long')
      this.#addAt(name, this.#now + Math.min(lastBackoff, firstBackoff * 2 ** failures))
    } else {
      this.#failures.delete(name)
      if (result.kind === 'wake') this.#addAt(name, result.at)
    }
    if (this.#dirty.delete(name)) this.#add(name)
    this.#work()
  }

  #writeStatus(cronJob: ServerObject, { active, lastScheduleTime }: Status): boolean {
    const status = { active: [...active].map(([uid, name]) => ({ kind: 'Job', name, uid })), ...(lastScheduleTime === undefined ? {} : { lastScheduleTime: formatInstant(lastScheduleTime) }) }
    try {
      this.#options.server.modify('cronjobs', cronJob.metadata.name, (object) => ({ ...object, status }), cronJob.metadata.resourceVersion)
      return true
    } catch {
      this.#options.met('cannot write status')
      return false // 409, or it is gone
    }
  }

  /** Keeps the list of active Jobs; true if it changed. */
  #noteJobs({ active }: Status, jobs: readonly ServerObject[]): boolean {
    const before = active.size
    for (const [uid, name] of active) {
      const job = jobs.find((one) => one.metadata.uid === uid) ?? this.#asked(name, uid)
      if (job === undefined || isFinished(job)) active.delete(uid)
    }
    return active.size !== before
  }

  /** A Job that the cache does not have is asked for. */
  #asked(name: string, uid: string): ServerObject | undefined {
    const job = this.#options.server.get('jobs', name)
    return job?.metadata.uid === uid ? job : undefined
  }

  #fire(cronJob: ServerObject, status: Status): { readonly written: boolean; readonly result: Synced } {
    const { spec, metadata } = cronJob
    const nothing = { written: false, result: { kind: 'idle' as const } }
    const wake = this.#wakeAfter(cronJob)
    if (metadata.deletionTimestamp !== undefined || spec.suspend === true || wake === undefined) return nothing
    const later = { written: false, result: { kind: 'wake' as const, at: wake } }
    const now = this.#now
    const { match, isAnyMissed } = this.#latestMissed(cronJob, 'WithinDeadline')
    if (match === undefined && isAnyMissed) this.#options.met('finds none of several missed')
    if (match === undefined || match + deadlineOf(cronJob) < now) return later
    if (spec.concurrencyPolicy === 'Forbid' && status.active.size > 0) return later // it looks again when one of them ends
    const name = `${metadata.name}-${Math.floor(match / minute)}`
    if ([...status.active.values()].includes(name) || status.lastScheduleTime === match) return later
    try {
      const job = this.#options.server.create('jobs', jobOf(cronJob, name, match))
      status.active.set(job.metadata.uid, name)
    } catch {
      this.#options.met('cannot make a Job')
      // AlreadyExists: it looks the Job up without a namespace, finds none and backs off. Quota, admission: it backs off as well.
      return { written: false, result: { kind: 'failed' } }
    }
    status.lastScheduleTime = match
    this.#options.met(now - match > 10 * second ? 'fires late' : 'fires')
    return { written: true, result: { kind: 'wake', at: this.#wakeAfter({ ...cronJob, status: { lastScheduleTime: formatInstant(match) } }) ?? wake } }
  }

  /** When it will look again by itself: the match after the latest missed one, whenever that one was. */
  #wakeAfter(cronJob: ServerObject): Instant | undefined {
    const { match, earliest, isAnyMissed } = this.#latestMissed(cronJob, 'Ever')
    const next = this.#matchAfter(cronJob, match ?? (isAnyMissed ? this.#now : earliest))
    return next === undefined ? undefined : next + delta
  }

  /**
   * mostRecentScheduleTime: the latest match after L (or creation), at most D ago. Of more than one it guesses by the first gap,
   * and so may find none though there are some.
   */
  #latestMissed(cronJob: ServerObject, within: 'WithinDeadline' | 'Ever'): Missed {
    const now = this.#now
    const looked = statusOf(cronJob).lastScheduleTime ?? parseInstant(cronJob.metadata.creationTimestamp) ?? 0
    const earliest = within === 'WithinDeadline' ? Math.max(looked, now - deadlineOf(cronJob)) : looked
    const first = this.#matchAfter(cronJob, earliest)
    if (first === undefined || now < first) return { earliest, match: undefined, isAnyMissed: false }
    const second = this.#matchAfter(cronJob, first)
    if (second === undefined || now < second) return { earliest, match: first, isAnyMissed: true }
    const missed = Math.floor((now - first) / (second - first)) + 1
    let match: Instant | undefined
    for (let at = this.#matchAfter(cronJob, first + (missed - 2) * (second - first)); at !== undefined && at <= now; at = this.#matchAfter(cronJob, at)) match = at
    return { earliest, match, isAnyMissed: true }
  }

  #matchAfter({ spec }: ServerObject, after: Instant): Instant | undefined {
    const text = textOf(spec.schedule)
    const parsed = this.#parsed.get(text) ?? parseCron(text)
    this.#parsed.set(text, parsed)
    const timeZone = this.#options.zoneData(textOf(spec.timeZone) || 'Etc/UTC')
    return parsed.ok && timeZone !== undefined ? nextMatch(parsed.value, timeZone, after) : undefined
  }

  /** History limits, oldest first; true if a Job was deleted. */
  #cleanUp({ spec }: ServerObject, jobs: readonly ServerObject[]): boolean {
    const finished = jobs.filter(isFinished).toSorted((a, b) => (startOf(a) < startOf(b) ? -1 : 1))
    const succeeded = finished.filter((job) => hasCondition(job, 'Complete'))
    const failed = finished.filter((job) => !hasCondition(job, 'Complete'))
    const surplus = [
      ...succeeded.slice(0, Math.max(0, succeeded.length - Number(spec.successfulJobsHistoryLimit ?? 3))),
      ...failed.slice(0, Math.max(0, failed.length - Number(spec.failedJobsHistoryLimit ?? 1))),
    ]
    for (const { metadata } of surplus) {
      if (this.#options.server.get('jobs', metadata.name)?.metadata.uid === metadata.uid) this.#options.server.delete('jobs', metadata.name)
    }
    return surplus.length > 0
  }
}

interface Missed {
  /** What came up to here does not count. */
  readonly earliest: Instant
  readonly match: Instant | undefined
  readonly isAnyMissed: boolean
}

interface Status {
  /** UID and name of the Jobs that are not finished. */
  readonly active: Map<string, string>
  lastScheduleTime: Instant | undefined
}

function statusOf({ status }: ServerObject): Status {
  return {
    active: new Map(objectsIn(status?.active).map(({ uid, name }) => [textOf(uid), textOf(name)])),
    lastScheduleTime: parseInstant(textOf(status?.lastScheduleTime)),
  }
}

function deadlineOf({ spec }: ServerObject): number {
  return typeof spec.startingDeadlineSeconds === 'number' ? spec.startingDeadlineSeconds * second : Infinity
}

function jobOf(cronJob: ServerObject, name: string, match: Instant): JsonObject {
  const template = objectOf(cronJob.spec.jobTemplate)
  const metadata = objectOf(template.metadata)
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: cronJob.metadata.name, uid: cronJob.metadata.uid, controller: true, blockOwnerDeletion: true }
  return {
    metadata: { ...metadata, name, annotations: { ...objectOf(metadata.annotations), [scheduledTimestampAnnotation]: formatInstant(match) }, ownerReferences: [owner] },
    spec: objectOf(template.spec),
  }
}

function controllerOf(object: ServerObject | undefined): OwnerReference | undefined {
  return object?.metadata.ownerReferences?.find(({ controller }) => controller === true)
}

export function isFinished(job: ServerObject): boolean {
  return hasCondition(job, 'Complete') || hasCondition(job, 'Failed')
}

function hasCondition({ status }: ServerObject, type: string): boolean {
  return objectsIn(status?.conditions).some((condition) => condition.type === type && condition.status === 'True')
}

function startOf(job: ServerObject): string {
  return textOf(job.status?.startTime) || job.metadata.creationTimestamp
}

import { setImmediate } from 'node:timers/promises'
import { type Instant, minute, second } from '../model/instant.ts'
import { isSameJson } from '../model/json.ts'
import type { KubernetesObject } from '../model/kubernetes.ts'
import { type Action, type Learned, type Plan, type Requeue, storeLag } from '../plan/action.ts'
import { failureFields } from '../kube/api-failure.ts'
import type { Apply, Outcome } from '../kube/apply.ts'
import type { Clock } from '../kube/clock.ts'
import type { Failure } from '../kube/failure.ts'
import type { Logger } from '../kube/logger.ts'
import type { Store } from '../kube/store.ts'
import { WorkQueue } from '../kube/work-queue.ts'
import { LearnedByKey } from './learned.ts'

/** One kind of key and what is to be done about it. `observe` reads synced stores only, `plan` is pure. */
export interface Controller<Observed> {
  readonly name: string
  /** Stores whose changes wake keys. */
  readonly wakes: readonly Wake[]
  /** Stores that are only read. */
  readonly reads: readonly Pick<Store<KubernetesObject>, 'synced'>[]
  /** Undefined: there is nothing behind this key any more. */
  observe(key: string, learned: Learned): Observed | undefined
  plan(observed: Observed, now: Instant): Plan
}

export interface Wake {
  readonly synced: Promise<void>
  /** Names the keys of everything that is there, then of every change. Returns how to stop that. */
  subscribe(enqueue: (key: string) => void): () => void
}

/**
 * Changes of a store wake the keys of the object as it was and as it is. `SpecChanged`: changes of its status and the like do not
 * count. `LabelsChanged`: only those of its labels do, as far as they are kept.
 */
export function wakeOn<T extends KubernetesObject>(store: Pick<Store<T>, 'synced' | 'subscribe'>, keysOf: (object: T) => readonly string[], when: keyof typeof isSame = 'Changed'): Wake {
  return {
    synced: store.synced,
    subscribe: (enqueue) =>
      store.subscribe((before, after) => {
        if (isSame[when](before, after)) return
        new Set([before, after].flatMap((object) => (object === undefined ? [] : keysOf(object)))).forEach(enqueue)
      }),
  }
}

/** The API server counts changes of the spec. Deletion is one too. */
function hasSameSpec(before: KubernetesObject | undefined, after: KubernetesObject | undefined): boolean {
  const [one, other] = [before?.metadata, after?.metadata]
  return one?.uid === other?.uid && one?.generation === other?.generation && one?.deletionTimestamp === other?.deletionTimestamp
}

/** A recreated object is another one. */
function hasSameLabels(before: KubernetesObject | undefined, after: KubernetesObject | undefined): boolean {
  const [one, other] = [before?.metadata, after?.metadata]
  return one?.uid === other?.uid && isSameJson(one?.labels, other?.labels)
}

const isSame = { Changed: () => false, SpecChanged: hasSameSpec, LabelsChanged: hasSameLabels } as const

export interface Environment {
  readonly apply: Apply
  readonly clock: Clock
  readonly log: Logger
  /** For `reconcile_duration_seconds`. */
  readonly reconciled: (pass: { readonly controller: string; readonly outcome: PassOutcome; readonly seconds: number }) => void
  readonly workers?: number
}

export type PassOutcome = 'gone' | 'bug' | Failure['kind'] | Exclude<Outcome['kind'], 'failed'>

/** One request in flight takes twice the time of 32, and 16 nearly as little (measured); more only wait for each other. */
const defaultWorkers = 16
/** What waits for a watch, or for a person, is planned again after this in any case. */
const safetyRetry = 10 * minute
/** Decisions are made on looks that are some seconds old at most: who pauses for longer looks in vain, and for ever. */
const longestPauseAfterLook = second
/** A failure that comes back this many times in a row (about 5 s of backoff) is no longer a hiccup: status tells it. */
const lasting = 10

/**
 * Runs a controller until it is stopped: observe, plan and apply for each key that is woken, one pass per key at a time.
 * Nothing is planned before all its stores have synced. A plan that throws is a bug: logged, and tried again with backoff.
 */
export function startController<Observed>(controller: Controller<Observed>, environment: Environment): { stop(): Promise<void> } {
  const loop = new Loop(controller, environment)
  void loop.run()
  return loop
}

/** When the first of what was refused may be sent again. */
function firstRetry({ refused, postponed }: Learned): Instant | undefined {
  const instants = [...(refused === undefined ? [] : [refused]), ...postponed.values()].map(({ retryAt }) => retryAt)
  return instants.length === 0 ? undefined : Math.min(...instants)
}

class Loop<Observed> {
  readonly #controller: Controller<Observed>
  readonly #environment: Environment
  readonly #queue: WorkQueue
  readonly #learned = new LearnedByKey()
  #unsubscribe: readonly (() => void)[] = []
  #isStopped = false

  constructor(controller: Controller<Observed>, environment: Environment) {
    this.#controller = controller
    this.#environment = environment
    this.#queue = new WorkQueue(environment.clock)
  }

  async run(): Promise<void> {
    const { reads, wakes } = this.#controller
    await Promise.all([...reads, ...wakes].map(({ synced }) => synced))
    if (this.#isStopped) return
    this.#unsubscribe = wakes.map((wake) => wake.subscribe((key) => this.#queue.add(key)))
    await Promise.all(Array.from({ length: this.#environment.workers ?? defaultWorkers }, () => this.#work()))
  }

  /** Resolves when the passes in progress have ended; no other begins. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await this.#queue.stop()
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.next(); key !== undefined; key = await this.#queue.next()) {
      await this.#measured(key)
      this.#queue.done(key)
      // Passes that write nothing never wait for IO: without this, ten thousand of them would hold up watches and health checks.
      await setImmediate()
    }
  }

  async #measured(key: string): Promise<void> {
    const { clock, log, reconciled } = this.#environment
    const { name: controller } = this.#controller
    const started = clock.now()
    const outcome = await this.#pass(key, started).catch((error: unknown): PassOutcome => {
      log.error({ controller, key, ...failureFields(error) }, 'reconcile threw')
      this.#queue.retry(key, second)
      return 'bug'
    })
    reconciled({ controller, outcome, seconds: (clock.now() - started) / second })
  }

  async #pass(key: string, now: Instant): Promise<PassOutcome> {
    const learned = this.#learned.of(key, now)
    const observed = this.#controller.observe(key, learned)
    if (observed === undefined) {
      this.#learned.forget(key)
      this.#queue.forget(key)
      return 'gone'
    }
    const plan = this.#controller.plan(observed, now)
    const { outcome, evidence, written, postponed } = await this.#environment.apply(plan, learned)
    if (evidence.size > 0 || written.size > 0 || postponed.size > 0) this.#learned.add(key, { evidence, written, postponed }, now)
    // A pass that also carried something out has not looked in vain: the next look waits no longer than the first.
    if (outcome.kind === 'looked' && written.size > 0) this.#queue.forget(key)
    return this.#settle(key, plan.requeue, outcome)
  }

  /** The one place where an outcome decides when its key is planned again. */
  #settle(key: string, requeue: Requeue, outcome: Outcome): PassOutcome {
    const now = this.#environment.clock.now()
    switch (outcome.kind) {
      case 'done':
        this.#learned.setRefused(key, undefined, now)
        // A plan that wants to be made again at once, over and over, is slowed down.
        if (requeue.kind === 'at' && requeue.at <= now) this.#queue.retry(key)
        else this.#queue.forget(key)
        this.#wakeAt(key, requeue)
        break
      case 'looked':
        this.#queue.retry(key, 0, longestPauseAfterLook)
        break
      case 'outrun':
        // The watch tells as soon as it shows the earlier write.
        this.#queue.forget(key)
        this.#queue.addAt(key, now + storeLag)
        this.#wakeAt(key, requeue)
        break
      case 'refused':
        this.#queue.addAt(key, firstRetry(this.#learned.of(key, now)) ?? now + safetyRetry)
        this.#wakeAt(key, requeue)
        break
      case 'failed':
        // Planned from what has changed meanwhile: until the watch shows that, the same plan would only be refused again.
        if (outcome.failure.kind === 'waiting') this.#wakeAt(key, requeue, storeLag)
        this.#settleFailure(key, outcome.failure, outcome.action)
        break
    }
    return outcome.kind === 'failed' ? outcome.failure.kind : outcome.kind
  }

  #settleFailure(key: string, failure: Failure, action: Action | undefined): void {
    switch (failure.kind) {
      case 'waiting':
        this.#queue.forget(key)
        this.#queue.addAt(key, this.#environment.clock.now() + safetyRetry)
        break
      case 'stalled':
        this.#queue.retry(key, action === undefined ? failure.retryAfter : 0)
        this.#refuse(key, action, failure)
        break
      case 'transient': {
        const failures = this.#queue.retry(key, failure.retryAfter)
        const { message } = failure
        if (failures >= lasting && message !== undefined) this.#refuse(key, action, { message, retryAfter: minute })
        break
      }
    }
  }

  /** The next pass sees the refusal and tells it in status; the action waits. */
  #refuse(key: string, action: Action | undefined, { message, retryAfter }: { message: string; retryAfter: number }): void {
    const now = this.#environment.clock.now()
    if (action !== undefined) this.#learned.setRefused(key, { action, message, retryAt: now + retryAfter }, now)
  }

  /** Not before `atLeast` milliseconds have passed. */
  #wakeAt(key: string, requeue: Requeue, atLeast = 0): void {
    const now = this.#environment.clock.now()
    if (requeue.kind === 'at' && requeue.at > now) this.#queue.addAt(key, Math.max(requeue.at, now + atLeast))
  }
}

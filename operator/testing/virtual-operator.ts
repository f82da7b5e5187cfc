import { type Environment, type PassOutcome, startController } from '../controllers/controller.ts'
import { gateController } from '../controllers/gate.ts'
import { integrationRunController } from '../controllers/integration-run.ts'
import { scheduleController } from '../controllers/schedule.ts'
import { setRunController } from '../controllers/set-run.ts'
import type { Stores } from '../controllers/stores.ts'
import { unownedController } from '../controllers/unowned.ts'
import type { ApiRequest } from '../kube/api-client.ts'
import { createApply } from '../kube/apply.ts'
import type { Clock } from '../kube/clock.ts'
import { EventRecorder } from '../kube/event-recorder.ts'
import type { EventDraft } from '../plan/action.ts'
import { type Change, type Lag, watchLate } from './delayed-view.ts'
import { MemoryStores } from './memory-stores.ts'
import { recordedLog } from './recorded-log.ts'
import { virtualApiClient } from './virtual-api-client.ts'
import type { Resource, VirtualApiServer } from './virtual-api-server.ts'
import type { VirtualTime } from './virtual-time.ts'

interface Options {
  readonly server: VirtualApiServer
  readonly time: VirtualTime
  readonly lag: Lag
  readonly latency: () => number
  /** Each request of the operator when it arrives; false: the connection breaks instead. */
  readonly arrives: (request: ApiRequest) => boolean
  /** False: it was carried out, or refused, and the connection breaks before the answer. */
  readonly answered?: (request: ApiRequest) => boolean
  /** Whether a change is told a second time. */
  readonly repeats?: (resource: Resource) => boolean
  /** How far its clock is ahead of the API server's; milliseconds. */
  readonly skew?: number
  /** Told what it did, and why. */
  readonly met?: (what: string) => void
  /** Starts the controllers that this operator has; all of them, unless told otherwise. */
  readonly start?: (stores: Stores, environment: Environment) => void
}

function startAll(stores: Stores, environment: Environment): void {
  startController(scheduleController(stores, environment.clock, 'Automatic'), environment)
  startController(gateController(stores), environment)
  startController(unownedController(stores.cronJobs), environment)
  startController(setRunController(stores), environment)
  startController(integrationRunController(stores), environment)
}

/** One process of the operator: its own loop, queue, planner and writer, on stores that lag and an API server that is far away. */
export class VirtualOperator {
  readonly #options: Options
  #process: { isAlive: boolean; readonly end: () => void } | undefined
  /** All events of all its processes. */
  readonly events: EventDraft[] = []
  readonly passes: PassOutcome[] = []
  /** Plans that threw. */
  readonly bugs: string[] = []

  constructor(options: Options) {
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#process !== undefined
  }

  /** Begins with what the API server has now, but for these changes: those it hears of later. */
  start(later: readonly Change[] = []): void {
    const { server, time, lag, latency, arrives, answered = () => true, repeats = () => false, skew = 0, met = () => {} } = this.#options
    const memory = new MemoryStores()
    const stopWatching = watchLate(server, time, {
      lag,
      later,
      repeats,
      seen: (resource, before, after) => {
        time.note()
        if (after !== undefined) memory.put(resource, after)
        else if (before !== undefined) memory.remove(resource, before)
      },
    })
    const life = { isAlive: true, end: stopWatching }
    this.#process = life
    const clock = clockOf(time, life, skew)
    const { log, lines } = recordedLog()
    const client = virtualApiClient(server, time, { latency, arrives, answered, isAlive: () => life.isAlive })
    const events = new EventRecorder({ client: virtualApiClient(server, time, { latency: () => 0, arrives: () => true, isAlive: () => life.isAlive }), clock, log })
    const record = events.record.bind(events)
    events.record = (draft) => {
      this.events.push(draft)
      record(draft)
    }
    const environment: Environment = {
      apply: createApply({ client, clock, events, log, copying: { ownNamespace: 'integration-scheduler', isThere: () => false } }),
      clock,
      log,
      reconciled: ({ outcome }) => {
        time.note()
        this.passes.push(outcome)
        const said = lines.splice(0)
        this.bugs.push(...said.filter(({ level }) => level === 'error').map((line) => JSON.stringify(line)))
        for (const { message, fields } of said) if ('because' in fields) met(`${message === 'carried out' ? '' : `${message}: `}${String(fields.because).split(':', 1)[0]}`)
        met(`pass: ${outcome}`)
      },
    }
    const { start = startAll } = this.#options
    start(memory.stores, environment)
    time.note()
  }

  /** kill -9: nothing that it waits for will ever come; what it has sent may still arrive. */
  crash(): void {
    if (this.#process === undefined) return
    this.#process.isAlive = false
    this.#process.end()
    this.#process = undefined
  }
}

function clockOf(time: VirtualTime, life: { readonly isAlive: boolean }, skew: number): Clock {
  return {
    now: () => time.now() + skew,
    after: (delay, run) =>
      time.after(delay, () => {
        if (!life.isAlive) return
        time.note()
        run()
      }),
  }
}

import type { ApiRequest } from '../kube/api-client.ts'
import { projectedJob } from '../kube/projections.ts'
import { formatInstant, second } from '../model/instant.ts'
import { asJson } from '../model/json.ts'
import type { Job, JsonObject } from '../model/kubernetes.ts'
import { label } from '../model/names.ts'
import { finalCondition } from '../plan/run-record.ts'
import { at } from './builders.ts'
import { objectOf } from './json-reading.ts'
import { type Resource, type ServerObject, VirtualApiServer, namespace } from './virtual-api-server.ts'
import { VirtualOperator } from './virtual-operator.ts'
import { VirtualTime } from './virtual-time.ts'

export interface JobLife {
  /** From its start to its end; milliseconds. */
  readonly duration: number
  /** `Complete`, or the reason of a failure. */
  readonly end: 'Complete' | 'BackoffLimitExceeded' | 'PodFailurePolicy'
}

/** A Job that was let start. */
export interface Start {
  readonly job: string
  /** Of a set. */
  readonly member: string
  readonly uid: string
}

/** The operator, whole, on a cluster on which Jobs run that it makes and lets start. It can be killed, or cut off, at any of its writes. */
export class SetRunStage {
  readonly time = new VirtualTime(at('2026-03-02T10:00Z'))
  readonly server = new VirtualApiServer(this.time)
  /** How far the stores of each operator are behind; milliseconds. */
  readonly lags = { operator: 20, rival: 20 }
  readonly operator = this.#operator('operator')
  readonly rival = this.#operator('rival')
  readonly starts: Start[] = []
  readonly #lives: Readonly<Record<string, JobLife>>
  #arrives: (request: ApiRequest) => boolean = () => true
  #answered: (request: ApiRequest) => boolean = () => true

  /** By member, or by name of the Job. */
  constructor(lives: Readonly<Record<string, JobLife>>) {
    this.#lives = lives
    // Pods need a moment to go.
    this.server.draining = (_resource, drained) => void this.time.after(2 * second, drained)
    this.server.subscribe((resource, before, after) => {
      if (resource !== 'jobs' || after === undefined || after.spec.suspend === true || after.spec.managedBy !== undefined) return
      if (before === undefined || before.spec.suspend === true) this.#live(after)
    })
  }

  #operator(who: 'operator' | 'rival'): VirtualOperator {
    return new VirtualOperator({
      server: this.server,
      time: this.time,
      lag: () => this.lags[who],
      latency: () => 5,
      arrives: (request) => who === 'rival' || this.#arrives(request),
      answered: (request) => who === 'rival' || this.#answered(request),
    })
  }

  get bugs(): readonly string[] {
    return [...this.operator.bugs, ...this.rival.bugs]
  }

  async runFor(duration: number): Promise<void> {
    await this.time.runUntil(this.time.now() + duration)
  }

  /** Brings in an object as it is, with its status. */
  put(resource: Resource, object: ServerObject): void {
    const { resourceVersion: _replaced, ...metadata } = object.metadata
    this.server.create(resource, { ...asJson(object), metadata: { ...asJson(metadata), namespace } })
  }

  /** What an uncached look would see now. */
  job(name: string): Job | undefined {
    const object = this.server.get('jobs', name)
    return object && projectedJob(object)
  }

  #live({ metadata: { name, uid, labels } }: ServerObject): void {
    const member = labels?.[label.member] ?? ''
    this.starts.push({ job: name, member, uid })
    const { duration, end } = this.#lives[member] ?? this.#lives[name] ?? { duration: 10 * second, end: 'Complete' }
    const setStatus = (status: JsonObject): void => {
      const live = this.job(name)
      if (live?.metadata.uid !== uid || finalCondition(live) !== undefined) return
      this.server.modify('jobs', name, (object) => ({ ...object, status: { ...objectOf(object.status), ...status } }))
    }
    this.time.after(second, () => setStatus({ startTime: formatInstant(this.time.now()), active: 1 }))
    this.time.after(2 * second, () => setStatus({ ready: 1 }))
    this.time.after(2 * second + duration, () => {
      const lastTransitionTime = formatInstant(this.time.now())
      const condition = end === 'Complete' ? { type: 'Complete' } : { type: 'Failed', reason: end, message: 'as Kubernetes says' }
      setStatus({ active: 0, ready: 0, ...(end === 'Complete' ? { completionTime: lastTransitionTime } : {}), conditions: [{ ...condition, status: 'True', lastTransitionTime }] })
    })
  }

  /** The operator is killed or cut off at its nth write (from 0), and comes back 3 s later. `counted` is told how many there are. */
  disturb(at: { readonly write: number; readonly fault: Fault } | undefined, counted = { made: 0 }): void {
    let isHit = false
    const kill = () => {
      this.operator.crash()
      this.time.after(3 * second, () => this.operator.isRunning || this.operator.start())
    }
    this.#arrives = (request) => {
      if (!isWrite(request)) return true
      isHit = counted.made++ === at?.write
      if (isHit && at?.fault === 'killed before it is carried out') kill()
      return !isHit || at?.fault !== 'killed before it is carried out'
    }
    this.#answered = (request) => {
      if (!isHit || !isWrite(request)) return true
      isHit = false
      if (at?.fault === 'killed after it was carried out') kill()
      return false
    }
  }
}

export type Fault = 'killed before it is carried out' | 'killed after it was carried out' | 'answer lost'
export const faults: readonly Fault[] = ['killed before it is carried out', 'killed after it was carried out', 'answer lost']

function isWrite({ verb, target }: ApiRequest): boolean {
  return verb !== 'get' && target.resource !== 'events'
}

import { type Instant, formatInstant, second } from '../model/instant.ts'
import { asJson } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import type { ApiRequest } from '../kube/api-client.ts'
import { CronJobController, isFinished } from './cron-job-controller.ts'
import type { Change } from './delayed-view.ts'
import { objectOf } from './json-reading.ts'
import { Tally } from './tally.ts'
import { type Resource, type ServerObject, VirtualApiServer, namespace } from './virtual-api-server.ts'
import { VirtualOperator } from './virtual-operator.ts'
import { VirtualTime } from './virtual-time.ts'

/** Of whose view, clock or connection something holds: the two operators, and the two controllers of which one leads. */
export type Party = 'operator' | 'rival' | 'controller' | 'standby'

interface Options {
  readonly now: Instant
  /** Milliseconds until somebody sees a change. */
  readonly lag?: (who: Party, resource: Resource) => number
  /** Whether somebody is told a change a second time. */
  readonly repeats?: (who: Party, resource: Resource) => boolean
  /** How far somebody's clock is ahead of the API server's; milliseconds. */
  readonly skew?: (who: Party) => number
  /** Milliseconds of a request of an operator, each way. */
  readonly latency?: (who: Party) => number
  /** How long a Job runs, milliseconds, and how it ends. */
  readonly run?: (name: string) => { readonly duration: number; readonly succeeds: boolean }
  readonly statusDelay?: () => number
  /** How long a CronJob waits for a worker of the controller; milliseconds. */
  readonly queue?: () => number
  /** What the controller's time zone data make of a zone. */
  readonly zoneData?: (timeZone: string) => string | undefined
}

export interface SentRequest extends ApiRequest {
  readonly at: Instant
}

/** An API server, the CronJob controller, nodes that run Jobs, and the operator: in virtual time, with all that was written. */
export class VirtualCluster {
  readonly time: VirtualTime
  readonly server: VirtualApiServer
  readonly controller: CronJobController
  /** Another replica of kube-controller-manager, which leads after a failover. */
  readonly standby: CronJobController
  readonly operator: VirtualOperator
  /** A second one, which is there while a leader has not noticed that it no longer is one. */
  readonly rival: VirtualOperator
  readonly history: Change[] = []
  /** Requests of the operator that arrived. */
  readonly requests: SentRequest[] = []
  /** Decides on each request of the operator when it arrives; false: it is lost. */
  arrives: (request: ApiRequest) => boolean = () => true
  /** Decides on each request of the operator when it was carried out or refused; false: nobody hears of it. */
  answered: (request: ApiRequest) => boolean = () => true
  /** What happened to whom. */
  readonly tally = new Tally()

  constructor(options: Options) {
    const { now, run = () => ({ duration: 5 * second, succeeds: true }) } = options
    const time = new VirtualTime(now)
    const server = new VirtualApiServer(time)
    this.time = time
    this.server = server
    server.subscribe((resource, before, after) => {
      this.history.push({ at: time.now(), resource, before, after })
      if (resource === 'jobs' && after !== undefined && (before === undefined || before.spec.suspend === true)) this.#runJob(after, run(after.metadata.name))
    })
    this.controller = this.#controllerOf('controller', options)
    this.standby = this.#controllerOf('standby', options)
    this.operator = this.#operatorOf('operator', options)
    this.rival = this.#operatorOf('rival', options)
  }

  #controllerOf(who: Party, { lag = () => 20, repeats = () => false, skew = () => 0, statusDelay = () => 30, queue = () => 0, zoneData = (zone) => zone }: Options): CronJobController {
    const { server, time } = this
    const met = (what: string): void => this.tally.add(`controller: ${what}`)
    return new CronJobController({ server, time, statusDelay, queue, zoneData, met, skew: skew(who), lag: (resource) => lag(who, resource), repeats: (resource) => repeats(who, resource) })
  }

  #operatorOf(who: Party, { lag = () => 20, repeats = () => false, skew = () => 0, latency = () => 5 }: Options): VirtualOperator {
    const { server, time } = this
    return new VirtualOperator({
      server,
      time,
      latency: () => latency(who),
      lag: (resource) => lag(who, resource),
      repeats: (resource) => repeats(who, resource),
      skew: skew(who),
      met: (what) => this.tally.add(`operator: ${what}`),
      arrives: (request) => {
        const isCarriedOut = this.arrives(request)
        if (isCarriedOut) this.requests.push({ ...request, at: time.now() })
        return isCarriedOut
      },
      answered: (request) => this.answered(request),
    })
  }

  /** Everything is there and runs. */
  static async started(options: Options, objects: readonly (readonly [Resource, ServerObject])[]): Promise<VirtualCluster> {
    const cluster = new VirtualCluster(options)
    for (const [resource, object] of objects) cluster.put(resource, object)
    cluster.controller.start()
    cluster.operator.start()
    await cluster.time.runUntil(options.now)
    return cluster
  }

  get now(): Instant {
    return this.time.now()
  }

  /** Brings in an object as it is, with its status. */
  put(resource: Resource, object: ServerObject): void {
    if (resource === 'namespaces') this.server.delete(resource, object.metadata.name)
    const { resourceVersion: _replaced, ...metadata } = object.metadata
    this.server.create(resource, { ...asJson(object), metadata: { ...asJson(metadata), namespace } })
  }

  async runFor(duration: number): Promise<void> {
    await this.time.runUntil(this.now + duration)
  }

  async runUntil(instant: Instant): Promise<void> {
    await this.time.runUntil(instant)
  }

  get jobs(): readonly ServerObject[] {
    return this.server.list('jobs')
  }

  /** A user changes spec. */
  edit(resource: Resource, name: string, change: (spec: JsonObject) => JsonObject): void {
    this.server.modify(resource, name, (object) => ({ ...object, spec: change(objectOf(object.spec)) }))
  }

  #runJob(job: ServerObject, { duration, succeeds }: { readonly duration: number; readonly succeeds: boolean }): void {
    if (job.spec.suspend === true || job.spec.managedBy !== undefined) return
    const { name, uid } = job.metadata
    const setStatus = (status: JsonObject): void => {
      const live = this.server.get('jobs', name)
      if (live?.metadata.uid === uid && !isFinished(live)) this.server.modify('jobs', name, (object) => ({ ...object, status: { ...objectOf(object.status), ...status } }))
    }
    this.time.after(second, () => setStatus({ startTime: formatInstant(this.now), active: 1 }))
    this.time.after(second + duration, () => {
      const lastTransitionTime = formatInstant(this.now)
      if (succeeds) setStatus({ active: 0, completionTime: lastTransitionTime, conditions: [{ type: 'Complete', status: 'True', lastTransitionTime }] })
      else setStatus({ active: 0, conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit', lastTransitionTime }] })
    })
  }
}

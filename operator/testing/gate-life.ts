import { startController } from '../controllers/controller.ts'
import { gateController } from '../controllers/gate.ts'
import type { ApiRequest } from '../kube/api-client.ts'
import { type Instant, formatInstant, minute } from '../model/instant.ts'
import { asJson } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, apiVersion, label, manager, scheduledTimestampAnnotation } from '../model/names.ts'
import { type GateTerms, gateTermsText } from '../model/run-terms.ts'
import { integration, schedule } from './builders.ts'
import type { Change } from './delayed-view.ts'
import { objectOf } from './json-reading.ts'
import { Random } from './random.ts'
import { type ServerObject, VirtualApiServer, namespace } from './virtual-api-server.ts'
import { VirtualOperator } from './virtual-operator.ts'
import { VirtualTime } from './virtual-time.ts'

/**
 * - Alone: one operator that sees at once.
 * - Crashes: it is killed between any two writes, and answers get lost.
 * - Rivals: two of them at once, one of which sees what was up to 40 s ago, each kind of object by itself.
 */
export const gateCasts = ['Alone', 'Crashes', 'Rivals'] as const
export type GateCast = (typeof gateCasts)[number]

const start = Date.UTC(2026, 2, 2, 10)
const schedules = ['skip', 'queue', 'replace', 'mixed', 'locked'] as const
const policies = ['Allow', 'Skip', 'Queue', 'Replace'] as const
const locks = ['sftp/outbound', 'db/people', 'db/pay'] as const

export const mishaps = ['killed before', 'killed after', 'unheard'] as const

export interface GateLifeOptions {
  readonly seed: number
  readonly cast: GateCast
  /** Until nothing new happens; milliseconds. */
  readonly length?: number
  /** The operator dies before or after this write of its arrives, or (unheard) does not hear of it. */
  readonly at?: { readonly write: number; readonly what: (typeof mishaps)[number] }
}

/** Jobs that come to the gate of one namespace, end, and are changed by hand, for some minutes; and then the operator is left alone. */
export class GateLife {
  readonly time = new VirtualTime(start)
  readonly server = new VirtualApiServer(this.time)
  readonly history: Change[] = []
  readonly operator: VirtualOperator
  readonly rival: VirtualOperator
  /** Requests of operators that arrived. */
  readonly requests: (ApiRequest & { readonly at: Instant })[] = []
  /** Since when a schedule has been suspended, or was deleted. */
  readonly suspendedAt = new Map<string, Instant>()
  readonly log: string[] = []
  readonly #random: Random
  readonly #options: GateLifeOptions
  #made = 0
  #writes = 0

  constructor(options: GateLifeOptions) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.server.subscribe((resource, before, after) => {
      this.history.push({ at: this.time.now(), resource, before, after })
      if (resource === 'jobs') this.#live(before, after)
    })
    this.server.draining = (_resource, drained) => this.#after(this.#random.whole(100, 8_000), drained)
    this.operator = this.#operatorOf('operator')
    this.rival = this.#operatorOf('rival')
  }

  async run(): Promise<this> {
    const { length = 6 * minute, cast } = this.#options
    this.#setting()
    this.operator.start()
    if (cast === 'Rivals') this.rival.start()
    for (let at = 0; at < length; at += this.#random.whole(100, 6_000)) this.#after(at, () => this.#happens())
    await this.time.runUntil(start + length)
    this.#settle()
    await this.time.runUntil(start + length + 20 * minute)
    return this
  }

  #settle(): void {
    if (!this.operator.isRunning) this.operator.start()
    this.#isCalm = true
  }
  #isCalm = false

  #setting(): void {
    this.server.create('integrations', asJson(integration()))
    for (const name of schedules) {
      const owner = this.server.create('scheduledintegrations', asJson(schedule({ name, uid: uidOf(name), spec: { schedule: { recurrence: { cron: '* * * * *' } }, overlapPolicy: policyOf(this.#random, name) } })))
      this.server.create('cronjobs', cronJob(owner))
    }
  }

  #operatorOf(who: 'operator' | 'rival'): VirtualOperator {
    const { cast } = this.#options
    const random = this.#random
    const isLate = cast === 'Rivals' && who === 'rival'
    // Each watch by itself: what one has shown another may not show for long.
    const slowest = { jobs: random.one([30, 40_000]), leases: random.one([30, 40_000]), others: random.one([30, 40_000]) }
    const lagOf = (resource: string) => (resource === 'jobs' || resource === 'leases' ? slowest[resource] : slowest.others)
    return new VirtualOperator({
      server: this.server,
      time: this.time,
      lag: (resource) => random.whole(1, isLate && !this.#isCalm ? lagOf(resource) : 30),
      latency: () => (cast === 'Alone' || !random.chance(0.03) ? random.whole(1, 8) : random.whole(1, 5_000)),
      arrives: (request) => this.#arrives(who, request),
      answered: () => this.#answered(who),
      start: (stores, environment) => void startController(gateController(stores), environment),
    })
  }

  #arrives(who: 'operator' | 'rival', request: ApiRequest): boolean {
    this.requests.push({ ...request, at: this.time.now() })
    if (request.verb === 'get') return true
    const { cast, at } = this.#options
    const isIt = who === 'operator' && this.#writes++ === at?.write
    if (isIt && at.what !== 'unheard') this.#kill()
    if (isIt && at.what === 'killed before') return false
    if (cast === 'Crashes' && at === undefined && !this.#isCalm && this.#random.chance(0.02)) this.#kill()
    return this.#isCalm || cast !== 'Crashes' || at !== undefined || !this.#random.chance(0.02)
  }

  #answered(who: 'operator' | 'rival'): boolean {
    const { cast, at } = this.#options
    if (who === 'operator' && at?.what === 'unheard' && this.#writes - 1 === at.write) return false
    return this.#isCalm || cast !== 'Crashes' || at !== undefined || !this.#random.chance(0.02)
  }

  #kill(): void {
    this.log.push(`${this.#clock} operator killed`)
    this.operator.crash()
    this.#after(this.#random.whole(10, this.#random.chance(0.2) ? 100_000 : 3_000), () => {
      if (!this.operator.isRunning) this.operator.start()
    })
  }

  get #clock(): string {
    return new Date(this.time.now()).toISOString().slice(11, 23)
  }

  #after(delay: number, run: () => void): void {
    this.time.after(delay, () => {
      this.time.note()
      run()
    })
  }

  #happens(): void {
    const random = this.#random
    const name = random.one(schedules)
    const dice = random.next()
    if (dice < 0.8) this.#newJob(name)
    else if (dice < 0.86) this.#toggle(name)
    else if (dice < 0.89) this.#edit(name)
    else if (dice < 0.92) this.#deleteOne()
    else if (dice < 0.94) this.#deleteSchedule(name)
    else this.#newJob(undefined)
  }

  #newJob(name: (typeof schedules)[number] | undefined): void {
    const random = this.#random
    const owner = name === undefined ? undefined : this.server.get('scheduledintegrations', name)
    if (name !== undefined && owner === undefined) return
    const now = Math.floor(this.time.now() / minute) * minute
    const isScheduled = owner !== undefined && owner.spec.suspend !== true && random.chance(0.6) && this.server.get('jobs', `${name}-${now / minute}`) === undefined
    const overlapPolicy = policies.find((one) => one === owner?.spec.overlapPolicy) ?? 'Allow'
    const wanted = overlapPolicy === 'Allow' ? [random.one(locks)] : locks.filter(() => random.chance(0.25))
    const isUngated = owner !== undefined && overlapPolicy === 'Allow' && random.chance(0.3)
    const terms: GateTerms = {
      v: 1,
      overlapPolicy,
      locks: wanted.map((lock) => ({ name: lock, mode: random.chance(0.3) ? 'Shared' : 'Exclusive' })),
      maxWaitSeconds: random.one([20, 120, 600]),
      startingDeadlineSeconds: 3600,
      runName: name ?? 'once',
      timeZone: 'Etc/UTC',
      ...(owner === undefined ? {} : { schedulable: { kind: 'ScheduledIntegration', name: owner.metadata.name, uid: owner.metadata.uid } }),
    }
    this.#made++
    const job = isScheduled ? `${name}-${now / minute}` : `${name ?? 'once'}-by-hand-${this.#made}`
    this.log.push(`${this.#clock} ${job} ${isUngated ? 'ungated' : overlapPolicy} ${terms.locks.map(({ name: lock, mode }) => `${lock}:${mode}`).join(' ')}`)
    this.server.create('jobs', jobOf(job, { owner: owner && this.server.get('cronjobs', owner.metadata.name), schedule: name, terms: isUngated ? undefined : terms, occurrence: isScheduled ? now : undefined }))
  }

  #toggle(name: string): void {
    const owner = this.server.get('scheduledintegrations', name)
    if (owner === undefined) return
    const suspend = owner.spec.suspend !== true
    this.log.push(`${this.#clock} ${name} suspend ${suspend}`)
    if (suspend) this.suspendedAt.set(name, this.time.now())
    else this.suspendedAt.delete(name)
    this.server.modify('scheduledintegrations', name, (object) => ({ ...object, spec: { ...objectOf(object.spec), suspend } }))
  }

  #edit(name: (typeof schedules)[number]): void {
    if (this.server.get('scheduledintegrations', name) === undefined) return
    this.server.modify('scheduledintegrations', name, (object) => ({ ...object, spec: { ...objectOf(object.spec), overlapPolicy: this.#random.one(policies) } }))
  }

  /** Somebody deletes a run. */
  #deleteOne(): void {
    const [first, ...rest] = this.server.list('jobs').filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.conditions === undefined)
    if (first === undefined) return
    const { name } = this.#random.one([first, ...rest]).metadata
    this.log.push(`${this.#clock} ${name} deleted by hand`)
    this.server.delete('jobs', name, { propagationPolicy: this.#random.one(['Background', 'Foreground']) })
  }

  #deleteSchedule(name: string): void {
    if (this.server.get('scheduledintegrations', name) === undefined) return
    this.log.push(`${this.#clock} ${name} schedule deleted`)
    this.suspendedAt.set(name, this.time.now())
    this.server.delete('scheduledintegrations', name, { propagationPolicy: 'Orphan' })
  }

  /** The node, and whoever tells the story of a run that is replaced. */
  #live(before: ServerObject | undefined, after: ServerObject | undefined): void {
    if (after === undefined) return
    const { name, uid, annotations = {} } = after.metadata
    if (after.spec.suspend !== true && (before === undefined || before.spec.suspend === true)) {
      this.log.push(`${this.#clock} ${name} runs`)
      this.#after(this.#random.whole(300, 40_000), () => this.#end(name, uid))
    }
    if (before !== undefined && before.metadata.annotations?.[annotation.skipped] !== annotations[annotation.skipped]) this.log.push(`${this.#clock} ${name} ${annotations[annotation.skipped]}`)
    if (annotations[annotation.replaced] !== undefined && before?.metadata.annotations?.[annotation.replaced] === undefined) {
      this.#after(this.#random.whole(20, 500), () => this.#tellReplaced(after))
    }
  }

  #end(name: string, uid: string): void {
    const live = this.server.get('jobs', name)
    if (live?.metadata.uid !== uid) return
    this.log.push(`${this.#clock} ${name} ends`)
    const at = formatInstant(this.time.now())
    this.server.modify('jobs', name, (object) => ({ ...object, status: { startTime: at, completionTime: at, conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: at }] } }))
  }

  #tellReplaced({ metadata: { name, uid, labels = {} } }: ServerObject): void {
    const owner = labels[label.schedule]
    if (owner === undefined || this.server.get('scheduledintegrations', owner) === undefined) return
    const record = { name, jobName: name, jobUID: uid, outcome: 'Replaced' }
    this.server.modify('scheduledintegrations', owner, (object) => {
      const { runs = [] } = objectOf(object.status)
      return { ...object, status: { ...objectOf(object.status), runs: [record, ...(Array.isArray(runs) ? runs : [])].slice(0, 50) } }
    })
  }
}

/** Of the schedule of that name. */
export function uidOf(schedule: string): string {
  return `${schedule}-uid`
}

function policyOf(random: Random, name: (typeof schedules)[number]): string {
  if (name === 'mixed') return random.one(policies)
  return { skip: 'Skip', queue: 'Queue', replace: 'Replace', locked: 'Allow' }[name]
}

function cronJob({ metadata: { name, uid } }: ServerObject): JsonObject {
  return {
    metadata: { name, namespace, labels: { [label.managedBy]: manager, [label.schedule]: name }, ownerReferences: [{ apiVersion, kind: 'ScheduledIntegration', name, uid, controller: true }], finalizers: ['orphan'] },
    spec: { schedule: '* * * * *', timeZone: 'Etc/UTC', jobTemplate: {} },
  }
}

interface JobGiven {
  readonly owner: ServerObject | undefined
  readonly schedule: string | undefined
  /** Undefined: it does not pass the gate. */
  readonly terms: GateTerms | undefined
  readonly occurrence: Instant | undefined
}

function jobOf(name: string, { owner, schedule: scheduleName, terms, occurrence }: JobGiven): JsonObject {
  const controller = owner === undefined ? [] : [{ apiVersion: 'batch/v1', kind: 'CronJob', name: owner.metadata.name, uid: owner.metadata.uid, controller: true }]
  return {
    metadata: {
      name,
      namespace,
      labels: { [label.managedBy]: manager, ...(scheduleName === undefined ? {} : { [label.schedule]: scheduleName }) },
      annotations: {
        ...(terms === undefined ? {} : { [annotation.gate]: gateTermsText(terms) }),
        ...(occurrence === undefined ? {} : { [scheduledTimestampAnnotation]: formatInstant(occurrence) }),
      },
      ownerReferences: controller,
    },
    spec: { suspend: terms !== undefined, template: { metadata: {}, spec: { containers: [] } } },
  }
}

import type { ApiRequest } from '../kube/api-client.ts'
import { day, hour, minute, second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { type Profile, type Slowness, queueAt } from './cast.ts'
import type { CronJobController } from './cron-job-controller.ts'
import { objectOf } from './json-reading.ts'
import type { Span } from './life.ts'
import type { Pace, Setting } from './random-schedule.ts'
import type { Random } from './random.ts'
import { VirtualCluster } from './virtual-cluster.ts'

/** At most; milliseconds. */
const operatorOutage: Readonly<Record<Pace, number>> = { minutes: 20 * minute, hours: 12 * hour, days: 10 * day, months: 60 * day }
const controllerOutage: Readonly<Record<Pace, number>> = { minutes: 15 * minute, hours: 3 * hour, days: 2 * day, months: 10 * day }

/** The cluster of a life, and all that can go wrong with machines and connections there. */
export class Stage {
  readonly cluster: VirtualCluster
  readonly operatorDown: Span[] = []
  readonly controllerDown: Span[] = []
  readonly log: string[] = []
  readonly #random: Random
  readonly #pace: Pace
  readonly #slowness: Slowness
  #crashes: number
  #losses: number

  constructor({ random, pace, start }: Setting, slowness: Slowness, { crashes, losses }: Profile) {
    this.#random = random
    this.#pace = pace
    this.#slowness = slowness
    this.#crashes = random.one(crashes)
    this.#losses = random.one(losses)
    const succeeds = random.one([1, 0.5])
    const longestRun = random.one([2 * second, 40 * second, 5 * minute])
    this.cluster = new VirtualCluster({
      now: start,
      lag: (who, resource) => (random.chance(0.5) ? 5 : random.whole(1, slowness.lags[who][resource])),
      skew: (who) => slowness.skews[who],
      repeats: () => random.chance(0.05),
      latency: () => (random.chance(slowness.latency > 3 * second ? 0.2 : 0.02) ? random.whole(1, slowness.latency) : random.whole(1, 30)),
      statusDelay: () => random.whole(10, slowness.crowd > 0 ? 800 : 200),
      queue: () => queueAt(random, slowness.crowd, this.cluster.now % minute + (this.cluster.now % (6 * minute) < 5 * minute ? minute : 0)),
      run: () => ({ duration: random.whole(1, longestRun), succeeds: random.chance(succeeds) }),
    })
    this.cluster.arrives = (request) => this.#arrives(request)
    this.cluster.answered = () => this.#answered()
    this.cluster.server.collecting = (collect) => {
      if (slowness.collection === 0) return collect()
      this.later(random.whole(1, slowness.collection), collect)
    }
  }

  say(what: string): void {
    this.log.push(`${new Date(this.cluster.now).toISOString()} ${what}`)
    this.cluster.tally.add(`life: ${what.split(':', 1)[0]}`)
  }

  later(delay: number, then: () => void): void {
    this.cluster.time.after(delay, () => {
      this.cluster.time.note()
      then()
    })
  }

  /** From now on everything works. */
  settle(): void {
    this.recoverOperator()
    this.#restoreController()
    this.#crashes = 0
    this.#losses = 0
    this.cluster.rival.crash()
  }

  startRival(): void {
    if (this.cluster.rival.isRunning) return this.cluster.rival.crash()
    this.say('two operators')
    this.cluster.rival.start()
  }

  operatorOutage(): void {
    this.#crash('operator down')
    const longest = this.#random.one([20 * second, 5 * minute, operatorOutage[this.#pace]])
    this.later(this.#random.whole(second, Math.max(longest, minute)), () => this.recoverOperator())
  }

  #crash(what: string): void {
    if (!this.cluster.operator.isRunning) return
    this.say(what)
    this.cluster.operator.crash()
    this.operatorDown.push({ from: this.cluster.now, until: Infinity })
  }

  recoverOperator(): void {
    const last = this.operatorDown.at(-1)
    if (this.cluster.operator.isRunning || last === undefined) return
    this.operatorDown[this.operatorDown.length - 1] = { from: last.from, until: this.cluster.now }
    this.say('operator up')
    const { cronjobs, scheduledintegrations } = this.#slowness.lags.operator
    const staleness = this.#random.chance(0.3) ? this.#random.whole(1, Math.min(cronjobs, scheduledintegrations)) : 0
    this.cluster.operator.start(this.cluster.history.filter(({ at }) => at > this.cluster.now - staleness))
  }

  get #leader(): CronJobController | undefined {
    return [this.cluster.controller, this.cluster.standby].find(({ isRunning }) => isRunning)
  }

  controllerOutage(): void {
    if (this.#leader === undefined) return
    this.say('controller down')
    this.#change(() => {
      this.cluster.controller.stop()
      this.cluster.standby.stop()
    })
    const longest = this.#random.one([minute, 20 * minute, controllerOutage[this.#pace], controllerOutage[this.#pace]])
    this.later(this.#random.whole(second, longest), () => this.#restoreController())
  }

  #restoreController(): void {
    if (this.#leader !== undefined) return
    this.say('controller up')
    this.#change(() => this.#random.one([this.cluster.controller, this.cluster.standby]).start())
  }

  /** The other replica leads: after a gap, or while the former leader has not noticed. */
  failover(): void {
    const former = this.#leader
    if (former === undefined) return
    const next = former === this.cluster.controller ? this.cluster.standby : this.cluster.controller
    if (this.#random.chance(0.3)) {
      this.say('failover: for a while both lead')
      next.start()
      this.later(this.#random.whole(1, 5 * second), () => {
        if (next.isRunning) former.stop()
      })
      return
    }
    this.say('failover: for a while none leads')
    this.#change(() => former.stop())
    this.later(this.#random.whole(1, 30 * second), () => {
      if (this.#leader === undefined) this.#change(() => next.start())
    })
  }

  /** Whether anybody leads is kept in spans. */
  #change(change: () => void): void {
    change()
    const last = this.controllerDown.at(-1)
    const isDown = last?.until === Infinity
    if (this.#leader === undefined && !isDown) this.controllerDown.push({ from: this.cluster.now, until: Infinity })
    if (this.#leader !== undefined && last !== undefined && isDown) this.controllerDown[this.controllerDown.length - 1] = { from: last.from, until: this.cluster.now }
  }

  /** Any write to the CronJob makes its controller look at it, and can make it fail to write down what it started. */
  annotate(what: string): void {
    this.say(what)
    this.#note('cronjobs', 'nightly')
    const [job] = this.cluster.jobs
    if (job !== undefined && this.#random.chance(0.3)) this.#note('jobs', job.metadata.name)
    if (this.#random.chance(0.3)) this.#note('scheduledintegrations', 'nightly')
  }

  #note(resource: 'cronjobs' | 'jobs' | 'scheduledintegrations', name: string): void {
    if (this.cluster.server.get(resource, name) === undefined) return
    const note = String(this.cluster.now)
    this.cluster.server.modify(resource, name, ({ metadata, ...rest }) => ({ ...rest, metadata: { ...metadata, annotations: { ...objectOf(metadata.annotations), note } } }))
  }

  /** Somebody who writes again and again, as tools do that disagree with each other. */
  nag(): void {
    const every = this.#random.one([80, 900, 7 * second])
    this.say(`annotate again and again: every ${every} ms`)
    for (let times = 1; times <= 40; times++) this.later(times * every, () => this.#note('cronjobs', 'nightly'))
  }

  /** Some requests break, and at some the operator dies: before or after they are carried out. */
  #arrives({ verb, target }: ApiRequest): boolean {
    const random = this.#random
    if (this.#crashes > 0 && this.cluster.operator.isRunning && random.chance(0.1)) {
      this.#crashes--
      this.#crash(`operator dies at a request: ${verb} ${target.resource}`)
      this.later(random.whole(1, 90) * second, () => this.recoverOperator())
      return random.chance(0.5)
    }
    if (this.#losses > 0 && random.chance(0.1)) {
      this.#losses--
      this.say(`request lost: ${verb} ${target.resource}`)
      return false
    }
    return true
  }

  #answered(): boolean {
    if (this.#losses === 0 || !this.#random.chance(0.1)) return true
    this.#losses--
    this.say('answer lost')
    return false
  }
}

export function asBody(object: object): JsonObject {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made of JSON types only
  return object as JsonObject
}

/** Mischief with what belongs to the operator. */
export function vandalize({ cluster }: Stage, random: Random): string | undefined {
  const { server } = cluster
  if (server.get('cronjobs', 'nightly') === undefined) return undefined
  const spec = (change: JsonObject) => () => cluster.edit('cronjobs', 'nightly', (before) => ({ ...before, ...change }))
  const metadata = (change: JsonObject) => () => void server.modify('cronjobs', 'nightly', (object) => ({ ...object, metadata: { ...object.metadata, ...change } }))
  const deeds: Readonly<Record<string, () => void>> = {
    delete: () => server.delete('cronjobs', 'nightly'),
    expression: spec({ schedule: random.one(['* * * * *', '0 0 1 1 *', '*/7 * * * *', 'nonsense']) }),
    release: spec({ suspend: false }),
    cursor: metadata({ annotations: random.one<JsonObject>([{}, { 'integration-scheduler.io/cursor': '{"v":2}' }, { 'integration-scheduler.io/cursor': '{' }]) }),
    labels: metadata({ labels: {}, finalizers: [] }),
    template: spec({ jobTemplate: { spec: { template: { spec: { containers: [] } } } } }),
    deadline: spec({ startingDeadlineSeconds: random.one([20, 300]), successfulJobsHistoryLimit: 1 }),
    job: () => cluster.jobs.slice(0, 1).forEach(({ metadata: { name } }) => server.delete('jobs', name)),
  }
  const name = random.one(['delete', 'expression', 'release', 'cursor', 'labels', 'template', 'deadline', 'job'])
  deeds[name]?.()
  return name
}

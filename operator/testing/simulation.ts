import type { ApiRequest } from '../kube/api-client.ts'
import { type Instant, day, formatInstant, hour, minute, second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import type { Recurrence, Schedule } from '../model/schedule-spec.ts'
import { at, integration, schedule } from './builders.ts'
import { objectOf } from './json-reading.ts'
import { Random } from './random.ts'
import { VirtualCluster } from './virtual-cluster.ts'

/** What users wanted from an instant on; undefined: nothing may run. */
export interface Wish {
  readonly from: Instant
  readonly schedule: Schedule | undefined
  /** What was written all the same, while there is no template. */
  readonly held: Schedule | undefined
}

/** Who makes mischief: users, who write what is theirs; or also vandals, who write to the CronJob. */
export type Cast = 'Users' | 'Vandals'

interface Span {
  readonly from: Instant
  readonly until: Instant
}

/** A random life of one schedule, and what is needed to judge it. */
export interface Life {
  readonly seed: number
  readonly cluster: VirtualCluster
  readonly wishes: readonly Wish[]
  /** When the template went last. */
  readonly templateGoneAt: Instant
  /** When somebody wrote to the CronJob without changing what it does. */
  readonly touched: readonly Instant[]
  /** When somebody changed the CronJob or its Jobs by hand. */
  readonly byHand: readonly Instant[]
  /** When the operator, or the CronJob controller, did not run. */
  readonly operatorDown: readonly Span[]
  readonly controllerDown: readonly Span[]
  /** The longest that a watch lagged; milliseconds. */
  readonly longestLag: number
  /** From here on everything was in order and nobody changed anything. */
  readonly quietFrom: Instant
  /** What happened, for people who look for the reason of a failure. */
  readonly log: readonly string[]
}

type Pace = 'minutes' | 'hours' | 'days'

interface Setting {
  readonly random: Random
  readonly pace: Pace
  readonly start: Instant
  readonly timeZone: string
}

const stepOf: Readonly<Record<Pace, number>> = { minutes: minute, hours: hour, days: day }
/** Days on which clocks change, and others. */
const starts: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['2026-03-28T12:00Z', 'Europe/Berlin'],
  ['2026-10-24T12:00Z', 'Europe/Berlin'],
  ['2026-11-01T04:00Z', 'America/New_York'],
  ['2026-04-04T10:00Z', 'Australia/Lord_Howe'],
  ['2026-06-10T20:00Z', 'Asia/Kolkata'],
  ['2026-12-30T22:00Z', 'Etc/UTC'],
  ['2028-02-28T22:00Z', 'Etc/UTC'],
]

function randomSchedule({ random, pace, timeZone, start }: Setting, around: Instant): Schedule {
  const later = around + random.whole(-1, 6) * stepOf[pace]
  const kind = random.whole(0, 14)
  if (kind === 0) return { timeZone: 'Etc/UTC', ...localStart(later), recurrence: { once: {} } }
  if (kind === 1 && pace === 'minutes') return { ...localStart(start - hour), recurrence: { byMinute: { every: random.one([5, 10, 15, 20]) } } }
  if (kind === 1) return { ...localStart(start - day), recurrence: { byHour: { every: random.one([1, 2, 6, 12]) } } }
  if (kind === 2 && pace === 'days') return { startTime: clockTime(around), recurrence: random.one<Recurrence>([{ byDay: {} }, { byWeek: { days: ['Monday', 'Thursday', 'Sunday'] } }, { byMonth: { day: random.whole(1, 28) } }]) }
  const bounds = {
    ...(random.chance(0.15) ? { startDate: formatInstant(later).slice(0, 10) } : {}),
    ...(random.chance(0.15) ? { endDate: formatInstant(Math.max(later, around) + day).slice(0, 10) } : {}),
  }
  return { timeZone: random.chance(0.6) ? timeZone : 'Etc/UTC', ...bounds, recurrence: { cron: randomCron(random, pace) } }
}

function localStart(instant: Instant): { readonly startDate: string; readonly startTime: string } {
  return { startDate: formatInstant(instant).slice(0, 10), startTime: clockTime(instant) }
}

function clockTime(instant: Instant): string {
  return formatInstant(instant).slice(11, 16)
}

function randomCron(random: Random, pace: Pace): string {
  const minutes = () => random.one(['* * * * *', '*/2 * * * *', '*/5 * * * *', '1-59/3 * * * *', '0,1,2,30,31 * * * *', `${random.whole(0, 59)},${random.whole(0, 59)} * * * *`])
  if (pace === 'minutes') return minutes()
  if (pace === 'hours') return random.one(['0 * * * *', '30 * * * *', '*/20 * * * *', '0 */2 * * *', '15,45 8-20/3 * * *', '0 1-4 * * *', `${random.whole(0, 59)} * * * *`])
  return random.one(['30 2 * * *', '0 0 * * *', '15 1,2,3 * * *', '0 9 * * 1-5', '30 2 1 * *', '0 12 1,15 * 3'])
}

/** Lives a random life to its end, and then a quarter of an hour (or a few occurrences) in which nothing happens. */
export async function simulatedLife(seed: number, cast: Cast = 'Users'): Promise<Life> {
  const random = new Random(seed)
  const pace = random.one<Pace>(['minutes', 'minutes', 'hours', 'days'])
  const [from, timeZone] = random.one(starts)
  const start = at(from) + random.whole(0, 600) * second
  const longestLag = random.one([50, 50, 2 * second, 29 * second])
  const setting = { random, pace, start, timeZone }
  const life = new Living(seed, setting, { longestLag, cast })
  return life.live()
}

const rest: Readonly<Record<Pace, number>> = { minutes: 16 * minute, hours: 3 * hour, days: 2 * day }

class Living {
  readonly #seed: number
  readonly #setting: Setting
  readonly #random: Random
  readonly #cluster: VirtualCluster
  readonly #longestLag: number
  readonly #cast: Cast
  readonly #byHand: Instant[] = []
  readonly #touched: Instant[] = []
  readonly #wishes: Wish[] = []
  readonly #operatorDown: Span[] = []
  readonly #controllerDown: Span[] = []
  readonly #log: string[] = []
  #schedule: Schedule
  #suspend = false
  #hasTemplate = true
  #templateGoneAt = -Infinity
  #crashes: number
  #losses: number

  constructor(seed: number, setting: Setting, { longestLag, cast }: { readonly longestLag: number; readonly cast: Cast }) {
    const { random, start } = setting
    this.#seed = seed
    this.#setting = setting
    this.#random = random
    this.#longestLag = longestLag
    this.#cast = cast
    this.#crashes = random.one([0, 0, 1, 3])
    this.#losses = random.one([0, 0, 2])
    this.#schedule = randomSchedule(setting, start)
    const succeeds = random.one([1, 0.5])
    const longestRun = random.one([2 * second, 40 * second, 5 * minute])
    this.#cluster = new VirtualCluster({
      now: start,
      lag: () => (random.chance(0.5) ? 5 : random.whole(1, longestLag)),
      latency: () => (random.chance(0.02) ? random.whole(1, 3_000) : random.whole(1, 30)),
      statusDelay: () => random.whole(10, 200),
      run: () => ({ duration: random.whole(1, longestRun), succeeds: random.chance(succeeds) }),
    })
  }

  async live(): Promise<Life> {
    const { start, pace } = this.#setting
    const cluster = this.#cluster
    this.#say(`${pace}, lag ${this.#longestLag} ms`)
    cluster.arrives = (request) => this.#arrives(request)
    cluster.server.create('integrations', asBody(integration()))
    cluster.controller.start()
    cluster.operator.start()
    if (this.#random.chance(0.2)) this.#beRivals()
    this.#create()
    const end = start + this.#random.whole(10, 40) * (pace === 'minutes' ? minute : stepOf[pace] / 5)
    for (let left = this.#random.whole(0, 12); left > 0; left--) {
      await cluster.runUntil(this.#moment(end))
      await this.#happen()
    }
    await cluster.runUntil(Math.max(end, cluster.now))
    this.#recover()
    this.#restore()
    this.#crashes = 0
    this.#losses = 0
    cluster.rival.crash()
    const quietFrom = cluster.now
    await cluster.runFor(rest[pace])
    return {
      seed: this.#seed,
      cluster,
      wishes: this.#wishes,
      templateGoneAt: this.#templateGoneAt,
      touched: this.#touched,
      byHand: this.#byHand,
      operatorDown: this.#operatorDown,
      controllerDown: this.#controllerDown,
      longestLag: this.#longestLag,
      quietFrom,
      log: this.#log,
    }
  }

  #beRivals(): void {
    this.#say('two operators')
    this.#cluster.rival.start()
  }

  /** The next moment of interest: any, or one close to an occurrence. */
  #moment(end: Instant): Instant {
    const { now } = this.#cluster
    const any = now + this.#random.whole(1, Math.max(1, Math.floor((end - now) / this.#random.one([3, 10, 30]))))
    if (this.#random.chance(0.3)) return any
    const whole = Math.ceil(any / minute) * minute
    if (this.#random.chance(0.2)) return Math.max(now, whole + this.#random.whole(80, 320)) // while the controller makes a Job
    return Math.max(now, whole + this.#random.one([-90, -45, -30, -20, -5, -1, 0, 1, 2, 20, 45]) * second + this.#random.whole(0, 999))
  }

  async #happen(): Promise<void> {
    if (this.#cast === 'Vandals' && this.#random.chance(0.5)) return this.#vandalize()
    if (!this.#hasTemplate && this.#random.chance(0.7)) return this.#toggleTemplate()
    if (this.#suspend && this.#random.chance(0.6)) return this.#toggle()
    const event = this.#random.whole(0, 12)
    if (event <= 2) this.#edit()
    else if (event <= 5) this.#toggle()
    else if (event === 6 || event === 12) this.#changeTemplate()
    else if (event === 7) this.#toggleTemplate()
    else if (event === 8) this.#operatorOutage()
    else if (event === 9) this.#controllerOutage()
    else if (event === 10) this.#annotate()
    else await this.#changeMind()
  }

  #create(): void {
    const created = schedule({ spec: this.#spec() })
    const { creationTimestamp: _now, resourceVersion: _first, ...metadata } = created.metadata
    this.#cluster.server.create('scheduledintegrations', { ...asBody(created), metadata: asBody(metadata) })
    this.#wish('create')
  }

  #spec(): JsonObject {
    const successfulJobsHistoryLimit = this.#seed % 4
    return { integrationRef: { name: 'export' }, schedule: asBody(this.#schedule), successfulJobsHistoryLimit, ...(this.#suspend ? { suspend: true } : {}) }
  }

  #apply(what: string): void {
    this.#cluster.edit('scheduledintegrations', 'nightly', () => this.#spec())
    this.#wish(what)
  }

  #wish(what: string): void {
    const written = this.#suspend ? undefined : this.#schedule
    const wanted = this.#hasTemplate ? written : undefined
    this.#say(`${what}: ${wanted === undefined ? 'nothing' : JSON.stringify(wanted)}`)
    const last = this.#wishes.at(-1)
    const held = this.#hasTemplate ? undefined : written
    const isNews = JSON.stringify([last?.schedule, last?.held]) !== JSON.stringify([wanted, held])
    if (isNews || last === undefined) this.#wishes.push({ from: this.#cluster.now, schedule: wanted, held })
  }

  #edit(): void {
    this.#schedule = randomSchedule(this.#setting, this.#cluster.now)
    this.#apply('edit')
  }

  #toggle(): void {
    this.#suspend = !this.#suspend
    this.#apply(this.#suspend ? 'suspend' : 'enable')
  }

  /** Twice within seconds. */
  async #changeMind(): Promise<void> {
    this.#toggle()
    await this.#cluster.runFor(this.#random.whole(10, 40 * second))
    this.#toggle()
  }

  #changeTemplate(): void {
    if (!this.#hasTemplate) return
    this.#say('change template')
    this.#cluster.edit('integrations', 'export', (spec) => ({ ...spec, container: { image: `registry.example.com/export:${this.#cluster.now}` } }))
  }

  #toggleTemplate(): void {
    this.#hasTemplate = !this.#hasTemplate
    if (this.#hasTemplate) this.#cluster.server.create('integrations', asBody(integration({ uid: `export-${this.#cluster.now}` })))
    else this.#cluster.server.delete('integrations', 'export')
    if (!this.#hasTemplate) this.#templateGoneAt = this.#cluster.now
    this.#wish(this.#hasTemplate ? 'restore template' : 'delete template')
  }

  /** Any write to the CronJob makes its controller look at it. */
  #annotate(): void {
    if (this.#cluster.server.get('cronjobs', 'nightly') === undefined) return
    this.#say('annotate CronJob')
    this.#touched.push(this.#cluster.now)
    this.#cluster.server.modify('cronjobs', 'nightly', ({ metadata, ...rest }) => ({ ...rest, metadata: { ...metadata, annotations: { ...objectOf(metadata.annotations), note: String(this.#cluster.now) } } }))
  }

  #vandalize(): void {
    const server = this.#cluster.server
    const random = this.#random
    const cronJob = server.get('cronjobs', 'nightly')
    if (cronJob === undefined) return
    this.#byHand.push(this.#cluster.now)
    const what = random.one(['delete', 'expression', 'release', 'cursor', 'labels', 'template', 'deadline', 'job'])
    this.#say(`by hand: ${what}`)
    const spec = (change: JsonObject) => this.#cluster.edit('cronjobs', 'nightly', (before) => ({ ...before, ...change }))
    const metadata = (change: JsonObject) => server.modify('cronjobs', 'nightly', (object) => ({ ...object, metadata: { ...object.metadata, ...change } }))
    if (what === 'delete') server.delete('cronjobs', 'nightly')
    else if (what === 'expression') spec({ schedule: random.one(['* * * * *', '0 0 1 1 *', '*/7 * * * *', 'nonsense']) })
    else if (what === 'release') spec({ suspend: false })
    else if (what === 'cursor') metadata({ annotations: random.one<JsonObject>([{}, { 'integration-scheduler.io/cursor': '{"v":2}' }, { 'integration-scheduler.io/cursor': '{' }]) })
    else if (what === 'labels') metadata({ labels: {}, finalizers: [] })
    else if (what === 'template') spec({ jobTemplate: { spec: { template: { spec: { containers: [] } } } } })
    else if (what === 'deadline') spec({ startingDeadlineSeconds: random.one([20, 300]), successfulJobsHistoryLimit: 1 })
    else this.#deleteJob()
  }

  #deleteJob(): void {
    const [job] = this.#cluster.jobs
    if (job !== undefined) this.#cluster.server.delete('jobs', job.metadata.name)
  }

  #operatorOutage(): void {
    this.#crash('operator down')
    this.#later(this.#random.whole(1, 20) * minute, () => this.#recover())
  }

  #controllerOutage(): void {
    const { controller } = this.#cluster
    if (!controller.isRunning) return
    this.#say('controller down')
    this.#controllerDown.push({ from: this.#cluster.now, until: Infinity })
    controller.stop()
    this.#later(this.#random.whole(1, 480) * second, () => this.#restore())
  }

  #restore(): void {
    const last = this.#controllerDown.at(-1)
    if (this.#cluster.controller.isRunning || last === undefined) return
    this.#controllerDown[this.#controllerDown.length - 1] = { from: last.from, until: this.#cluster.now }
    this.#say('controller up')
    this.#cluster.controller.start()
  }

  #later(delay: number, then: () => void): void {
    this.#cluster.time.after(delay, () => {
      this.#cluster.time.note()
      then()
    })
  }

  #crash(what: string): void {
    if (!this.#cluster.operator.isRunning) return
    this.#say(what)
    this.#cluster.operator.crash()
    this.#operatorDown.push({ from: this.#cluster.now, until: Infinity })
  }

  #recover(): void {
    const last = this.#operatorDown.at(-1)
    if (this.#cluster.operator.isRunning || last === undefined) return
    this.#operatorDown[this.#operatorDown.length - 1] = { from: last.from, until: this.#cluster.now }
    this.#say('operator up')
    const staleness = this.#random.chance(0.3) ? this.#random.whole(1, this.#longestLag) : 0
    this.#cluster.operator.start(this.#cluster.history.filter(({ at }) => at > this.#cluster.now - staleness))
  }

  /** Some requests break, and at some the operator dies: before or after they are carried out. */
  #arrives({ verb, target }: ApiRequest): boolean {
    const random = this.#random
    if (this.#crashes > 0 && this.#cluster.operator.isRunning && random.chance(0.1)) {
      this.#crashes--
      this.#crash(`operator dies at ${verb} ${target.resource}`)
      this.#later(random.whole(1, 90) * second, () => this.#recover())
      return random.chance(0.5)
    }
    if (this.#losses > 0 && random.chance(0.1)) {
      this.#losses--
      this.#say(`request lost: ${verb} ${target.resource}`)
      return false
    }
    return true
  }

  #say(what: string): void {
    this.#log.push(`${new Date(this.#cluster.now).toISOString()} ${what}`)
  }
}

function asBody(object: object): JsonObject {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made of JSON types only
  return object as JsonObject
}

import { type Instant, day, formatInstant, minute, second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label } from '../model/names.ts'
import { type Occurrences, occurrencesOf } from '../model/occurrences.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import { at, integration, schedule, tenant } from './builders.ts'
import { type Happening, type Profile, type Slowness, delaysOf, profiles, slowness } from './cast.ts'
import { objectOf } from './json-reading.ts'
import type { Cast, Lateness, Life, Wish } from './life.ts'
import { type Pace, type Setting, randomSchedule, starts, stepOf } from './random-schedule.ts'
import { Random } from './random.ts'
import { Stage, asBody, vandalize } from './stage.ts'
import { namespace } from './virtual-api-server.ts'
import type { VirtualCluster } from './virtual-cluster.ts'

/** Lives a random life to its end, and then a while (at least as long as anything is under way) in which nothing happens. */
export async function simulatedLife(seed: number, cast: Cast = 'Users'): Promise<Life> {
  const random = new Random(seed)
  const profile = profiles[cast]
  const pace = random.one(profile.paces)
  const [from, timeZone] = random.one(starts)
  const setting = { random, pace, start: at(from) + random.whole(0, 600) * second, timeZone }
  return new Living(seed, cast, setting).live()
}

const rest: Readonly<Record<Pace, number>> = { minutes: 30 * minute, hours: 190 * minute, days: 2 * day, months: 40 * day }

/** startingDeadlineSeconds. */
const deadlines: Readonly<Record<Pace, readonly [number, ...number[]]>> = {
  minutes: [10, 60, 200, 600, 900, 1_200],
  hours: [10, 200, 1_000, 3_600, 3_600, 7_200],
  days: [60, 1_000, 3_600, 86_400],
  months: [60, 3_600, 86_400, 604_800],
}

class Living {
  readonly #seed: number
  readonly #cast: Cast
  readonly #profile: Profile
  readonly #setting: Setting
  readonly #random: Random
  readonly #slowness: Slowness
  readonly #stage: Stage
  readonly #cluster: VirtualCluster
  readonly #byHand: Instant[] = []
  readonly #deleted: Instant[] = []
  readonly #wishes: Wish[] = []
  #schedule: Schedule
  #late: Lateness
  #suspend = false
  #hasTemplate = true
  #templateGoneAt = -Infinity
  #hadRival = false
  /** Annotations that it is created with. */
  #stamps: Readonly<Record<string, string>> = {}
  #activation: 'Automatic' | 'Required' = 'Automatic'
  /** Nobody has activated it here, and somebody has to. */
  #isHeld = false

  constructor(seed: number, cast: Cast, setting: Setting) {
    this.#seed = seed
    this.#cast = cast
    this.#profile = profiles[cast]
    this.#setting = setting
    this.#random = setting.random
    this.#slowness = slowness(setting.random, cast)
    this.#stage = new Stage(setting, this.#slowness, this.#profile)
    this.#cluster = this.#stage.cluster
    this.#schedule = randomSchedule(setting, setting.start)
    this.#late = this.#lateness()
  }

  async live(): Promise<Life> {
    const { start, pace } = this.#setting
    const cluster = this.#cluster
    this.#stage.say(`pace: ${pace}`)
    cluster.server.create('integrations', asBody(integration()))
    cluster.controller.start()
    cluster.operator.start()
    if (this.#random.chance(this.#profile.rival)) this.#startRival()
    this.#create()
    const end = start + this.#random.whole(10, 40) * (pace === 'minutes' ? minute : stepOf[pace] / 5)
    for (let left = this.#random.whole(0, this.#profile.busiest); left > 0; left--) {
      await cluster.runUntil(this.#moment(end))
      await this.#happen()
    }
    await cluster.runUntil(Math.max(end, cluster.now))
    this.#stage.settle()
    const quietFrom = cluster.now
    await cluster.runFor(rest[pace])
    const { operatorDown, controllerDown, log } = this.#stage
    return {
      seed: this.#seed,
      cast: this.#cast,
      cluster,
      wishes: this.#wishes,
      delays: delaysOf(this.#slowness, this.#hadRival),
      templateGoneAt: this.#templateGoneAt,
      deleted: this.#deleted,
      byHand: this.#byHand,
      operatorDown,
      controllerDown,
      quietFrom,
      log,
    }
  }

  #startRival(): void {
    this.#hadRival = true
    this.#stage.startRival()
  }

  /** The next moment of interest: any, or one close to an occurrence. */
  #moment(end: Instant): Instant {
    const { now } = this.#cluster
    const random = this.#random
    const any = now + random.whole(1, Math.max(1, Math.floor((end - now) / random.one([3, 10, 30]))))
    if (random.chance(0.3)) return any
    const occurrence = this.#occurrences()?.next(any)
    const near = occurrence === undefined || occurrence > end || random.chance(0.2) ? Math.ceil(any / minute) * minute : occurrence
    if (random.chance(0.2)) return Math.max(now, near + random.whole(80, 320)) // while the controller makes a Job
    const away = random.one([-90, -45, -30, -20, -5, -1, 0, 1, 2, 20, 45, 60, 90, 300, 390])
    return Math.max(now, near + away * second + random.whole(0, 999))
  }

  #occurrences(): Occurrences | undefined {
    const checked = occurrencesOf(this.#schedule)
    return checked.ok ? checked.value : undefined
  }

  async #happen(): Promise<void> {
    if (!this.#hasTemplate && this.#random.chance(0.7)) return this.#toggleTemplate()
    if (this.#suspend && this.#random.chance(0.6)) return this.#toggle()
    if (this.#isHeld && this.#random.chance(0.5)) return this.#activate()
    await this.#deeds[this.#drawn()]()
  }

  #drawn(): Happening {
    const { weights } = this.#profile
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its keys are known
    const names = (Object.keys(weights) as Happening[]).flatMap((name) => Array.from({ length: weights[name] ?? 0 }, () => name))
    return names[this.#random.whole(0, names.length - 1)] ?? 'edit'
  }

  readonly #deeds: Readonly<Record<Happening, () => void | Promise<void>>> = {
    edit: () => this.#edit(),
    policy: () => this.#changePolicy(),
    toggle: () => this.#toggle(),
    changeMind: () => this.#changeMind(),
    copy: () => this.#copy(),
    activate: () => this.#activate(),
    template: () => this.#changeTemplate(),
    templateGone: () => this.#toggleTemplate(),
    recreate: () => this.#recreate(),
    annotate: () => this.#stage.annotate('annotate'),
    nag: () => this.#stage.nag(),
    vandal: () => this.#vandalize(),
    operatorOutage: () => this.#stage.operatorOutage(),
    controllerOutage: () => this.#stage.controllerOutage(),
    failover: () => this.#stage.failover(),
    rival: () => this.#startRival(),
  }

  #create(): void {
    const created = schedule({ spec: this.#spec(), annotations: this.#stamps })
    this.#isHeld = this.#stamps[annotation.home] !== undefined || this.#activation === 'Required'
    const { creationTimestamp: _now, resourceVersion: _first, uid, ...metadata } = created.metadata
    const incarnation = this.#deleted.length === 0 ? uid : `${uid}-${this.#deleted.length}`
    this.#cluster.server.create('scheduledintegrations', { ...asBody(created), metadata: { ...asBody(metadata), uid: incarnation } })
    this.#wish('create')
  }

  #spec(): JsonObject {
    const { policy, deadline } = this.#late
    return {
      integrationRef: { name: 'export' },
      schedule: asBody(this.#schedule),
      successfulJobsHistoryLimit: this.#seed % 4,
      missedRunPolicy: policy,
      startingDeadlineSeconds: deadline / second,
      ...(this.#suspend ? { suspend: true } : {}),
    }
  }

  #apply(what: string): void {
    this.#cluster.edit('scheduledintegrations', 'nightly', () => this.#spec())
    this.#wish(what)
  }

  #wish(what: string): void {
    const written = this.#suspend || this.#isHeld || what === 'delete' ? undefined : this.#schedule
    const wanted = this.#hasTemplate ? written : undefined
    const { policy, deadline } = this.#late
    this.#stage.say(`${what}: ${wanted === undefined ? 'nothing' : `${JSON.stringify(wanted)} ${policy} ${deadline / second} s`}`)
    const last = this.#wishes.at(-1)
    const held = this.#hasTemplate ? undefined : written
    const isNews = JSON.stringify([last?.schedule, last?.held, last?.late]) !== JSON.stringify([wanted, held, this.#late])
    if (isNews || last === undefined) this.#wishes.push({ from: this.#cluster.now, schedule: wanted, held, late: this.#late })
  }

  #lateness(): Lateness {
    return { policy: this.#random.one(['RunLatest', 'RunLatest', 'RunAll', 'RunAll', 'Skip']), deadline: this.#random.one(deadlines[this.#setting.pace]) * second }
  }

  #edit(): void {
    this.#schedule = randomSchedule(this.#setting, this.#cluster.now)
    this.#apply('edit')
  }

  #changePolicy(): void {
    this.#late = this.#lateness()
    this.#apply('policy')
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

  /** Deleted, and another one of its name made. */
  async #recreate(): Promise<void> {
    this.#delete()
    await this.#cluster.runFor(this.#random.one([10, 5 * second, 3 * minute]))
    if (this.#random.chance(0.5)) this.#schedule = randomSchedule(this.#setting, this.#cluster.now)
    this.#stamps = {}
    this.#create()
  }

  #delete(): void {
    this.#deleted.push(this.#cluster.now)
    this.#cluster.server.delete('scheduledintegrations', 'nightly')
    this.#wish('delete')
  }

  /** Another one of its name comes: from another namespace, or out of a dump of this one, or as it is written in Git. */
  async #copy(): Promise<void> {
    this.#delete()
    const { uid, name } = this.#tenant
    const kind = this.#random.one(['foreign', 'restored', 'required', 'automatic'])
    this.#stage.say(`copy: ${kind}`)
    if (kind === 'restored') {
      this.#cluster.server.delete('namespaces', name)
      this.#cluster.server.create('namespaces', asBody(tenant({ uid: `${uid}-again`, created: formatInstant(this.#cluster.now), activation: this.#activation })))
    }
    if (kind === 'required' || kind === 'automatic') {
      this.#activation = kind === 'required' ? 'Required' : 'Automatic'
      this.#cluster.server.modify('namespaces', name, (object) => ({ ...object, metadata: { ...object.metadata, labels: { [label.activation]: this.#activation } } }))
    }
    const stamps = { foreign: 'globex-uid', restored: uid, required: undefined, automatic: undefined }[kind]
    this.#stamps = stamps === undefined ? {} : this.#random.one([{ [annotation.home]: stamps }, { [annotation.home]: stamps, [annotation.activate]: stamps }])
    await this.#cluster.runFor(this.#random.whole(10, 5 * second))
    this.#create()
  }

  get #tenant(): { readonly name: string; readonly uid: string } {
    const found = this.#cluster.server.get('namespaces', namespace)
    if (found === undefined) throw new Error('the namespace is gone')
    return found.metadata
  }

  #activate(): void {
    const { uid } = this.#tenant
    this.#cluster.server.modify('scheduledintegrations', 'nightly', (object) => ({ ...object, metadata: { ...object.metadata, annotations: { ...objectOf(object.metadata.annotations), [annotation.activate]: uid } } }))
    this.#isHeld = false
    this.#wish('activate')
  }

  #changeTemplate(): void {
    if (!this.#hasTemplate) return
    this.#stage.say('change template')
    this.#cluster.edit('integrations', 'export', (spec) => ({ ...spec, container: { image: `registry.example.com/export:${this.#cluster.now}` } }))
  }

  #toggleTemplate(): void {
    this.#hasTemplate = !this.#hasTemplate
    if (this.#hasTemplate) this.#cluster.server.create('integrations', asBody(integration({ uid: `export-${this.#cluster.now}` })))
    else this.#cluster.server.delete('integrations', 'export')
    if (!this.#hasTemplate) this.#templateGoneAt = this.#cluster.now
    this.#wish(this.#hasTemplate ? 'restore template' : 'delete template')
  }

  #vandalize(): void {
    this.#byHand.push(this.#cluster.now)
    const what = vandalize(this.#stage, this.#random)
    if (what !== undefined) this.#stage.say(`by hand, ${what}`)
  }
}

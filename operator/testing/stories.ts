import { type Instant, day, formatInstant, hour, minute, parseInstant, second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import { annotation, scheduledTimestampAnnotation } from '../model/names.ts'
import { matchesIn } from '../plan/timing.ts'
import { at, integration, objectsOf, schedule, tenant } from './builders.ts'
import { objectOf, objectsIn, textOf } from './json-reading.ts'
import { asBody } from './stage.ts'
import { VirtualCluster } from './virtual-cluster.ts'

type Options = ConstructorParameters<typeof VirtualCluster>[0]

/** What is wrong at the end of a story, as sentences; none when all is well. */
export type Story = () => Promise<readonly string[]>

const start = at('2026-03-02T10:00:10Z')
const everyTwenty: Schedule = { recurrence: { cron: '*/20 * * * *' } }
const everyFive: Schedule = { recurrence: { cron: '*/5 * * * *' } }

/** A schedule on a cluster on which only happens what the story tells. */
class Stage {
  readonly cluster: VirtualCluster

  private constructor(cluster: VirtualCluster) {
    this.cluster = cluster
  }

  /** `spec` of the schedule, beside its times; `home` in its annotations; `cronJob` of somebody else, under its name. */
  static async with(given: Schedule, { spec = {}, home, cronJob, ...options }: Partial<Options> & { readonly spec?: JsonObject; readonly home?: string; readonly cronJob?: JsonObject } = {}): Promise<Stage> {
    const cluster = new VirtualCluster({ ...options, now: options.now ?? start })
    const owner = schedule({ created: formatInstant(cluster.now), spec: { schedule: asBody(given), ...spec }, ...(home === undefined ? {} : { annotations: { [annotation.home]: home } }) })
    if (cronJob !== undefined) cluster.server.create('cronjobs', { metadata: { name: owner.metadata.name }, spec: cronJob })
    for (const [resource, object] of objectsOf({ schedule: owner, integration: integration() })) cluster.put(resource, object)
    cluster.controller.start()
    cluster.operator.start()
    await cluster.runFor(0)
    return new Stage(cluster)
  }

  edit(change: JsonObject): void {
    this.cluster.edit('scheduledintegrations', 'nightly', (spec) => ({ ...spec, ...change }))
  }

  schedule(given: Schedule): void {
    this.edit({ schedule: asBody(given) })
  }

  /** As `kubectl integrations enable` does. */
  activate(): void {
    const { uid } = this.cluster.server.get('namespaces', 'acme')?.metadata ?? {}
    this.cluster.server.modify('scheduledintegrations', 'nightly', (object) => ({ ...object, metadata: { ...object.metadata, annotations: { ...objectOf(object.metadata.annotations), [annotation.activate]: uid } } }))
  }

  /** Deleted, and created again from what it was; `meanwhile` there is none. */
  restore(meanwhile: () => void = () => {}): void {
    const { spec, metadata } = this.cluster.server.get('scheduledintegrations', 'nightly') ?? {}
    this.cluster.server.delete('scheduledintegrations', 'nightly')
    meanwhile()
    this.cluster.server.create('scheduledintegrations', { spec, metadata: { name: 'nightly', annotations: metadata?.annotations } })
  }

  async until(time: string): Promise<void> {
    await this.cluster.runUntil(at(time))
  }

  /** Everything that was started, in its order: `10:05`, or `10:05 late` when it was more than ten seconds late. */
  get started(): readonly string[] {
    return this.cluster.history.flatMap(({ at: bornAt, resource, before, after }) => {
      if (resource !== 'jobs' || before !== undefined || after === undefined) return []
      const match = parseInstant(after.metadata.annotations?.[scheduledTimestampAnnotation]) ?? 0
      return [`${formatInstant(match).slice(11, 16)}${bornAt - match > 10 * second ? ' late' : ''}`]
    })
  }

  /** What the status said of an occurrence, each time that it changed: `Running`, `Succeeded`. */
  told(time: string): readonly string[] {
    const outcomes = this.cluster.history.flatMap(({ resource, after }) => {
      const run = resource === 'scheduledintegrations' ? objectsIn(after?.status?.runs).find(({ scheduledTime }) => textOf(scheduledTime).slice(11, 16) === time) : undefined
      return run === undefined ? [] : [`${textOf(run.outcome)}${textOf(run.reason) === '' ? '' : ` ${textOf(run.reason)}`}`]
    })
    return outcomes.filter((outcome, index) => outcome !== outcomes[index - 1])
  }

  get cronJob(): JsonObject {
    return objectOf(this.cluster.server.get('cronjobs', 'nightly')?.spec)
  }

  get ready(): string {
    const ready = objectsIn(this.cluster.server.get('scheduledintegrations', 'nightly')?.status?.conditions).find(({ type }) => type === 'Ready')
    return textOf(ready?.reason)
  }

  /** Nobody is there: neither the operator nor the controller. */
  async nobodyUntil(time: string): Promise<void> {
    this.cluster.operator.crash()
    this.cluster.controller.stop()
    await this.until(time)
    this.cluster.controller.start()
    this.cluster.operator.start()
  }

  /** Expressions that the CronJob had while it was armed, in their order. */
  get expressions(): readonly string[] {
    const all = this.cluster.history.flatMap(({ resource, after }) =>
      resource === 'cronjobs' && after?.spec.suspend === false ? [`${textOf(after.spec.schedule)} ${textOf(after.spec.timeZone)}`] : [])
    return all.filter((expression, index) => expression !== all[index - 1])
  }

  /** Writes to the CronJob that were not the controller's, after an instant and up to another. */
  writes(after: Instant, through: Instant): number {
    return this.cluster.history.filter(({ at: when, resource, before, after: now }) =>
      resource === 'cronjobs' && when > after && when <= through && JSON.stringify(before?.status) === JSON.stringify(now?.status)).length
  }

  /** What differs from what is wanted; and plans that threw, which no rule is about. */
  differences(wanted: Readonly<Record<string, readonly [actual: unknown, wanted: unknown]>>): readonly string[] {
    const bugs = [this.cluster.operator, this.cluster.rival].flatMap((operator) => operator.bugs)
    const wrong = Object.entries(wanted).filter(([, [actual, expected]]) => JSON.stringify(actual) !== JSON.stringify(expected))
    return [...bugs.map((bug) => `a plan threw: ${bug}`), ...wrong.map(([what, [actual, expected]]) => `${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`)]
  }

  annotate(): void {
    this.cluster.server.modify('cronjobs', 'nightly', (object) => ({ ...object, metadata: { ...object.metadata, annotations: { ...objectOf(object.metadata.annotations), note: String(this.cluster.now) } } }))
  }
}

/** By sentences that are the names of tests. Each is about one rule of design/time.md section 4, and fails without it. */
export const stories: Readonly<Record<string, Story>> = {
  'a suspend 20 s before a run stops it, and the run is told as skipped': async () => {
    const life = await Stage.with(everyFive)
    await life.until('2026-03-02T10:04:40Z')
    life.edit({ suspend: true })
    await life.until('2026-03-02T10:20:00Z')
    return life.differences({ started: [life.started, []], told: [life.told('10:05'), ['Skipped Suspended']], parked: [life.cronJob.suspend, true] })
  },

  'an edit 20 s before a run that the new schedule lacks stops it': async () => {
    const life = await Stage.with(everyFive)
    await life.until('2026-03-02T10:04:40Z')
    life.schedule({ recurrence: { cron: '7 * * * *' } })
    await life.until('2026-03-02T10:08:00Z')
    return life.differences({ started: [life.started, ['10:07']] })
  },

  'a run that the controller starts because it saw the suspend late is never told as skipped': async () => {
    const life = await Stage.with(everyFive, { lag: (who, resource) => (who === 'controller' && resource === 'cronjobs' ? 25 * second : 20) })
    await life.until('2026-03-02T10:04:50Z')
    life.edit({ suspend: true })
    await life.until('2026-03-02T10:20:00Z')
    const skipped = life.cluster.operator.events.filter(({ reason }) => reason === 'RunSkipped').length
    return life.differences({ started: [life.started, ['10:05']], told: [life.told('10:05'), ['Running', 'Succeeded']], 'events that it was skipped': [skipped, 0] })
  },

  'a daily run keeps its wall time over both changes of clocks': async () => {
    const daily: Schedule = { timeZone: 'Europe/Berlin', startTime: '02:30', recurrence: { byDay: {} } }
    const spring = await Stage.with(daily, { now: at('2026-03-26T12:00Z') })
    await spring.until('2026-03-31T12:00:00Z')
    const autumn = await Stage.with(daily, { now: at('2026-10-22T12:00Z') })
    await autumn.until('2026-10-27T12:00:00Z')
    return [
      ...spring.differences({ 'started in spring': [spring.started, ['01:30', '01:30', '01:30', '00:30', '00:30']] }),
      ...autumn.differences({ 'started in autumn': [autumn.started, ['00:30', '00:30', '00:30', '01:30', '01:30']] }),
    ]
  },

  'windows follow each other, so that a run comes every 45 minutes': async () => {
    const life = await Stage.with({ startDate: '2026-03-02', startTime: '10:05', recurrence: { byMinute: { every: 45 } } })
    await life.until('2026-03-02T14:00:00Z')
    return life.differences({ started: [life.started, ['10:05', '10:50', '11:35', '12:20', '13:05', '13:50']] })
  },

  'an enable starts nothing that was due before it': async () => {
    const life = await Stage.with(everyFive, { spec: { suspend: true } })
    await life.until('2026-03-02T10:06:00Z')
    life.edit({ suspend: false })
    await life.until('2026-03-02T10:11:00Z')
    return life.differences({ started: [life.started, ['10:10']] })
  },

  'an edit starts nothing that the new schedule would have had shortly before': async () => {
    const life = await Stage.with({ recurrence: { cron: '0 12 * * *' } })
    await life.until('2026-03-02T10:06:00Z')
    life.schedule(everyFive)
    await life.until('2026-03-02T10:06:05Z')
    life.annotate()
    await life.until('2026-03-02T10:11:00Z')
    return life.differences({ started: [life.started, ['10:10']] })
  },

  'an edit while the controller is late for a run that the new schedule has as well does not lose it': async () => {
    const life = await Stage.with(everyFive)
    await life.until('2026-03-02T10:04:58Z')
    life.cluster.controller.stop()
    await life.until('2026-03-02T10:05:20Z')
    life.schedule({ recurrence: { cron: '5,25 * * * *' } })
    await life.until('2026-03-02T10:05:40Z')
    life.cluster.controller.start()
    await life.until('2026-03-02T10:30:00Z')
    return life.differences({ started: [life.started, ['10:05 late', '10:25']] })
  },

  'an operator that has not seen a suspend does not undo it': async () => {
    const slow = { operator: 20, rival: 40 * second, controller: 20, standby: 20 }
    const life = await Stage.with({ startDate: '2026-03-02', startTime: '10:05', recurrence: { byMinute: { every: 45 } } }, {
      lag: (who, resource) => (who === 'rival' && resource === 'scheduledintegrations' ? slow.rival : who === 'rival' ? 10 * second : slow[who]),
    })
    life.cluster.rival.start()
    await life.until('2026-03-02T10:49:55Z')
    life.cluster.operator.crash()
    await life.until('2026-03-02T10:50:01Z')
    life.edit({ suspend: true })
    life.cluster.operator.start()
    await life.until('2026-03-02T10:50:02Z')
    const parkedAt = life.cluster.now
    await life.until('2026-03-02T11:10:00Z')
    const rearmed = life.cluster.history.filter(({ at: when, resource, after }) => resource === 'cronjobs' && when > parkedAt && after?.spec.suspend === false)
    return life.differences({ parked: [life.cronJob.suspend, true], 'times that it was armed again': [rearmed.length, 0] })
  },

  'an operator that begins with an old view of the schedule does not go back to it': async () => {
    const life = await Stage.with({ recurrence: { cron: '0 12 * * *' } })
    await life.until('2026-03-02T10:02:00Z')
    life.schedule({ recurrence: { cron: '0 13 * * *' } })
    await life.until('2026-03-02T10:03:00Z')
    life.cluster.operator.crash()
    const later = life.cluster.history.filter(({ at: when, resource }) => resource === 'scheduledintegrations' && when > at('2026-03-02T10:01:00Z'))
    life.cluster.server.modify('scheduledintegrations', 'nightly', (object) => ({ ...object, metadata: { ...object.metadata, labels: { a: 'b' } } }))
    life.cluster.operator.start(later)
    await life.until('2026-03-02T10:30:00Z')
    return life.differences({ expressions: [life.expressions, ['0 12 * * * Etc/UTC', '0 13 * * * Etc/UTC']] })
  },

  'nothing is written to the CronJob from 30 s before a run until the controller has written it down': async () => {
    const life = await Stage.with(everyFive, { statusDelay: () => 2 * second })
    for (const [time, image] of [['10:04:35', 'a'], ['10:05:00', 'b'], ['10:05:01', 'c']]) {
      await life.until(`2026-03-02T${time}Z`)
      life.cluster.edit('integrations', 'export', () => ({ container: { image: `registry.example.com/export:${image}` } }))
    }
    await life.until('2026-03-02T10:06:00Z')
    return life.differences({
      writes: [life.writes(at('2026-03-02T10:04:30Z'), at('2026-03-02T10:05:02Z')), 0],
      'written down': [textOf(life.cluster.server.get('cronjobs', 'nightly')?.status?.lastScheduleTime), '2026-03-02T10:05:00Z'],
      'the last image': [JSON.stringify(life.cronJob).includes('export:c'), true],
    })
  },

  'a run whose time passes while its expression is being written is started after a reminder': async () => {
    let latency = 5
    const life = await Stage.with({ recurrence: { cron: '0 12 * * *' } }, { latency: () => latency })
    await life.until('2026-03-02T10:04:58Z')
    latency = 3 * second
    life.schedule({ startDate: '2026-03-02', startTime: '10:05', recurrence: { once: {} } })
    await life.until('2026-03-02T10:06:00Z')
    latency = 5
    const soon = life.started
    await life.until('2026-03-02T10:30:00Z')
    return life.differences({ 'within a minute': [soon, ['10:05 late']], started: [life.started, ['10:05 late']] })
  },

  'a controller that could not write down a run is in time for the next one': async () => {
    const life = await Stage.with({ recurrence: { cron: '*/3 * * * *' } }, { statusDelay: () => 100, run: () => ({ duration: hour, succeeds: true }) })
    await life.cluster.runUntil(at('2026-03-02T10:03:00Z') + 150)
    life.annotate()
    await life.until('2026-03-02T10:13:00Z')
    return life.differences({ started: [life.started, ['10:03', '10:06', '10:09', '10:12']] })
  },

  'no two runs are ever due at once': async () => {
    const crons = ['* * * * *', '*/5 * * * *', '0,4 * * * *', '0 * * * *']
    const lives = await Promise.all(crons.map((cron) => Stage.with({ recurrence: { cron } })))
    await Promise.all(lives.map((life) => life.cluster.runFor(second)))
    const deadlines = lives.map(({ cronJob }) => Number(cronJob.startingDeadlineSeconds) * second)
    const gaps = crons.map((schedule) => {
      const matches = matchesIn({ schedule, timeZone: 'Etc/UTC' }, start, start + 3 * hour)
      return Math.min(...matches.slice(1).map((match, index) => match - (matches[index] ?? 0)))
    })
    return crons.flatMap((cron, index) => ((deadlines[index] ?? 0) < (gaps[index] ?? 0) ? [] : [`${cron}: a run may be ${deadlines[index]} ms late, but the next comes after ${gaps[index]} ms`]))
  },

  'runs that end while the operator is away are told, also when none of their Jobs is to be kept': async () => {
    const life = await Stage.with(everyFive, { spec: { successfulJobsHistoryLimit: 0 } })
    await life.until('2026-03-02T10:04:00Z')
    life.cluster.operator.crash()
    await life.until('2026-03-02T10:12:00Z')
    life.cluster.operator.start()
    await life.until('2026-03-02T10:14:00Z')
    return life.differences({ '10:05': [life.told('10:05').at(-1), 'Succeeded'], '10:10': [life.told('10:10').at(-1), 'Succeeded'] })
  },

  'a run is started once although its Job is not to be kept and the controller has not seen that it made it': async () => {
    const life = await Stage.with({ recurrence: { cron: '*/10 * * * *' } }, {
      spec: { successfulJobsHistoryLimit: 0 },
      lag: (who, resource) => (who === 'controller' && resource === 'cronjobs' ? 29 * second : 5),
    })
    await life.until('2026-03-02T10:31:00Z')
    return life.differences({ started: [life.started, ['10:10', '10:20', '10:30']] })
  },

  'a CronJob of the same name that belongs to nobody is left alone': async () => {
    const life = await Stage.with(everyFive, { cronJob: { schedule: '1 1 1 1 *', jobTemplate: { spec: {} } } })
    await life.until('2026-03-02T10:20:00Z')
    return life.differences({ ready: [life.ready, 'CronJobNameTaken'], schedule: [life.cronJob.schedule, '1 1 1 1 *'], started: [life.started, []] })
  },

  'a run begins at its time although the one before is not over': async () => {
    const life = await Stage.with(everyFive, { run: () => ({ duration: 7 * minute, succeeds: true }) })
    await life.until('2026-03-02T10:21:00Z')
    return life.differences({ started: [life.started, ['10:05', '10:10', '10:15', '10:20']] })
  },

  'an operator that comes back to what is as it should be writes nothing': async () => {
    const life = await Stage.with(everyFive)
    await life.until('2026-03-02T10:07:00Z')
    const before = life.cluster.requests.length
    for (let times = 0; times < 3; times++) {
      life.cluster.operator.crash()
      life.cluster.operator.start()
      await life.cluster.runFor(30 * second)
    }
    return life.differences({ requests: [life.cluster.requests.slice(before).map(({ verb, target }) => `${verb} ${target.resource}`), []] })
  },

  'a CronJob that somebody deleted comes back, and what came meanwhile is not started': async () => {
    const life = await Stage.with(everyFive)
    await life.until('2026-03-02T10:07:00Z')
    life.cluster.operator.crash()
    life.cluster.server.delete('cronjobs', 'nightly')
    await life.until('2026-03-02T10:11:00Z')
    life.cluster.operator.start()
    await life.until('2026-03-02T10:16:00Z')
    return life.differences({ started: [life.started, ['10:05', '10:15']], '10:10': [life.told('10:10').at(-1), 'Missed CronJobLost'] })
  },

  'a CronJob whose cursor is lost is parked, and starts again with the next run': async () => {
    const life = await Stage.with(everyFive)
    await life.until('2026-03-02T10:07:00Z')
    life.cluster.controller.stop()
    await life.until('2026-03-02T10:10:30Z')
    life.cluster.server.modify('cronjobs', 'nightly', (object) => ({ ...object, metadata: { ...object.metadata, annotations: {} } }))
    await life.until('2026-03-02T10:10:35Z')
    life.cluster.controller.start()
    await life.until('2026-03-02T10:16:00Z')
    return life.differences({ started: [life.started, ['10:05', '10:15']] })
  },

  'with the operator dead nothing runs after the end of a schedule': async () => {
    const life = await Stage.with({ endDate: '2026-03-03', recurrence: { cron: '*/5 * * * *' } }, { now: at('2026-03-03T12:02Z') })
    await life.until('2026-03-03T12:31:00Z')
    life.cluster.operator.crash()
    await life.until('2026-03-04T02:00:00Z')
    const after = life.cluster.history.filter(({ at: when, resource, before }) => resource === 'jobs' && before === undefined && when >= at('2026-03-04T00:00Z'))
    const until = parseInstant(textOf(life.cluster.server.get('scheduledintegrations', 'nightly')?.status?.exactUntil))
    return life.differences({ 'runs after the end': [after.length, 0], 'a horizon is told': [until !== undefined && until < start + 3 * day, true] })
  },

  'of the runs that an outage prevented, RunLatest starts the latest': async () => {
    const life = await Stage.with(everyTwenty)
    await life.until('2026-03-02T10:15:00Z')
    await life.nobodyUntil('2026-03-02T11:10:00Z')
    await life.until('2026-03-02T11:21:00Z')
    return life.differences({ started: [life.started, ['11:00 late', '11:20']], '10:40': [life.told('10:40').at(-1), 'Missed NotStarted'], '11:00': [life.told('11:00').at(-1), 'Succeeded'] })
  },

  'of the runs that an outage prevented, RunAll starts all, the oldest first and one after the other': async () => {
    const life = await Stage.with(everyTwenty, { spec: { missedRunPolicy: 'RunAll' }, run: () => ({ duration: 40 * second, succeeds: true }) })
    await life.until('2026-03-02T10:15:00Z')
    await life.nobodyUntil('2026-03-02T11:10:00Z')
    await life.until('2026-03-02T11:11:30Z')
    const inTime = life.started
    await life.until('2026-03-02T11:21:00Z')
    return life.differences({ 'at 11:11:30': [inTime, ['10:20 late', '10:40 late', '11:00 late']], started: [life.started, ['10:20 late', '10:40 late', '11:00 late', '11:20']] })
  },

  'of the runs that an outage prevented, Skip starts none, and tells them': async () => {
    const life = await Stage.with(everyTwenty, { spec: { missedRunPolicy: 'Skip' } })
    await life.until('2026-03-02T10:15:00Z')
    await life.nobodyUntil('2026-03-02T11:10:00Z')
    await life.until('2026-03-02T11:21:00Z')
    const told = ['10:20', '10:40', '11:00'].map((time) => life.told(time).at(-1))
    return life.differences({ started: [life.started, ['11:20']], told: [told, ['Missed NotStarted', 'Missed NotStarted', 'Missed NotStarted']] })
  },

  'a run is not started later than its own deadline allows': async () => {
    const life = await Stage.with(everyTwenty, { spec: { startingDeadlineSeconds: 500 } })
    await life.until('2026-03-02T10:15:00Z')
    await life.nobodyUntil('2026-03-02T10:29:00Z')
    await life.until('2026-03-02T10:39:00Z')
    return life.differences({ started: [life.started, []], told: [life.told('10:20').at(-1), 'Missed NotStarted'] })
  },

  'a run that the controller may still start is left to it': async () => {
    const life = await Stage.with(everyTwenty)
    await life.until('2026-03-02T10:19:00Z')
    life.cluster.controller.stop()
    await life.until('2026-03-02T10:24:50Z')
    life.cluster.controller.start()
    await life.until('2026-03-02T10:30:00Z')
    const owners = life.cluster.jobs.map(({ metadata }) => metadata.ownerReferences?.[0]?.kind)
    return life.differences({ started: [life.started, ['10:20 late']], owners: [owners, ['CronJob']] })
  },

  'two operators start a run late once': async () => {
    const life = await Stage.with(everyTwenty, { latency: (who) => (who === 'rival' ? 900 : 700) })
    life.cluster.rival.start()
    await life.until('2026-03-02T10:19:00Z')
    life.cluster.controller.stop()
    await life.until('2026-03-02T10:30:00Z')
    return life.differences({ started: [life.started, ['10:20 late']] })
  },

  'a run that waits for the end of another one to start late does not start once the schedule is suspended': async () => {
    const life = await Stage.with(everyTwenty, { run: () => ({ duration: 30 * minute, succeeds: true }) })
    await life.until('2026-03-02T10:21:00Z')
    life.cluster.controller.stop()
    await life.until('2026-03-02T10:48:00Z')
    life.edit({ suspend: true })
    await life.until('2026-03-02T11:20:00Z')
    return life.differences({ started: [life.started, ['10:20']], '10:40': [life.told('10:40'), ['Waiting StartsLate', 'Skipped Suspended']] })
  },

  'a run that starts late waits for the end of the one before': async () => {
    const life = await Stage.with(everyTwenty, { run: () => ({ duration: 30 * minute, succeeds: true }) })
    await life.until('2026-03-02T10:21:00Z')
    life.cluster.controller.stop()
    await life.until('2026-03-02T10:49:00Z')
    const early = life.started
    await life.until('2026-03-02T10:52:00Z')
    return life.differences({ 'at 10:49': [early, ['10:20']], 'at 10:52': [life.started, ['10:20', '10:40 late']] })
  },

  'no run starts late in the last half minute before the next': async () => {
    const life = await Stage.with(everyTwenty, { run: () => ({ duration: 39 * minute + 40 * second, succeeds: true }) })
    await life.until('2026-03-02T10:21:00Z')
    life.cluster.controller.stop()
    await life.until('2026-03-02T10:59:58Z')
    return life.differences({ started: [life.started, ['10:20']] })
  },

  'a controller that reads the time zone otherwise is told the times in UTC from then on': async () => {
    const daily = { timeZone: 'Europe/Berlin', recurrence: { cron: '30 12 * * *' } }
    const life = await Stage.with(daily, { zoneData: (zone) => (zone === 'Europe/Berlin' ? 'Etc/UTC' : zone) })
    await life.until('2026-03-04T10:00:00Z')
    return life.differences({ started: [life.started, ['11:30 late', '12:30', '11:30']], '12:30': [life.told('12:30').at(-1), 'Unplanned'] })
  },

  'a CronJob that is left behind when its schedule is deleted starts nothing more': async () => {
    const life = await Stage.with(everyFive)
    await life.until('2026-03-02T10:06:00Z')
    life.cluster.server.delete('scheduledintegrations', 'nightly', { propagationPolicy: 'Orphan' })
    await life.until('2026-03-02T10:21:00Z')
    return life.differences({ started: [life.started, ['10:05']], 'the CronJob': [life.cluster.server.get('cronjobs', 'nightly')?.metadata.name, undefined], Jobs: [life.cluster.jobs.length, 1] })
  },

  'a copy starts nothing until somebody activates it where it is, and then nothing of the past': async () => {
    const life = await Stage.with(everyFive, { home: 'globex-uid' })
    await life.until('2026-03-02T10:12:00Z')
    const before = [life.ready, life.cronJob.suspend]
    life.activate()
    await life.until('2026-03-02T10:21:00Z')
    const home = life.cluster.server.get('scheduledintegrations', 'nightly')?.metadata.annotations?.[annotation.home]
    return life.differences({ before: [before, ['CopiedFromAnotherTenant', true]], started: [life.started, ['10:15', '10:20']], home: [home, 'acme-uid'] })
  },

  'a copy that is activated before any operator looks at it starts nothing of the past': async () => {
    const life = await Stage.with(everyFive, { home: 'globex-uid' })
    life.cluster.operator.crash()
    life.restore()
    await life.until('2026-03-02T10:06:00Z')
    life.activate()
    await life.until('2026-03-02T10:07:00Z')
    life.cluster.operator.start()
    await life.until('2026-03-02T10:11:00Z')
    return life.differences({ started: [life.started, ['10:10']] })
  },

  'a schedule that is restored into a namespace made anew starts nothing, though the operator still sees the former one': async () => {
    const life = await Stage.with({ recurrence: { cron: '* * * * *' } }, { lag: (_who, resource) => (resource === 'namespaces' ? 70 * second : 20) })
    await life.until('2026-03-02T10:01:30Z')
    life.restore(() => life.cluster.put('namespaces', tenant({ uid: 'acme-again' })))
    await life.until('2026-03-02T10:04:30Z')
    return life.differences({ started: [life.started, ['10:01']], ready: [life.ready, 'CopiedFromAnotherTenant'] })
  },

  'where activation has just become required nothing starts that comes then, though the operator still sees the namespace as it was': async () => {
    const life = await Stage.with({ recurrence: { cron: '* * * * *' } }, { spec: { suspend: true }, lag: (_who, resource) => (resource === 'namespaces' ? 50 * second : 20) })
    life.cluster.put('namespaces', tenant({ activation: 'Required' }))
    life.restore()
    life.edit({ suspend: false })
    await life.until('2026-03-02T10:03:30Z')
    return life.differences({ started: [life.started, []], ready: [life.ready, 'ActivationRequired'] })
  },

  'what is active goes on where activation becomes required': async () => {
    const life = await Stage.with(everyFive)
    await life.until('2026-03-02T10:06:00Z')
    life.cluster.put('namespaces', tenant({ activation: 'Required' }))
    await life.until('2026-03-02T10:11:00Z')
    return life.differences({ started: [life.started, ['10:05', '10:10']] })
  },
}

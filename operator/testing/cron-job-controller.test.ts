import { beforeEach, describe, expect, it } from 'vitest'
import { type Instant, formatInstant, minute, second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { at } from './builders.ts'
import { objectOf } from './json-reading.ts'
import { VirtualCluster } from './virtual-cluster.ts'

/** The model is worth what it shares with Kubernetes: each test is a fact of design/time.md section 2, measured or read in the source. */

const start = at('2026-03-02T10:00:10Z')
let cluster: VirtualCluster
let lag: number

beforeEach(() => {
  lag = 10
  cluster = new VirtualCluster({ now: start, lag: () => lag })
  cluster.controller.start()
})

function create(spec: JsonObject): void {
  cluster.server.create('cronjobs', { metadata: { name: 'x' }, spec: { timeZone: 'Etc/UTC', jobTemplate: { spec: {} }, successfulJobsHistoryLimit: 25, ...spec } })
}

function change(spec: JsonObject): void {
  cluster.edit('cronjobs', 'x', (before) => ({ ...before, ...spec }))
}

function annotate(): void {
  cluster.server.modify('cronjobs', 'x', (object) => ({ ...object, metadata: { ...object.metadata, annotations: { at: formatInstant(cluster.now) } } }))
}

/** The minutes that were fired, and how late in whole seconds. */
function fired(): readonly string[] {
  return cluster.history
    .filter(({ resource, before }) => resource === 'jobs' && before === undefined)
    .map(({ at, after }) => {
      const match: Instant = Number(after?.metadata.name.split('-').at(-1)) * minute
      return `${formatInstant(match).slice(11, 16)} +${Math.floor((at - match) / second)}s`
    })
}

function lastScheduleTime(): unknown {
  return objectOf(cluster.server.get('cronjobs', 'x')?.status).lastScheduleTime
}

describe('the model of the CronJob controller', () => {
  it('fires each match once and writes down that it did', async () => {
    create({ schedule: '* * * * *' })
    await cluster.runFor(3 * minute)
    expect(fired()).toEqual(['10:01 +0s', '10:02 +0s', '10:03 +0s'])
    expect(lastScheduleTime()).toBe('2026-03-02T10:03:00Z')
  })

  it('fires a time that an edit brings in retrospect, as soon as it looks', async () => {
    create({ schedule: '0 12 * * *' })
    await cluster.runFor(9 * minute)
    change({ schedule: '7 10 * * *' })
    await cluster.runFor(minute)
    expect(fired()).toEqual([])
    annotate()
    await cluster.runFor(second)
    expect(fired()).toEqual(['10:07 +190s'])
  })

  it('does not with a deadline that is over', async () => {
    create({ schedule: '0 12 * * *', startingDeadlineSeconds: 100 })
    await cluster.runFor(9 * minute)
    change({ schedule: '7 10 * * *' })
    annotate()
    await cluster.runFor(minute)
    expect(fired()).toEqual([])
  })

  it('fires the latest missed match when it is released, and drops the others', async () => {
    create({ schedule: '*/5 * * * *', suspend: true })
    await cluster.runFor(16 * minute)
    change({ suspend: false })
    await cluster.runFor(second)
    expect(fired()).toEqual(['10:15 +70s'])
  })

  it('may fire none of several missed matches that are not equally far apart', async () => {
    create({ schedule: '1,2,14 10 * * *', suspend: true })
    await cluster.runUntil(at('2026-03-02T10:16:00Z'))
    change({ suspend: false })
    await cluster.runFor(minute)
    // From 10:01 with a gap of a minute it looks from 10:15 on, where there is nothing.
    expect(fired()).toEqual([])
  })

  it('fires a match that was taken away, as long as its watch lags', async () => {
    lag = 25 * second
    create({ schedule: '* * * * *' })
    await cluster.runUntil(at('2026-03-02T10:00:50Z'))
    change({ suspend: true })
    await cluster.runFor(10 * minute)
    expect(fired()).toEqual(['10:01 +0s'])
  })

  it('cannot mend a status that it could not write: the Job is there, and it backs off', async () => {
    cluster = new VirtualCluster({ now: start, lag: () => 10, statusDelay: () => 100 })
    cluster.controller.start()
    create({ schedule: '1 10 * * *' })
    await cluster.runUntil(at('2026-03-02T10:01:00Z') + 150)
    annotate()
    await cluster.runFor(5 * minute)
    expect(fired()).toEqual(['10:01 +0s'])
    expect(lastScheduleTime()).toBeUndefined()
  })

  it('is late for the next match after that', async () => {
    cluster = new VirtualCluster({ now: start, lag: () => 10, statusDelay: () => 100, run: () => ({ duration: 600 * second, succeeds: true }) })
    cluster.controller.start()
    create({ schedule: '1,20 10 * * *' })
    await cluster.runUntil(at('2026-03-02T10:01:00Z') + 150)
    annotate()
    await cluster.runUntil(at('2026-03-02T10:40:00Z'))
    const [, late] = fired()
    expect(late).toMatch(/^10:20 \+[1-9][0-9]*s$/)
  })

  it('makes a Job again that was deleted before it was written down', async () => {
    cluster = new VirtualCluster({ now: start, lag: () => 10, statusDelay: () => 100 })
    cluster.controller.start()
    create({ schedule: '1 10 * * *' })
    await cluster.runUntil(at('2026-03-02T10:01:00Z') + 150)
    annotate()
    await cluster.runFor(30 * second)
    cluster.server.delete('jobs', `x-${at('2026-03-02T10:01:00Z') / minute}`)
    await cluster.runFor(minute)
    expect(fired()).toHaveLength(2)
  })

  it('starts no run when a foreign Job has the name', async () => {
    create({ schedule: '1 10 * * *', startingDeadlineSeconds: 60 })
    cluster.server.create('jobs', { metadata: { name: `x-${at('2026-03-02T10:01:00Z') / minute}` }, spec: { suspend: true } })
    await cluster.runFor(5 * minute)
    expect(lastScheduleTime()).toBeUndefined()
    expect(cluster.jobs).toHaveLength(1)
  })

  it('catches up after an outage, but only within the deadline', async () => {
    create({ schedule: '*/10 * * * *', startingDeadlineSeconds: 120 })
    cluster.controller.stop()
    await cluster.runUntil(at('2026-03-02T10:11:00Z'))
    cluster.controller.start()
    await cluster.runUntil(at('2026-03-02T10:19:00Z'))
    cluster.controller.stop()
    await cluster.runUntil(at('2026-03-02T10:25:00Z'))
    cluster.controller.start()
    await cluster.runUntil(at('2026-03-02T10:31:00Z'))
    expect(fired()).toEqual(['10:10 +60s', '10:30 +0s'])
  })

  it('starts about seven Jobs a second, and drops what is not started within the deadline', async () => {
    const request = second / 20 // the default limits of its client: 20 requests a second, of which a run takes three
    let free = start
    const statusDelay = (): number => {
      free = Math.max(free, cluster.now) + 3 * request
      return free - cluster.now
    }
    cluster = new VirtualCluster({ now: start, statusDelay, run: () => ({ duration: 10 * minute, succeeds: true }) })
    cluster.controller.start()
    const spec = { schedule: '1 10 * * *', timeZone: 'Etc/UTC', startingDeadlineSeconds: 300, jobTemplate: { spec: {} } }
    for (let index = 0; index < 2_500; index++) cluster.server.create('cronjobs', { metadata: { name: `x${index}` }, spec })
    await cluster.runUntil(at('2026-03-02T10:02:00Z'))
    expect(cluster.jobs.length / 60).toBeCloseTo(6.7, 0)
    await cluster.runUntil(at('2026-03-02T10:10:00Z'))
    expect(cluster.jobs.length).toBeGreaterThan(1_950)
    expect(cluster.jobs.length).toBeLessThan(2_050)
  })

  it('goes by its own clock', async () => {
    cluster = new VirtualCluster({ now: start, skew: () => 20 * second })
    cluster.controller.start()
    create({ schedule: '* * * * *' })
    await cluster.runUntil(at('2026-03-02T10:00:45Z'))
    expect(fired()).toEqual(['10:01 +-20s'])
  })

  it('does nothing about a zone that it does not know, and goes by its own data of one that it knows', async () => {
    cluster = new VirtualCluster({ now: start, zoneData: (zone) => ({ 'Europe/Berlin': 'Etc/UTC', 'Etc/UTC': 'Etc/UTC' })[zone] })
    cluster.controller.start()
    create({ schedule: '* * * * *', timeZone: 'America/Coyhaique' })
    await cluster.runFor(5 * minute)
    expect(fired()).toEqual([])
    change({ schedule: '7 10 * * *', timeZone: 'Europe/Berlin' })
    await cluster.runFor(5 * minute)
    expect(fired()).toEqual(['10:07 +0s'])
  })

  it('fires once when another replica takes over, also while the former one does not know it yet', async () => {
    create({ schedule: '1 10 * * *' })
    await cluster.runUntil(at('2026-03-02T10:00:59Z'))
    cluster.standby.start()
    await cluster.runFor(10 * second)
    cluster.controller.stop()
    await cluster.runFor(minute)
    expect(fired()).toEqual(['10:01 +0s'])
    expect(lastScheduleTime()).toBe('2026-03-02T10:01:00Z')
  })

  it('keeps the history limits, and runs Jobs on when their CronJob is deleted with the finalizer orphan', async () => {
    create({ schedule: '* * * * *', successfulJobsHistoryLimit: 2 })
    await cluster.runUntil(at('2026-03-02T10:05:30Z'))
    expect(cluster.jobs).toHaveLength(2)
    cluster.server.modify('cronjobs', 'x', (object) => ({ ...object, metadata: { ...object.metadata, finalizers: ['orphan'] } }))
    cluster.server.delete('cronjobs', 'x')
    await cluster.runFor(5 * minute)
    expect(cluster.jobs.map(({ metadata }) => metadata.ownerReferences)).toEqual([[], []])
  })
})

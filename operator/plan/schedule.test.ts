import { describe, expect, it } from 'vitest'
import { ApiFailure } from '../kube/api-failure.ts'
import { day, hour, minute, second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { type World, at, cronJob, integration, job, lease, nothingLearned, objectsOf, schedule } from '../testing/builders.ts'
import { objectOf, objectsIn } from '../testing/json-reading.ts'
import { itPlans, withStatus } from '../testing/plan-rows.ts'
import { planned, summaryOf } from '../testing/plan-summary.ts'
import type { ServerObject } from '../testing/virtual-api-server.ts'
import { VirtualCluster } from '../testing/virtual-cluster.ts'
import { evidenceKey } from './action.ts'

const template = integration()
const hourly = { recurrence: { cron: '0 * * * *' } }
const now = '2026-03-02T10:30:00Z'
const told = { observedGeneration: 1, accountedThrough: '2026-03-02T10:00:00Z' }
const owner = schedule({ spec: { schedule: hourly }, status: told })
const made = cronJob(owner, template, { expression: { schedule: '0 * * * *', timeZone: 'Etc/UTC' }, lastScheduleTime: '2026-03-02T10:00Z' })
const steady: World = { schedule: owner, integration: template, cronJob: made, lease }

function withMetadata(object: ServerObject, metadata: Partial<ServerObject['metadata']>): ServerObject {
  return { ...object, metadata: { ...object.metadata, ...metadata } }
}

function withCursor(cursor: string | undefined): World {
  return { ...steady, cronJob: withMetadata(made, { annotations: cursor === undefined ? {} : { 'integration-scheduler.io/cursor': cursor } }) }
}

const cursor: JsonObject = JSON.parse(made.metadata.annotations?.['integration-scheduler.io/cursor'] ?? '{}')

describe('what becomes of a schedule', () => {
  itPlans({
    'a CronJob of that name that belongs to nobody is left alone': {
      given: { ...steady, cronJob: withMetadata(made, { ownerReferences: [] }) },
      now,
      want: {
        actions: [],
        conditions: ['Ready=False CronJobNameTaken', 'Stalled=True CronJobNameTaken', 'Active=False CronJobNameTaken'],
        events: ['CronJobNameTaken!'],
        wake: 'on change',
      },
    },
    'so is one that belongs to somebody else': {
      given: { ...steady, cronJob: withMetadata(made, { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x', controller: true }] }) },
      now,
      want: { actions: [], events: ['CronJobNameTaken!'] },
    },
    'so is one that only mentions this schedule': {
      given: { ...steady, cronJob: withMetadata(made, { ownerReferences: [{ apiVersion: 'v1', kind: 'ScheduledIntegration', name: 'nightly', uid: owner.metadata.uid }] }) },
      now,
      want: { actions: [], events: ['CronJobNameTaken!'] },
    },
    'a CronJob that is being deleted is waited for': {
      given: { ...steady, cronJob: withMetadata(made, { deletionTimestamp: '2026-03-02T10:29:00Z' }) },
      now,
      want: { actions: [], conditions: ['Ready=False Progressing', 'Reconciling=True Progressing', 'Active=Unknown Progressing'], wake: 'on change' },
    },
    'a CronJob without a cursor is parked, and starts from now': {
      given: withCursor(undefined),
      now,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:30:00 undecided'], events: ['DriftRepaired!'] },
    },
    'so is one with a cursor that is garbage': {
      given: withCursor('{"v":1,'),
      now,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:30:00 undecided'] },
    },
    'so is one with a cursor of a version that we do not know': {
      given: withCursor(JSON.stringify({ ...cursor, v: 2 })),
      now,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:30:00 undecided'] },
    },
    'so is one with the cursor of another schedule': {
      given: withCursor(JSON.stringify({ ...cursor, schedulable: { uid: 'former', generation: 1 } })),
      now,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:30:00 undecided'] },
    },
    'a CronJob that was deleted by hand is made again, and starts from now': {
      given: { ...withStatus(steady, now), cronJob: undefined },
      now,
      want: { actions: ['create armed [0 * * * *] Etc/UTC'], events: ['DriftRepaired!'] },
    },
    'with nothing in order nothing is written twice: the schedule is suspended, edited and lost its Integration at once': {
      given: { ...steady, schedule: schedule({ generation: 2, spec: { suspend: true, schedule: { recurrence: { cron: '5 5 * * *' } } }, status: told }), integration: undefined },
      now,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC holding Jobs floor 10:30:00'] },
    },
  })

  it('is not decided from a schedule that is older than what the CronJob was written from', () => {
    const newer = withCursor(JSON.stringify({ ...cursor, schedulable: { uid: owner.metadata.uid, generation: 2 } }))
    expect(summaryOf({ ...newer, schedule: schedule({ spec: { schedule: hourly, suspend: true } }) }, at(now))).toEqual({ actions: [], errands: [], conditions: [], events: [], wake: 'on change' })
  })

  it('is not decided from a template that is older either, but from another one of that name', () => {
    const written = JSON.stringify({ ...cursor, template: { uid: template.metadata.uid, generation: 7 } })
    expect(planned(withCursor(written), at(now)).status).toBeUndefined()
    expect(planned({ ...withCursor(written), integration: integration({ uid: 'another' }) }, at(now)).status).toBeDefined()
  })

  it('waits for the CronJob that an uncached look has seen, since its own earlier request may have made it', () => {
    const key = evidenceKey('cronjobs', 'acme', 'nightly')
    const evidence = new Map([[key, { resource: 'cronjobs' as const, at: at(now), object: { metadata: made.metadata, spec: { schedule: '0 * * * *', jobTemplate: {} } } }]])
    const world = { ...steady, cronJob: undefined, learned: { ...nothingLearned, evidence } }
    expect(summaryOf(world, at(now) + second)).toMatchObject({ actions: [], wake: '10:30:30' })
    expect(summaryOf(world, at(now) + 31 * second).actions).toEqual(['create armed [0 * * * *] Etc/UTC'])
  })

  it('is told when the API server refuses the CronJob, and the same write is not sent again before its time', () => {
    const world = { ...steady, schedule: schedule({ generation: 2, spec: { schedule: { recurrence: { cron: '45 * * * *' } } }, status: told }) }
    const [action] = planned(world, at(now)).actions
    if (action === undefined) throw new Error('an edit is written')
    const refused = { action, message: 'spec.jobTemplate: too long', retryAt: at(now) + 10 * minute }
    const later = { ...world, learned: { ...nothingLearned, refused } }
    expect(summaryOf(later, at(now) + second)).toEqual({
      actions: ['patch: armed [45 * * * *] Etc/UTC floor 10:30:01'],
      errands: [],
      conditions: ['Ready=False CronJobRefused', 'Stalled=True CronJobRefused', 'Active=False CronJobRefused'],
      events: [],
      wake: '10:40:00',
    })
    expect(objectsIn(planned(later, at(now) + second).status?.status['conditions'])[0]?.message).toContain('spec.jobTemplate: too long')
  })
})

async function cluster(world: World, start: string): Promise<VirtualCluster> {
  return VirtualCluster.started({ now: at(start) }, objectsOf(world))
}

function writes({ requests }: VirtualCluster): readonly string[] {
  return requests.filter(({ verb }) => verb !== 'get').map(({ verb, target }) => [verb, target.resource, target.subresource].filter(Boolean).join(' '))
}

function statusOf({ server }: VirtualCluster): JsonObject {
  return objectOf(server.get('scheduledintegrations', 'nightly')?.status)
}

describe('a schedule on a cluster', () => {
  it('writes nothing while nothing happens, also when everything is seen anew', async () => {
    const life = await cluster({ ...steady, schedule: schedule({ spec: { schedule: { recurrence: { cron: '0 4 1 * *' } } } }), cronJob: undefined }, now)
    await life.runFor(minute)
    expect(writes(life)).toEqual(['create cronjobs', 'patch scheduledintegrations status', 'patch scheduledintegrations'])
    for (let hours = 0; hours < 24; hours++) {
      await life.runFor(hour)
      life.operator.crash()
      life.operator.start()
    }
    expect(writes(life)).toHaveLength(3)
    expect(life.operator.passes.length).toBeLessThan(60)
  })

  it('writes the same few times for each run, and keeps the history limits', async () => {
    const life = await cluster(steady, now)
    await life.runFor(5 * hour)
    const before = writes(life).length
    await life.runFor(6 * hour)
    // Each run: its beginning, its name, its end, and the removal of the oldest.
    expect(writes(life).slice(before).toSorted()).toEqual([
      ...Array.from({ length: 6 }, () => 'delete jobs'),
      ...Array.from({ length: 6 }, () => 'patch jobs'),
      ...Array.from({ length: 12 }, () => 'patch scheduledintegrations status'),
    ])
    expect(life.jobs).toHaveLength(3)
    expect(statusOf(life).counts).toEqual({ succeeded: 11 })
  })

  it('has one CronJob when the answer to its creation is lost', async () => {
    const life = new VirtualCluster({ now: at(now) })
    for (const [resource, object] of objectsOf({ ...steady, schedule: schedule({ spec: { schedule: hourly } }), cronJob: undefined })) life.put(resource, object)
    life.operator.start()
    life.arrives = () => {
      life.operator.crash() // it is carried out, and nobody hears of it
      return true
    }
    await life.runFor(second)
    life.arrives = () => true
    life.operator.start()
    await life.runFor(minute)
    expect(writes(life).filter((write) => write === 'create cronjobs')).toHaveLength(1)
    expect(objectsIn(statusOf(life).conditions)[0]).toMatchObject({ type: 'Ready', status: 'True', reason: 'Scheduled' })
  })

  it('says why the API server refuses its CronJob, without asking again and again, and recovers', async () => {
    const life = new VirtualCluster({ now: at(now) })
    for (const [resource, object] of objectsOf({ ...steady, schedule: schedule({ spec: { schedule: hourly } }), cronJob: undefined })) life.put(resource, object)
    life.server.admission = (resource) => (resource === 'cronjobs' ? new ApiFailure('status', 'exceeded quota: cronjobs', { code: 403, reason: 'Forbidden' }) : undefined)
    life.operator.start()
    await life.runFor(30 * second)
    expect(writes(life).filter((write) => write === 'create cronjobs')).toHaveLength(1)
    expect(objectsIn(statusOf(life).conditions)[0]).toMatchObject({ reason: 'CronJobRefused', message: 'the API server refuses to write the CronJob: exceeded quota: cronjobs' })
    life.server.admission = () => undefined
    await life.runFor(2 * minute)
    expect(objectsIn(statusOf(life).conditions)[0]).toMatchObject({ status: 'True', reason: 'Scheduled' })
  })

  it('tells of a repair once', async () => {
    const life = await cluster(withStatus(steady, now), now)
    life.edit('cronjobs', 'nightly', (spec) => ({ ...spec, concurrencyPolicy: 'Forbid' }))
    await life.runFor(minute)
    expect(life.operator.events.map(({ reason }) => reason)).toEqual(['DriftRepaired'])
    expect(life.server.get('cronjobs', 'nightly')?.spec.concurrencyPolicy).toBe('Allow')
  })

  it('leaves its runs in progress alone when it is deleted', async () => {
    const life = await cluster(steady, '2026-03-02T10:59:50Z')
    await life.runFor(12 * second)
    life.server.delete('scheduledintegrations', 'nightly')
    await life.runFor(minute)
    expect(life.server.get('cronjobs', 'nightly')).toBeUndefined()
    expect(life.jobs.map(({ status }) => objectsIn(status?.conditions)[0]?.type)).toEqual(['Complete'])
  })

  it('starts no run at the time that an edit brings in retrospect, however often the CronJob is touched', async () => {
    const life = await cluster(steady, now)
    life.edit('scheduledintegrations', 'nightly', (spec) => ({ ...spec, schedule: { recurrence: { cron: '28 * * * *' } } }))
    for (let touches = 0; touches < 20; touches++) {
      await life.runFor(30 * second)
      life.server.modify('cronjobs', 'nightly', (object) => ({ ...object, metadata: { ...object.metadata, annotations: { ...objectOf(object.metadata.annotations), touched: String(touches) } } }))
    }
    expect(life.jobs).toEqual([])
    await life.runFor(hour)
    expect(life.jobs.map(({ metadata }) => metadata.creationTimestamp)).toEqual(['2026-03-02T11:28:00Z'])
  })

  it('starts a run once although its Jobs are removed at once and the controller has not seen that it made them', async () => {
    const lag = (who: string, resource: string) => (who === 'controller' && resource === 'cronjobs' ? 29 * second : 5)
    const eager = schedule({ created: now, spec: { schedule: { recurrence: { cron: '*/10 * * * *' } }, successfulJobsHistoryLimit: 0 } })
    const life = await VirtualCluster.started({ now: at(now), lag }, objectsOf({ ...steady, schedule: eager, cronJob: undefined }))
    await life.runFor(2 * hour + minute)
    const born = life.history.filter(({ resource, before }) => resource === 'jobs' && before === undefined).map(({ after }) => after?.metadata.name)
    expect(new Set(born).size).toBe(born.length)
    expect(born).toHaveLength(12)
    expect(life.jobs.length).toBeLessThan(2)
    expect(statusOf(life).counts).toEqual({ succeeded: 12 })
  })

  it('is armed a week before the cron would go on after endDate, fires its last run and rests', async () => {
    const ending = schedule({ created: now, spec: { schedule: { endDate: '2026-03-20', recurrence: { cron: '0 4 * * *' } } } })
    const life = await cluster({ ...steady, schedule: ending, cronJob: undefined }, now)
    await life.runFor(30 * day)
    expect(statusOf(life).counts).toEqual({ succeeded: 18 })
    expect(statusOf(life).lastRun).toMatchObject({ scheduledTime: '2026-03-20T04:00:00Z' })
    expect(objectsIn(statusOf(life).conditions)[1]).toMatchObject({ type: 'Active', status: 'False', reason: 'Completed' })
  })

  it('has nothing to tell of the days before its start, when it is suspended after its cron took over', async () => {
    const later = schedule({ created: now, spec: { schedule: { startDate: '2026-03-06', recurrence: { cron: '0 4 * * *' } } } })
    const life = await cluster({ ...steady, schedule: later, cronJob: undefined }, now)
    await life.runUntil(at('2026-03-05T12:00Z'))
    expect(life.server.get('cronjobs', 'nightly')?.spec.schedule).toBe('0 4 6-31 3 *')
    life.operator.crash()
    life.operator.start() // it looks again
    await life.runFor(minute)
    expect(life.server.get('cronjobs', 'nightly')?.spec.schedule).toBe('0 4 * * *')
    life.edit('scheduledintegrations', 'nightly', (spec) => ({ ...spec, suspend: true }))
    await life.runFor(hour)
    expect(statusOf(life).counts).toBeUndefined()
    expect(objectsIn(statusOf(life).conditions)[1]).toMatchObject({ type: 'Active', reason: 'Suspended' })
  })

  it('waits for a run that is more than 360 days away, and fires it', async () => {
    const far = schedule({ created: now, spec: { schedule: { startDate: '2027-06-01', startTime: '10:00', recurrence: { once: {} } } } })
    const life = await cluster({ ...steady, schedule: far, cronJob: undefined }, now)
    await life.runFor(30 * day)
    expect(life.server.get('cronjobs', 'nightly')?.spec.suspend).toBe(true)
    await life.runUntil(at('2027-06-01T10:00:01Z'))
    expect(life.jobs.map(({ metadata }) => metadata.creationTimestamp)).toEqual(['2027-06-01T10:00:00Z'])
    await life.runFor(400 * day)
    expect(life.history.filter(({ resource, before }) => resource === 'jobs' && before === undefined)).toHaveLength(1)
  })

  it('tells nothing new of a run whose Job somebody made by hand, but counts it', async () => {
    const life = await cluster(steady, now)
    const byHand = withMetadata(job(made, '2026-03-02T10:31Z'), { name: 'nightly-manual', annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' }, ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid: life.server.get('cronjobs', 'nightly')?.metadata.uid ?? '', controller: true }] })
    life.put('jobs', byHand)
    await life.runFor(minute)
    expect(statusOf(life)).toMatchObject({ counts: { succeeded: 1 }, lastRun: { jobName: 'nightly-manual', outcome: 'Succeeded' }, nextRunTime: '2026-03-02T11:00:00Z' })
  })
})

import { describe, expect, it } from 'vitest'
import { day, formatInstant, hour, minute, second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { type World, at, cronJob, integration, job, lease, nothingLearned, objectsOf, observation, schedule } from '../testing/builders.ts'
import { objectOf, objectsIn, textOf } from '../testing/json-reading.ts'
import { itPlans } from '../testing/plan-rows.ts'
import { planned, summaryOf } from '../testing/plan-summary.ts'
import { VirtualCluster } from '../testing/virtual-cluster.ts'
import { evidenceKey } from './action.ts'
import { jobNameAt } from './run-record.ts'
import { verdictOn } from './verdict.ts'

const template = integration()

interface Given {
  readonly spec?: JsonObject
  readonly runs?: readonly JsonObject[]
  readonly jobs?: readonly string[]
  readonly lastScheduleTime?: string
  readonly accountedThrough?: string
  readonly floor?: string
  readonly generation?: number
  readonly seenAt?: string
  readonly timeZone?: string
}

const every20 = { recurrence: { cron: '*/20 * * * *' } }

function late(time: string): JsonObject {
  const instant = at(`2026-03-02T${time}Z`)
  return { name: `nightly-20260302-${time.replace(':', '')}`, jobName: jobNameAt('nightly', instant), scheduledTime: formatInstant(instant), outcome: 'Waiting', reason: 'StartsLate', message: 'it was not started in time' }
}

/** A schedule of every twenty minutes whose controller was last heard of at 10:00. */
function world(given: Given = {}): World {
  const { accountedThrough = '2026-03-02T10:00:00Z', lastScheduleTime = '2026-03-02T10:00Z', floor = '2026-03-01T00:00Z', runs = [] } = given
  const status = { observedGeneration: 1, accountedThrough, runs: [...runs] }
  const { timeZone = 'Etc/UTC' } = given
  const rule = { schedule: { ...every20, timeZone } }
  const was = schedule({ spec: rule, status })
  const owner = schedule({ generation: given.generation ?? 1, spec: { ...rule, ...given.spec }, status })
  const made = cronJob(was, template, { expression: { schedule: '*/20 * * * *', timeZone }, lastScheduleTime, floor, cursor: { nudged: { at: at('2026-03-02T10:20Z'), times: 4 } } })
  const jobs = (given.jobs ?? []).map((time) => job(made, `2026-03-02T${time}Z`))
  const seen = { resource: 'cronjobs' as const, at: at(given.seenAt ?? '2026-03-02T00:00Z'), object: { metadata: made.metadata, spec: { schedule: '*/20 * * * *', jobTemplate: {} } } }
  const learned = { ...nothingLearned, evidence: new Map([[evidenceKey('cronjobs', 'acme', 'nightly'), seen]]) }
  return { schedule: owner, integration: template, cronJob: made, jobs, lease, learned }
}

function runsOf(given: Given, now: string): readonly string[] {
  const { status } = planned(world(given), at(now))
  return objectsIn(status?.status.runs).map(({ scheduledTime, outcome, reason }) => `${textOf(scheduledTime).slice(11, 16)} ${textOf(outcome)} ${textOf(reason)}`)
}

describe('an occurrence that the controller did not start in time', () => {
  const at1030 = '2026-03-02T10:30:00Z'
  it.each<[string, Given, string, readonly string[]]>([
    ['waits to be started late', {}, at1030, ['10:20 Waiting StartsLate']],
    ['is not waited for before the controller is out of time', {}, '2026-03-02T10:26:30Z', []],
    ['is missed when missed runs are not made up for', { spec: { missedRunPolicy: 'Skip' } }, at1030, ['10:20 Missed NotStarted']],
    ['is missed when it is too late for it', { spec: { startingDeadlineSeconds: 600 } }, '2026-03-02T10:30:01Z', ['10:20 Missed NotStarted']],
    ['starts late to the last second', { spec: { startingDeadlineSeconds: 600 } }, at1030, ['10:20 Waiting StartsLate']],
    ['is the latest that starts: the others are missed', { accountedThrough: '2026-03-02T09:20:00Z', lastScheduleTime: '2026-03-02T09:20Z' }, at1030, ['10:20 Waiting StartsLate', '10:00 Missed NotStarted', '09:40 Missed NotStarted']],
    ['gives way to a later one', { runs: [late('10:20')], accountedThrough: '2026-03-02T10:20:00Z' }, '2026-03-02T10:50:00Z', ['10:40 Waiting StartsLate', '10:20 Missed NotStarted']],
    ['is one of all that start late', { spec: { missedRunPolicy: 'RunAll' }, accountedThrough: '2026-03-02T09:00:00Z', lastScheduleTime: '2026-03-02T09:00Z' }, at1030, ['10:20 Waiting StartsLate', '10:00 Waiting StartsLate', '09:40 Waiting StartsLate', '09:20 Missed NotStarted']],
    ['is unknown when the controller says that it was there', { lastScheduleTime: '2026-03-02T10:20Z' }, at1030, ['10:20 Unknown EvidenceGone']],
  ])('%s', (_name, given, now, want) => expect(runsOf(given, now)).toEqual(want))

  it('is one of the ten latest of a longer list', () => {
    const runs = runsOf({ spec: { missedRunPolicy: 'RunAll', startingDeadlineSeconds: 86_400 }, accountedThrough: '2026-03-02T05:00:00Z', lastScheduleTime: '2026-03-02T05:00Z' }, at1030)
    expect(runs).toEqual(Array.from({ length: 10 }, (_unused, index) => `${formatInstant(at('2026-03-02T10:20Z') - index * 20 * minute).slice(11, 16)} Waiting StartsLate`))
  })
})

const waiting: Given = { runs: [late('10:20')], accountedThrough: '2026-03-02T10:20:00Z' }
const now = '2026-03-02T10:30:00Z'

describe('a run that is to start late', () => {
  itPlans({
    'is started only after one more look at the CronJob': { given: world(waiting), now, want: { actions: ['look at nightly'] } },
    'is started when nobody has changed anything': { given: world({ ...waiting, seenAt: '2026-03-02T10:29:58Z' }), now, want: { actions: ['create jobs nightly-29540780'] } },
    'waits for the end of a run in progress': { given: world({ ...waiting, jobs: ['10:00'], seenAt: now }), now, want: { actions: [], wake: '10:40:20' } },
    'waits until it is known whether a later one was missed as well': { given: world({ ...waiting, seenAt: '2026-03-02T10:41:00Z' }), now: '2026-03-02T10:41:00Z', want: { actions: ['look at 10:40'], wake: '10:46:30' } },
    'starts when a later one has been': { given: world({ ...waiting, jobs: ['10:40'], lastScheduleTime: '2026-03-02T10:40Z', seenAt: '2026-03-02T10:41:00Z' }), now: '2026-03-02T10:41:00Z', want: { actions: [] } },
    'does not start just before the next one': { given: world({ ...waiting, seenAt: '2026-03-02T10:39:30Z' }), now: '2026-03-02T10:39:30Z', want: { actions: [], wake: '10:40:20' } },
    'is called off by a suspend': { given: world({ ...waiting, spec: { suspend: true }, generation: 2 }), now, want: { actions: ['patch: parked [*/20 * * * *] Etc/UTC floor 10:30:00'] } },
  })

  it.each<[string, Given, string, readonly string[]]>([
    ['is missed when its time is over', { ...waiting, jobs: ['10:40', '11:00', '11:20'], lastScheduleTime: '2026-03-02T11:20Z', accountedThrough: '2026-03-02T11:20:00Z' }, '2026-03-02T11:20:01Z', ['10:20 Missed NotStarted']],
    ['is skipped when the schedule has begun anew since', { ...waiting, floor: '2026-03-02T10:25Z' }, now, ['10:20 Skipped Edited']],
    ['is missed when missed runs are not made up for any more', { ...waiting, spec: { missedRunPolicy: 'Skip' } }, now, ['10:20 Missed NotStarted']],
  ])('%s', (_name, given, instant, want) => expect(runsOf(given, instant).slice(-1)).toEqual(want))

  it('is the first of its list, and the others follow', () => {
    const given = { runs: [late('10:20'), late('10:00')], accountedThrough: '2026-03-02T10:20:00Z', spec: { missedRunPolicy: 'RunAll' }, seenAt: now }
    expect(summaryOf(world(given), at(now)).actions).toEqual(['create jobs nightly-29540760'])
  })

  it('is a Job as the controller makes it, but for whom it belongs to', () => {
    const [action] = planned(world({ ...waiting, seenAt: now }), at(now)).actions
    if (action?.verb !== 'create') throw new Error('it is created')
    const verdict = verdictOn(observation(world()))
    const jobTemplate = verdict.kind === 'valid' ? verdict.workload.jobTemplate.make() : {}
    expect(action.object).toEqual({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: 'nightly-29540780',
        namespace: 'acme',
        labels: objectOf(jobTemplate.metadata).labels,
        annotations: { ...objectOf(objectOf(jobTemplate.metadata).annotations), 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-03-02T10:20:00Z' },
        ownerReferences: [
          { apiVersion: 'integration-scheduler.io/v1alpha1', kind: 'ScheduledIntegration', name: 'nightly', uid: 'nightly-uid', controller: true },
          { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'integration-scheduler-locks', uid: 'integration-scheduler-locks-uid' },
        ],
      },
      spec: jobTemplate.spec,
    })
  })
})

it.each([
  ['Europe/Berlin', '2026-03-02T11:20:00+01:00'],
  ['America/St_Johns', '2026-03-02T06:50:00-03:30'],
])('the Job of a run that starts late tells its time on the clock of the CronJob, as the controller does: %s', (timeZone, want) => {
  const [action] = planned(world({ ...waiting, seenAt: now, timeZone, spec: { missedRunPolicy: 'RunAll' } }), at(now)).actions
  expect(JSON.stringify(action)).toContain(`"batch.kubernetes.io/cronjob-scheduled-timestamp":"${want}"`)
})

const started = '2026-03-02T10:10:00Z'

async function outage(spec: JsonObject, { down, up }: { readonly down: number; readonly up: number }): Promise<VirtualCluster> {
  const owner = schedule({ created: started, spec: { schedule: every20, ...spec } })
  const life = await VirtualCluster.started({ now: at(started) }, objectsOf({ schedule: owner, integration: template, lease }))
  await life.runFor(down)
  life.controller.stop()
  await life.runFor(up - down)
  life.controller.start()
  await life.runFor(hour)
  return life
}

function born({ history }: VirtualCluster): readonly string[] {
  return history.flatMap(({ at: instant, resource, before, after }) => {
    if (resource !== 'jobs' || before !== undefined || after === undefined) return []
    const due = formatInstant(Number(after.metadata.name.split('-').at(-1)) * minute).slice(11, 16)
    return [`${due} at ${formatInstant(instant).slice(11, 19)} by ${after.metadata.ownerReferences?.find(({ controller }) => controller === true)?.kind ?? ''}`]
  })
}

describe('on a cluster whose controller was away', () => {
  it('a run starts late once, and those after it in time', async () => {
    const life = await outage({}, { down: 9 * minute, up: 17 * minute })
    expect(born(life).slice(0, 3)).toEqual(['10:20 at 10:26:30 by ScheduledIntegration', '10:40 at 10:40:00 by CronJob', '11:00 at 11:00:00 by CronJob'])
    const { counts } = objectOf(life.server.get('scheduledintegrations', 'nightly')?.status)
    expect(counts).toEqual({ succeeded: 4 })
  })

  it.each([
    ['RunLatest', ['11:01 at 11:03:29 by ScheduledIntegration']],
    ['RunAll', ['11:00 at 11:02:29 by ScheduledIntegration', '11:01 at 11:03:29 by ScheduledIntegration']],
    ['Skip', []],
  ])('of two that were missed within a minute of each other, %s starts what it says', async (missedRunPolicy, want) => {
    const twice = { missedRunPolicy, schedule: { recurrence: { cron: '0,1 * * * *' } } }
    const life = await outage(twice, { down: 49 * minute + 50 * second, up: 52 * minute + 10 * second })
    expect(born(life).filter((text) => text.endsWith('ScheduledIntegration'))).toEqual(want)
  })

  it('of two that were missed while each minute is due, RunLatest starts the later one, though the controller has gone past both', async () => {
    const life = await outage({ schedule: { recurrence: { cron: '* * * * *' } } }, { down: 49 * minute + 50 * second, up: 52 * minute + 10 * second })
    expect(born(life).filter((text) => text >= '10:59').slice(0, 5)).toEqual([
      '10:59 at 10:59:00 by CronJob',
      '11:02 at 11:02:10 by CronJob',
      '11:03 at 11:03:00 by CronJob',
      '11:01 at 11:03:29 by ScheduledIntegration',
      '11:04 at 11:04:00 by CronJob',
    ])
  })

  it('a run of the last chance starts late, and its schedule is over then', async () => {
    const once = { schedule: { startDate: '2026-03-02', startTime: '10:20', recurrence: { once: {} } } }
    const life = await outage(once, { down: 9 * minute, up: 30 * minute })
    expect(born(life)).toEqual(['10:20 at 10:26:30 by ScheduledIntegration'])
    const { counts, conditions } = objectOf(life.server.get('scheduledintegrations', 'nightly')?.status)
    expect(counts).toEqual({ succeeded: 1 })
    expect(objectsIn(conditions)[1]).toMatchObject({ type: 'Active', status: 'False', reason: 'Completed' })
  })

  it('none starts late that nobody wants made up for', async () => {
    const life = await outage({ missedRunPolicy: 'Skip' }, { down: 9 * minute, up: 17 * minute })
    expect(born(life)[0]).toBe('10:40 at 10:40:00 by CronJob')
    expect(objectOf(life.server.get('scheduledintegrations', 'nightly')?.status).counts).toEqual({ missed: 1, succeeded: 3 })
  })

  it('its history limits hold for late runs too', async () => {
    const life = await outage({ successfulJobsHistoryLimit: 0 }, { down: 9 * minute, up: 17 * minute })
    await life.runFor(10 * minute + second)
    expect(life.jobs).toEqual([])
    await life.runFor(day / 24)
    expect(born(life).filter((text) => text.startsWith('10:20'))).toHaveLength(1)
  })
})

import { describe, expect, it } from 'vitest'
import { formatInstant, hour, minute } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import { type World, at, cronJob, integration, job, lease, observation, schedule } from '../testing/builders.ts'
import { objectOf, objectsIn } from '../testing/json-reading.ts'
import { planned, summaryOf } from '../testing/plan-summary.ts'
import type { ServerObject } from '../testing/virtual-api-server.ts'
import { VirtualCluster } from '../testing/virtual-cluster.ts'
import { jobNameAt, recount, runNameAt } from './run-record.ts'
import { ledger } from './runs.ts'

const template = integration()
const owner = (status: JsonObject = {}, spec: JsonObject = {}) =>
  schedule({ spec: { schedule: { recurrence: { cron: '*/10 * * * *' } }, ...spec }, status: { observedGeneration: 1, accountedThrough: '2026-03-02T09:50:00Z', ...status } })
const made = cronJob(owner(), template, { expression: { schedule: '*/10 * * * *', timeZone: 'Etc/UTC' }, lastScheduleTime: '2026-03-02T10:00Z' })
const marked = { [annotation.runName]: 'x' }
const now = at('2026-03-02T10:05:00Z')

function world(jobs: readonly ServerObject[], status: JsonObject = {}, more: Partial<World> & { readonly spec?: JsonObject; readonly lastScheduleTime?: string } = {}): World {
  const { spec, lastScheduleTime = '2026-03-02T10:00:00Z', ...rest } = more
  return { schedule: owner(status, spec), integration: template, cronJob: { ...made, status: { lastScheduleTime } }, jobs, lease, ...rest }
}

function failed(reason: string): JsonObject {
  return { type: 'Failed', status: 'True', reason, message: `because of ${reason}`, lastTransitionTime: '2026-03-02T10:00:30Z' }
}

function recordOf(run: ServerObject, outcome: string): JsonObject {
  return { name: run.metadata.name, jobName: run.metadata.name, jobUID: run.metadata.uid, scheduledTime: run.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'], outcome }
}

function statusOf(given: World, instant = now): JsonObject {
  const { status } = planned(given, instant)
  if (status === undefined) throw new Error('a status is planned')
  return status.status
}

const ten = '2026-03-02T10:00Z'

describe('the record of a run', () => {
  it.each<[string, 'Running' | 'Complete' | JsonObject, JsonObject]>([
    ['is Running while its Job is', 'Running', { outcome: 'Running' }],
    ['says when it ended well', 'Complete', { outcome: 'Succeeded', startTime: '2026-03-02T10:00:01Z', completionTime: '2026-03-02T10:00:10Z' }],
    ['says why it failed', failed('BackoffLimitExceeded'), { outcome: 'Failed', reason: 'BackoffLimitExceeded', message: 'because of BackoffLimitExceeded', completionTime: '2026-03-02T10:00:30Z' }],
    ['knows the exit codes that mean errors in some records', failed('PodFailurePolicy'), { outcome: 'CompletedWithErrors', reason: 'PodFailurePolicy' }],
  ])('%s', (_name, outcome, want) => {
    expect(statusOf(world([job(made, ten, { outcome })])).lastRun).toMatchObject({ name: 'nightly-20260302-1000', jobName: 'nightly-29540760', scheduledTime: '2026-03-02T10:00:00Z', ...want })
  })

  it('is waiting while its Job is suspended', () => {
    const run = job(made, ten)
    expect(statusOf(world([{ ...run, spec: { suspend: true } }])).lastRun).toMatchObject({ outcome: 'Waiting' })
  })

  it('bears the name that the schedule gives its runs, on the wall clock of its zone', () => {
    expect(statusOf(world([job(made, ten)], {}, { spec: { runName: 'Payroll' } })).lastRun).toMatchObject({ name: 'Payroll-20260302-1000' })
    expect(runNameAt('Payroll', 'Asia/Kolkata', at(ten))).toBe('Payroll-20260302-1530')
  })

  it('bears the offset from UTC in an hour that the clock repeats, and only then', () => {
    const name = (instant: string) => runNameAt('x', 'Europe/Berlin', at(instant))
    expect(name('2026-10-24T23:59Z')).toBe('x-20261025-0159')
    expect(name('2026-10-25T00:30Z')).toBe('x-20261025-0230+0200')
    expect(name('2026-10-25T01:30Z')).toBe('x-20261025-0230+0100')
    expect(name('2026-10-25T02:00Z')).toBe('x-20261025-0300')
    expect(runNameAt('x', 'America/St_Johns', at('2026-11-01T03:45Z'))).toBe('x-20261101-0115-0230')
  })

  it('is named after its minute', () => {
    expect(jobNameAt('nightly', at('2026-03-02T10:00:59Z'))).toBe('nightly-29540760')
  })
})

describe('a run that nobody intended', () => {
  const stray = job(made, '2026-03-02T10:03Z')

  it('is told as that, with a warning, and not followed', () => {
    const given = world([stray])
    const first = statusOf(given)
    expect(first).toMatchObject({ runs: [{ outcome: 'Unplanned', jobUID: stray.metadata.uid }], counts: { unplanned: 1 } })
    expect(planned(given, now).events.map(({ reason, type }) => `${reason} ${type}`)).toContain('RunUnplanned Warning')
    expect(statusOf(world([job(made, '2026-03-02T10:03Z', { outcome: 'Complete', annotations: marked })], first))).toMatchObject({ runs: [{ outcome: 'Unplanned' }], counts: { unplanned: 1 } })
  })

  it('is not that when it belongs to what was intended until a moment ago', () => {
    const edited = cronJob(owner(), template, { expression: { schedule: '*/10 * * * *', timeZone: 'Etc/UTC' }, lastScheduleTime: '2026-03-02T10:00Z', floor: '2026-03-02T10:02Z' })
    expect(statusOf(world([stray], {}, { cronJob: edited }))).toMatchObject({ runs: [{ outcome: 'Running' }] })
  })

  it('is not that when somebody made it by hand', () => {
    const byHand = { ...stray, metadata: { ...stray.metadata, annotations: {} } }
    expect(statusOf(world([byHand]))).toMatchObject({ runs: [{ outcome: 'Running' }] })
  })
})

describe('counts', () => {
  it('count each run in one member, and follow it when its outcome changes', () => {
    expect(recount({}, undefined, 'Running')).toEqual({})
    expect(recount({}, undefined, 'Failed')).toEqual({ failed: 1 })
    expect(recount({ failed: 2 }, 'Running', 'Succeeded')).toEqual({ failed: 2, succeeded: 1 })
    expect(recount({ missed: 1 }, 'Missed', 'Running')).toEqual({ missed: 0 })
    expect(recount({ missed: 1 }, 'Missed', 'Missed')).toEqual({ missed: 1 })
  })

  it('count a run once, however often it is seen', () => {
    const run = job(made, ten, { outcome: 'Complete' })
    const first = statusOf(world([run]))
    expect(first.counts).toEqual({ succeeded: 1 })
    expect(statusOf(world([run], first)).counts).toEqual({ succeeded: 1 })
    expect(statusOf(world([job(made, ten, { outcome: 'Complete', annotations: marked })], first)).counts).toEqual({ succeeded: 1 })
    // Its record has made room for newer ones.
    expect(statusOf(world([job(made, ten, { outcome: 'Complete', annotations: marked })], { counts: { succeeded: 12 } })).counts).toEqual({ succeeded: 12 })
  })

  it('take a run back from the missed ones when its Job shows up after all', () => {
    const missed = { name: 'nightly-20260302-1000', jobName: 'nightly-29540760', scheduledTime: '2026-03-02T10:00:00Z', outcome: 'Missed', reason: 'NotStarted' }
    const status = statusOf(world([job(made, ten, { outcome: 'Complete' })], { accountedThrough: '2026-03-02T10:00:00Z', runs: [missed], counts: { missed: 1 } }))
    expect(status.counts).toEqual({ missed: 0, succeeded: 1 })
    expect(objectsIn(status.runs)).toMatchObject([{ outcome: 'Succeeded' }])
  })

  it('do not follow a Job back into the past: another operator may have seen its end', () => {
    const run = job(made, ten)
    const status = { runs: [recordOf(run, 'Succeeded')], counts: { succeeded: 1 } }
    expect(statusOf(world([run], status))).toMatchObject({ counts: { succeeded: 1 }, runs: [{ outcome: 'Succeeded' }] })
  })

  it('give a run up whose Job is gone, but not before every store would show it', () => {
    const gone = { runs: [recordOf(job(made, ten), 'Running')], accountedThrough: '2026-03-02T10:00:00Z' }
    const early = planned(world([], gone), now)
    expect(early.status?.status).toMatchObject({ runs: [{ outcome: 'Running' }] })
    expect(early.requeue).toMatchObject({ kind: 'at', at: at('2026-03-02T10:06:30Z') + 1 })
    expect(statusOf(world([], gone), at('2026-03-02T10:06:31Z'))).toMatchObject({ runs: [{ outcome: 'Unknown', reason: 'EvidenceGone' }], counts: { unknown: 1 } })
  })
})

describe('the list of runs', () => {
  const hours = (count: number) => Array.from({ length: count }, (_unused, index) => formatInstant(at('2026-03-01T00:00Z') + index * hour))

  it('has the ten latest, newest first', () => {
    const known = hours(10).map((time) => recordOf(job(made, time), 'Succeeded')).toReversed()
    const runs = objectsIn(statusOf(world([job(made, ten)], { runs: known })).runs)
    expect(runs).toHaveLength(10)
    expect(runs[0]).toMatchObject({ outcome: 'Running' })
    expect(runs.at(-1)).toMatchObject({ scheduledTime: '2026-03-01T01:00:00Z' })
  })

  it('has all that are in progress', () => {
    const running = hours(30).map((time) => job(made, time))
    expect(objectsIn(statusOf(world(running)).runs)).toHaveLength(30)
  })

  it('takes in no more than it can hold, oldest first, and the others when there is room', () => {
    const running = hours(60).map((time) => job(made, time))
    const first = objectsIn(statusOf(world(running)).runs)
    expect(first).toHaveLength(50)
    expect(first.at(-1)).toMatchObject({ scheduledTime: '2026-03-01T00:00:00Z' })
    const ended = running.map((run, index) => (index < 20 ? job(made, hours(60)[index] ?? '', { outcome: 'Complete', annotations: marked }) : run))
    const next = statusOf(world(ended, { runs: first }))
    expect(next.counts).toEqual({ succeeded: 20 })
    expect(objectsIn(next.runs).map(({ outcome }) => outcome)).toEqual(Array.from({ length: 30 }, () => 'Running'))
    expect(objectsIn(statusOf(world(ended, next)).runs)).toHaveLength(40)
  })

  it('counts thirty Jobs that are found at once, each of them once', async () => {
    const cluster = new VirtualCluster({ now })
    const jobs = hours(30).map((time) => job(made, time, { outcome: 'Complete' }))
    for (const [resource, object] of [['scheduledintegrations', owner({ accountedThrough: '2026-03-02T10:00:00Z' })], ['integrations', template], ['cronjobs', world([]).cronJob ?? made], ...jobs.map((one) => ['jobs', one] as const)] as const) cluster.put(resource, object)
    cluster.operator.start()
    await cluster.runFor(minute)
    const status = objectOf(cluster.server.get('scheduledintegrations', 'nightly')?.status)
    expect(status.counts).toEqual({ succeeded: 30 })
    expect(objectsIn(status.runs)).toHaveLength(10)
    expect(cluster.jobs).toHaveLength(3)
    expect(cluster.operator.events.filter(({ reason }) => reason === 'RunSucceeded')).toHaveLength(30)
  })
})

describe('occurrences without a Job, that are not made up for', () => {
  const skip = { spec: { missedRunPolicy: 'Skip' } }

  it('are missed once they can start no more, and told oldest first', () => {
    const status = statusOf(world([], {}, { ...skip, lastScheduleTime: '2026-03-02T09:50:00Z' }), at('2026-03-02T10:20:00Z'))
    expect(status).toMatchObject({ accountedThrough: '2026-03-02T10:10:00Z', counts: { missed: 2 }, runs: [{ scheduledTime: '2026-03-02T10:10:00Z', outcome: 'Missed', reason: 'NotStarted' }, {}] })
  })

  it('are unknown when the controller says that it was there', () => {
    expect(statusOf(world([]), at('2026-03-02T10:06:31Z'))).toMatchObject({ counts: { unknown: 1 }, runs: [{ outcome: 'Unknown', reason: 'EvidenceGone' }] })
  })

  it('are missed when the controller cannot have been there: they came before the CronJob', () => {
    const young = { ...made, metadata: { ...made.metadata, creationTimestamp: '2026-03-02T10:00:30Z' }, status: { lastScheduleTime: '2026-03-02T10:10:00Z' } }
    expect(statusOf(world([job(made, '2026-03-02T10:10Z')], {}, { ...skip, cronJob: young }), at('2026-03-02T10:11:00Z'))).toMatchObject({ counts: { missed: 1 }, runs: [{ outcome: 'Running' }, { outcome: 'Missed' }] })
  })

  it('are missed where the controller went past them and the Job of the one it went on to is known: it skips what it was too late for', () => {
    const late = recordOf(job(made, '2026-03-02T10:10Z'), 'Succeeded')
    const status = statusOf(world([], { runs: [late], counts: { succeeded: 1 } }, { ...skip, lastScheduleTime: '2026-03-02T10:10:00Z' }), at('2026-03-02T10:20:00Z'))
    expect(status).toMatchObject({ accountedThrough: '2026-03-02T10:10:00Z', counts: { succeeded: 1, missed: 1 } })
    expect(objectsIn(status.runs)).toHaveLength(2)
  })

  it('are unknown where that Job is gone too', () => {
    const status = statusOf(world([], {}, { ...skip, lastScheduleTime: '2026-03-02T10:10:00Z' }), at('2026-03-02T10:20:00Z'))
    expect(status).toMatchObject({ accountedThrough: '2026-03-02T10:10:00Z', counts: { unknown: 2 } })
  })

  it('are unknown where there are as many later Jobs as the controller keeps', () => {
    const times = (count: number) => Array.from({ length: count }, (_unused, index) => formatInstant(at('2026-03-02T10:10Z') + index * 10 * minute))
    const outcomes = (count: number) => statusOf(world(times(count).map((time) => job(made, time, { outcome: 'Complete' })), {}, { ...skip, lastScheduleTime: times(count).at(-1) ?? '' }), at('2026-03-02T20:00:00Z')).counts
    expect(outcomes(25)).toMatchObject({ unknown: 1 })
    expect(outcomes(24)).toMatchObject({ succeeded: 24, missed: 36 })
  })

  it('of weeks are told in several passes', () => {
    const long = world([], { accountedThrough: '2026-02-20T00:00:00Z' }, { cronJob: cronJob(owner(), template, { expression: { schedule: '*/10 * * * *', timeZone: 'Etc/UTC' }, floor: '2026-02-20T00:00Z', lastScheduleTime: '2026-02-20T00:00Z' }) })
    const first = statusOf(long)
    expect(first).toMatchObject({ counts: { missed: 500 }, accountedThrough: formatInstant(at('2026-02-20T00:00Z') + 500 * 10 * minute) })
    expect(planned(long, now).requeue).toMatchObject({ kind: 'at', at: now + 1_000 })
    expect(objectsIn(first.runs)).toHaveLength(10)
  })
})

describe('the Jobs of a schedule', () => {
  const ended = (time: string, annotations: Readonly<Record<string, string>> = marked) => job(made, time, { outcome: 'Complete', annotations })
  const times = ['2026-03-02T09:00Z', '2026-03-02T09:10Z', '2026-03-02T09:20Z', '2026-03-02T09:30Z', '2026-03-02T09:40Z']

  it('get their name and a second owner once their record is in the status', () => {
    const run = job(made, ten)
    const given = world([run], { runs: [recordOf(run, 'Running')], accountedThrough: '2026-03-02T10:00:00Z' })
    expect(summaryOf(given, now).actions).toEqual(['mark 10:00 as nightly-20260302-1000'])
    const [action] = planned(given, now).actions
    expect(JSON.stringify(action)).toContain('{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","name":"integration-scheduler-locks","uid":"integration-scheduler-locks-uid"}')
  })

  it('do not get it before that', () => {
    expect(summaryOf(world([job(made, ten)]), now).actions).toEqual([])
  })

  it('need the lock table of their namespace first', () => {
    const run = job(made, ten)
    expect(summaryOf(world([run], { runs: [recordOf(run, 'Running')] }, { lease: undefined }), now).actions).toEqual(['create leases integration-scheduler-locks'])
  })

  it('go when there are more of them than the history limits say, oldest first', () => {
    const failures = times.map((time) => job(made, formatInstant(at(time) + minute), { outcome: failed('BackoffLimitExceeded'), annotations: marked }))
    expect(summaryOf(world([...times.map((time) => ended(time)), ...failures], {}, { spec: { successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 4 } }), now).actions).toEqual(['delete 09:00', 'delete 09:01', 'delete 09:10'])
  })

  it('stay until their end is in the status, until they are marked, and while they are on their way out', () => {
    const unmarked = ended('2026-03-02T09:00Z', {})
    const unrecorded = ended('2026-03-02T09:10Z')
    const going = { ...ended('2026-03-02T09:20Z'), metadata: { ...ended('2026-03-02T09:20Z').metadata, deletionTimestamp: '2026-03-02T10:04:00Z' } }
    const status = { runs: [recordOf(unrecorded, 'Running')] }
    const none = { spec: { successfulJobsHistoryLimit: 0 } }
    expect(summaryOf(world([unmarked, unrecorded, going], status, none), now).actions).toEqual([])
  })

  it('stay until the controller has gone on to a later match, or is out of time', () => {
    const given = world([ended(ten)], { accountedThrough: '2026-03-02T10:00:00Z' }, { spec: { successfulJobsHistoryLimit: 0 } })
    expect(summaryOf(given, at('2026-03-02T10:06:29Z'))).toMatchObject({ actions: [], wake: '10:06:30' })
    expect(summaryOf(given, at('2026-03-02T10:06:31Z')).actions).toEqual(['delete 10:00'])
  })

  it('stay until their end is older than any watch may lag', () => {
    const slow = job(made, '2026-03-02T09:00Z', { outcome: { type: 'Complete', status: 'True', lastTransitionTime: '2026-03-02T10:04:00Z' }, annotations: marked })
    const recent = { ...slow, status: { ...slow.status, completionTime: '2026-03-02T10:04:00Z' } }
    const given = world([recent], { accountedThrough: '2026-03-02T10:00:00Z' }, { spec: { successfulJobsHistoryLimit: 0 } })
    expect(summaryOf(given, now)).toMatchObject({ actions: [], wake: '10:05:30' })
    expect(summaryOf(given, at('2026-03-02T10:05:30Z')).actions).toEqual(['delete 09:00'])
  })

  it('are never touched before a missed run is recorded', () => {
    const run = job(made, '2026-03-02T09:00Z')
    const plan = planned(world([run], { runs: [recordOf(run, 'Running')] }, { lastScheduleTime: '2026-03-02T09:50:00Z' }), at('2026-03-02T10:10:00Z'))
    expect(plan.actions).toEqual([])
    expect(plan.status?.status).toMatchObject({ runs: [{ outcome: 'Waiting', reason: 'StartsLate' }, { outcome: 'Running' }] })
  })
})

it('a ledger without news has none', () => {
  const run = job(made, ten, { outcome: 'Complete' })
  const first = statusOf(world([run]))
  const accounts = ledger(observation(world([run], first)), { extra: [], accountedThrough: undefined, isPlanned: () => true, now })
  expect(accounts.news).toEqual([])
  expect(accounts.next).toBeUndefined()
})

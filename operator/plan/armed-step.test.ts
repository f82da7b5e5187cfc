import { describe, expect, it } from 'vitest'
import { formatInstant } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { type World, at, cronJob, integration, job, lease, schedule, withLook } from '../testing/builders.ts'
import { itPlans, withStatus } from '../testing/plan-rows.ts'
import { planned } from '../testing/plan-summary.ts'
import type { ServerObject } from '../testing/virtual-api-server.ts'
import type { Cursor, Expression } from './cursor.ts'
import { jobNameAt } from './run-record.ts'

const template = integration()
const utc = (schedule: string): Expression => ({ schedule, timeZone: 'Etc/UTC' })
const cron = (expression: string) => ({ recurrence: { cron: expression } })

interface ArmedGiven {
  /** The schedule that the CronJob was made from. */
  readonly was: JsonObject
  /** What the user has made of it since; with a generation of its own. */
  readonly now?: JsonObject
  readonly expression: string
  readonly timeZone?: string
  readonly lastScheduleTime?: string
  readonly accountedThrough?: string
  readonly cursor?: Partial<Cursor>
  readonly floor?: string
  readonly template?: ServerObject | undefined
  readonly jobs?: (cronJob: ServerObject) => readonly ServerObject[]
  /** Changes that somebody else made to the CronJob. */
  readonly byHand?: (cronJob: ServerObject) => ServerObject
}

/** A schedule with an armed CronJob, created at the beginning of March. */
function armed(given: ArmedGiven): World {
  // Everything up to L is told.
  const accounted = given.accountedThrough ?? given.lastScheduleTime
  const status = accounted === undefined ? { observedGeneration: 1 } : { observedGeneration: 1, accountedThrough: formatInstant(at(accounted)) }
  const was = schedule({ spec: { schedule: given.was }, status })
  const made = cronJob(was, template, {
    expression: { schedule: given.expression, timeZone: given.timeZone ?? 'Etc/UTC' },
    ...(given.floor === undefined ? {} : { floor: given.floor }),
    ...(given.cursor === undefined ? {} : { cursor: given.cursor }),
    ...(given.lastScheduleTime === undefined ? {} : { lastScheduleTime: given.lastScheduleTime }),
  })
  const owner = given.now === undefined ? was : schedule({ generation: 2, spec: { schedule: given.was, ...given.now }, status })
  const integration = 'template' in given ? given.template : template
  return { schedule: owner, integration, cronJob: given.byHand?.(made) ?? made, jobs: given.jobs?.(made) ?? [], lease }
}

function changed(object: ServerObject, change: { readonly spec?: JsonObject; readonly metadata?: JsonObject }): ServerObject {
  const metadata = { ...object.metadata, ...change.metadata }
  return { ...object, spec: { ...object.spec, ...change.spec }, metadata }
}

const hourly = { was: cron('0 * * * *'), expression: '0 * * * *', lastScheduleTime: '2026-03-02T10:00Z' }
/** It has been freed from backing off because of the match of 11:00. */
const freed = { nudged: { at: at('2026-03-02T11:00Z'), times: 4 } }
const midHour = '2026-03-02T10:30:00Z'
const at11 = jobNameAt('nightly', at('2026-03-02T11:00Z'))

describe('an armed CronJob', () => {
  itPlans({
    'with everything in order nothing is written, and the next look is when a match should have been fired': {
      given: withStatus(armed(hourly), midHour),
      now: midHour,
      want: { actions: [], conditions: ['Ready=True Scheduled', 'Active=True Scheduled'], events: [], wake: '11:00:20' },
    },
    'the first status says that it is scheduled': {
      given: armed(hourly),
      now: midHour,
      want: { actions: [], conditions: ['Ready=True Scheduled', 'Active=True Scheduled'], events: ['Scheduled'] },
    },
    'suspend parks at once': {
      given: armed({ ...hourly, now: { suspend: true } }),
      now: midHour,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:30:00'], conditions: [], events: [], wake: 'on change' },
    },
    'suspend parks at once also in the quiet zone, and leaves the match that is near undecided': {
      given: armed({ ...hourly, now: { suspend: true } }),
      now: '2026-03-02T10:59:50Z',
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:59:50 undecided'] },
    },
    'an edit far from any match is one write': {
      given: armed({ ...hourly, now: { schedule: cron('45 * * * *') } }),
      now: midHour,
      want: { actions: ['patch: armed [45 * * * *] Etc/UTC floor 10:30:00'] },
    },
    'an edit whose expression matched two minutes ago is armed with a window of what is to come': {
      given: armed({ ...hourly, now: { schedule: cron('28 * * * *') } }),
      now: midHour,
      want: { actions: ['patch: armed [28 11-23 2 3 *] Etc/UTC floor 10:30:00'] },
    },
    'an edit shortly before a match that stays waits for it': {
      given: armed({ ...hourly, now: { schedule: cron('*/20 * * * *') } }),
      now: '2026-03-02T10:59:45Z',
      want: { actions: [], conditions: ['Ready=False Progressing', 'Reconciling=True Progressing', 'Active=Unknown Progressing'], wake: '11:00:55' },
    },
    'an edit shortly before a match that goes parks at once': {
      given: armed({ ...hourly, now: { schedule: cron('*/25 3 * * *') } }),
      now: '2026-03-02T10:59:45Z',
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:59:45 undecided'] },
    },
    'an edit right after a match that is not settled yet waits for its settlement': {
      given: armed({ ...hourly, now: { schedule: cron('*/20 * * * *') } }),
      now: '2026-03-02T11:00:02Z',
      want: { actions: [], wake: '11:00:55' },
    },
    'an edit right after a match that the controller has written down need not wait': {
      given: armed({ ...hourly, now: { schedule: cron('*/20 * * * *') }, lastScheduleTime: '2026-03-02T11:00Z' }),
      now: '2026-03-02T11:00:02Z',
      want: { actions: ['patch: armed [*/20 * * * *] Etc/UTC floor 11:00:02'] },
    },
    'an edit while it is not known what became of the last runs parks until that is told': {
      given: armed({ ...hourly, lastScheduleTime: '2026-03-02T09:00Z', jobs: (made) => [job(made, '2026-03-02T10:00Z')], now: { schedule: cron('45 * * * *') } }),
      now: '2026-03-02T11:08:00Z',
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 11:08:00 undecided'] },
    },
    'an edit to one run more than 360 days away parks': {
      given: armed({ ...hourly, now: { schedule: { startDate: '2027-08-01', startTime: '10:00', recurrence: { once: {} } } } }),
      now: midHour,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:30:00'] },
    },
    'an edit to something invalid parks, and Jobs that are made by hand are held': {
      given: armed({ ...hourly, now: { schedule: cron('0 0 30 2 *') } }),
      now: midHour,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC holding Jobs floor 10:30:00'] },
    },
    'without its Integration it is parked, and Jobs that are made by hand are held': {
      given: armed({ ...hourly, template: undefined }),
      now: midHour,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC holding Jobs floor 10:30:00'] },
    },
    'a change of the template is written when no match is near': {
      given: armed({ ...hourly, template: integration({ generation: 2, spec: { container: { image: 'registry.example.com/export:2' } } }) }),
      now: midHour,
      want: { actions: ['patch: armed [0 * * * *] Etc/UTC floor 00:00:00'], events: [] },
    },
    'a change of the template waits in the quiet zone': {
      given: armed({ ...hourly, template: integration({ generation: 2, spec: { container: { image: 'registry.example.com/export:2' } } }) }),
      now: '2026-03-02T10:59:35Z',
      want: { actions: [], conditions: ['Ready=False Progressing', 'Reconciling=True Progressing', 'Active=Unknown Progressing'], wake: '11:00:20' },
    },
    'a change of the template waits until the last match is settled': {
      given: armed({ ...hourly, jobs: (made) => [job(made, '2026-03-02T11:00Z')], template: integration({ generation: 2, spec: { retries: 2 } }) }),
      now: '2026-03-02T11:00:30Z',
      want: { actions: [], wake: '11:01:00' },
    },
    'a longer deadline waits until the controller can not look back to what it was too late for': {
      given: armed({ ...hourly, now: { startingDeadlineSeconds: 600 }, byHand: (made) => changed(made, { spec: { startingDeadlineSeconds: 60 } }), accountedThrough: '2026-03-02T11:00Z', cursor: freed }),
      now: '2026-03-02T11:03:00Z',
      want: { actions: [], wake: '11:04:00' },
    },
    'and is written then': {
      given: armed({ ...hourly, now: { startingDeadlineSeconds: 600 }, byHand: (made) => changed(made, { spec: { startingDeadlineSeconds: 60 } }), accountedThrough: '2026-03-02T11:00Z' }),
      now: '2026-03-02T11:06:30Z',
      want: { actions: ['patch: armed [0 * * * *] Etc/UTC floor 00:00:00'] },
    },
    'the history limits are written beside ours': {
      given: armed({ ...hourly, now: { successfulJobsHistoryLimit: 40 } }),
      now: midHour,
      want: { actions: ['patch: armed [0 * * * *] Etc/UTC floor 00:00:00'] },
    },
    'what somebody changed by hand is put right, and told': {
      given: armed({ ...hourly, byHand: (made) => changed(made, { spec: { concurrencyPolicy: 'Forbid' } }) }),
      now: midHour,
      want: { actions: ['patch: armed [0 * * * *] Etc/UTC floor 00:00:00'], conditions: [], events: ['DriftRepaired!'] },
    },
    'a lost label and a lost finalizer are put back': {
      given: armed({ ...hourly, byHand: (made) => changed(made, { metadata: { labels: { mine: 'too' }, finalizers: ['theirs'] } }) }),
      now: midHour,
      want: { actions: ['patch: armed [0 * * * *] Etc/UTC floor 00:00:00'], events: ['DriftRepaired!'] },
    },
    'an expression that somebody changed by hand is parked before anything else': {
      given: armed({ ...hourly, byHand: (made) => changed(made, { spec: { schedule: '* * * * *' } }) }),
      now: midHour,
      want: { actions: ['patch: parked [* * * * *] Etc/UTC floor 10:30:00'], events: ['DriftRepaired!'] },
    },
    'what the API server adds, drops and rewrites is no drift': {
      given: withStatus(
        {
          ...armed(hourly),
          ...(() => {
            const odd = integration({ spec: { container: { image: 'registry.example.com/export:1', args: [], env: [{ name: 'EMPTY', value: '' }], resources: { limits: { cpu: '0.5', memory: '1024Mi' } } } } })
            const owner = schedule({ spec: { schedule: hourly.was } })
            return { integration: odd, cronJob: cronJob(owner, odd, { expression: utc('0 * * * *'), lastScheduleTime: '2026-03-02T10:00Z' }) }
          })(),
        },
        midHour,
      ),
      now: midHour,
      want: { actions: [] },
    },
    'the window of an enabled schedule is replaced once nothing old can come back': {
      given: armed({ was: cron('*/5 * * * *'), expression: '35,40,45,50,55 10 2 3 *', floor: '2026-03-02T10:30Z', lastScheduleTime: '2026-03-02T10:35Z' }),
      now: '2026-03-02T10:35:02Z',
      want: { actions: ['patch: armed [*/5 * * * *] Etc/UTC floor 10:30:00'], events: [] },
    },
    'the window stays as long as the cron would fire what was before the enabling': {
      given: armed({ was: cron('*/5 * * * *'), expression: '40,45,50,55 10 2 3 *', floor: '2026-03-02T10:35:30Z', lastScheduleTime: '2026-03-02T09:00Z' }),
      now: '2026-03-02T10:36:00Z',
      want: { actions: [], wake: '10:40:20' },
    },
    'a window that runs out is replaced in time by the next one': {
      given: armed({
        was: { startDate: '2026-03-01', endDate: '2026-03-04', ...cron('*/10 * * * *') },
        expression: '0,10,20,30,40,50 0-23 2-3 3 *',
        lastScheduleTime: '2026-03-03T23:50Z',
      }),
      now: '2026-03-03T23:51:00Z',
      want: { actions: ['patch: armed [0,10,20,30,40,50 0-9 4 3 *] Etc/UTC floor 00:00:00'] },
    },
    'the cron gives way to a window as soon as one reaches the end': {
      given: armed({ was: { endDate: '2026-03-08', ...cron('0 4 * * *') }, expression: '0 4 * * *', lastScheduleTime: '2026-03-02T04:00Z' }),
      now: '2026-03-02T10:30:00Z',
      want: { actions: ['patch: armed [0 4 3-8 3 *] Etc/UTC floor 00:00:00'] },
    },
    'but not while it errs later than any window': {
      given: armed({ was: { endDate: '2026-04-20', ...cron('0 4 * * *') }, expression: '0 4 * * *', lastScheduleTime: '2026-03-02T04:00Z' }),
      now: '2026-03-02T10:30:00Z',
      want: { actions: [] },
    },
    'a static expression that is about to fire beside the occurrences gives way to a window while there is time': {
      given: armed({ was: { timeZone: 'Europe/Berlin', startTime: '02:30', recurrence: { byDay: {} } }, expression: '30 2 * * *', timeZone: 'Europe/Berlin', lastScheduleTime: '2026-10-25T00:30Z' }),
      now: '2026-10-25T00:50:00Z',
      want: { actions: ['patch: armed [30 1 26-31 10 *] Etc/UTC floor 00:00:00'] },
    },
    'and is parked when there is none': {
      given: armed({ was: { timeZone: 'Europe/Berlin', startTime: '02:30', recurrence: { byDay: {} } }, expression: '30 2 * * *', timeZone: 'Europe/Berlin', lastScheduleTime: '2026-10-25T00:30Z' }),
      now: '2026-10-25T01:29:35Z',
      want: { actions: ['patch: parked [30 2 * * *] Europe/Berlin floor 00:00:00'] },
    },
    'an expression whose next run is more than 360 days away is parked: its date would come again before': {
      given: armed({ was: { startDate: '2026-03-02', startTime: '10:00', recurrence: { byDay: { every: 366 } } }, expression: '0 10 2 3 *', lastScheduleTime: '2026-03-02T10:00Z', jobs: (made) => [job(made, '2026-03-02T10:00Z')] }),
      now: '2026-03-02T10:02:00Z',
      want: { actions: ['patch: parked [0 10 2 3 *] Etc/UTC floor 00:00:00'] },
    },
    'after the last run it is parked': {
      given: armed({ was: { startDate: '2026-03-02', startTime: '10:00', recurrence: { once: {} } }, expression: '0 10 2 3 *', lastScheduleTime: '2026-03-02T10:00Z', jobs: (made) => [job(made, '2026-03-02T10:00Z')] }),
      now: '2026-03-02T10:00:03Z',
      want: { actions: ['patch: parked [0 10 2 3 *] Etc/UTC floor 00:00:00'] },
    },
    'the Job of the last run suffices once it is a minute old, when the controller has not written down that it made it': {
      given: armed({ was: { startDate: '2026-03-02', startTime: '10:00', recurrence: { once: {} } }, expression: '0 10 2 3 *', jobs: (made) => [job(made, '2026-03-02T10:00Z')] }),
      now: '2026-03-02T10:01:00Z',
      want: { actions: ['patch: parked [0 10 2 3 *] Etc/UTC floor 00:00:00'] },
    },
    'before that nothing disturbs the controller': {
      given: armed({ was: { startDate: '2026-03-02', startTime: '10:00', recurrence: { once: {} } }, expression: '0 10 2 3 *', jobs: (made) => [job(made, '2026-03-02T10:00Z')] }),
      now: '2026-03-02T10:00:03Z',
      want: { actions: [], wake: '10:01:00' },
    },
    'a match without a Job is looked at after twenty seconds': {
      given: withStatus(armed(hourly), midHour),
      now: '2026-03-02T11:00:20Z',
      want: { actions: ['look at 11:00'], conditions: [], events: [] },
    },
    'and the controller is reminded of it when there is none': {
      given: withLook(armed(hourly), at11, '2026-03-02T11:00:21Z'),
      now: '2026-03-02T11:00:21Z',
      want: { actions: ['patch: armed [0 * * * *] Etc/UTC floor 00:00:00 nudged 1'] },
    },
    'it is not reminded when the look shows the Job': {
      given: (() => {
        const world = withStatus(armed(hourly), midHour)
        return withLook(world, at11, '2026-03-02T11:00:21Z', job(world.cronJob ?? world.schedule, '2026-03-02T11:00Z'))
      })(),
      now: '2026-03-02T11:00:21Z',
      want: { actions: [], wake: '11:05:00' },
    },
    'also while a change waits for the match to settle': {
      given: withLook(armed({ ...hourly, template: integration({ generation: 2, spec: { retries: 2 } }) }), at11, '2026-03-02T11:00:21Z'),
      now: '2026-03-02T11:00:21Z',
      want: { actions: ['patch: armed [0 * * * *] Etc/UTC floor 00:00:00 nudged 1'] },
    },
    'an occurrence is not missed before nobody can start it any more': {
      given: withStatus(armed({ ...hourly, cursor: freed }), midHour),
      now: '2026-03-02T11:06:30Z',
      want: { actions: [], conditions: ['Ready=True Scheduled', 'Active=True Scheduled'], wake: '11:06:30' },
    },
    'then it is, unless it starts late': {
      given: armed({ ...hourly, now: { missedRunPolicy: 'Skip' } }),
      now: '2026-03-02T11:06:31Z',
      want: { actions: [], conditions: ['Ready=True Scheduled', 'Active=True Scheduled', 'LastRunSucceeded=False RunMissed'], events: ['Scheduled', 'RunMissed!'] },
    },
  })

  it('is nudged three times at most', () => {
    const world = withLook(armed(hourly), at11, '2026-03-02T11:01:30Z')
    const made = world.cronJob ?? world.schedule
    const annotations = made.metadata.annotations ?? {}
    const cursor: JsonObject = JSON.parse(annotations['integration-scheduler.io/cursor'] ?? '{}')
    const nudged = changed(made, { metadata: { annotations: { ...annotations, 'integration-scheduler.io/cursor': JSON.stringify({ ...cursor, nudged: { at: '2026-03-02T11:00:00.000Z', times: 3 } }) } } })
    expect(planned({ ...world, cronJob: nudged }, at('2026-03-02T11:01:31Z')).actions).toEqual([])
  })
})

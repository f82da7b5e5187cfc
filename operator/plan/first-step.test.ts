import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { type World, at, integration, schedule } from '../testing/builders.ts'
import { writesAfter } from '../testing/plan-rows.ts'
import { itPlans } from '../testing/plan-rows.ts'
import { planned } from '../testing/plan-summary.ts'

const now = '2026-03-02T10:00:10Z'

/** A schedule that was created three seconds ago, and nothing else yet. */
function created(given: JsonObject, { suspend, at: created = '2026-03-02T10:00:07Z' }: { readonly suspend?: boolean; readonly at?: string } = {}): World {
  return { schedule: schedule({ created, spec: { schedule: given, ...(suspend === undefined ? {} : { suspend }) } }), integration: integration() }
}

const cron = (expression: string, more: JsonObject = {}) => ({ ...more, recurrence: { cron: expression } })
const once = (date: string, time: string) => ({ startDate: date, startTime: time, recurrence: { once: {} } })

describe('a schedule without a CronJob', () => {
  itPlans({
    'a cron is posted as it is, in its own zone': {
      given: created(cron('30 2 * * 1-5', { timeZone: 'Europe/Berlin' })),
      now,
      want: { actions: ['create armed [30 2 * * 1-5] Europe/Berlin'], conditions: [], events: [] },
    },
    'a cron of every minute can be armed at once: a new CronJob looks at nothing before its creation': {
      given: created(cron('* * * * *')),
      now,
      want: { actions: ['create armed [* * * * *] Etc/UTC'] },
    },
    'a macro stays one': { given: created(cron('@hourly')), now, want: { actions: ['create armed [@hourly] Etc/UTC'] } },
    'daily at a fixed time': {
      given: created({ startTime: '06:15', recurrence: { byDay: {} } }),
      now,
      want: { actions: ['create armed [15 6 * * *] Etc/UTC'] },
    },
    'weekdays are counted from Sunday': {
      given: created({ startTime: '06:15', recurrence: { byWeek: { days: ['Sunday', 'Monday', 'Saturday'] } } }),
      now,
      want: { actions: ['create armed [15 6 * * 0,1,6] Etc/UTC'] },
    },
    'a day of some months': {
      given: created({ startTime: '06:15', recurrence: { byMonth: { day: 28, months: ['October', 'February'] } } }),
      now,
      want: { actions: ['create armed [15 6 28 2,10 *] Etc/UTC'] },
    },
    'every six hours from a start in another zone is a cron in UTC': {
      given: created({ timeZone: 'Asia/Kolkata', startDate: '2026-03-01', startTime: '04:30', recurrence: { byHour: { every: 6 } } }),
      now,
      want: { actions: ['create armed [0 5,11,17,23 * * *] Etc/UTC'] },
    },
    'every twenty minutes': {
      given: created({ startDate: '2026-03-01', startTime: '04:25', recurrence: { byMinute: { every: 20 } } }),
      now,
      want: { actions: ['create armed [5,25,45 * * * *] Etc/UTC'] },
    },
    'one run is a date': { given: created(once('2026-03-02', '18:30')), now, want: { actions: ['create armed [30 18 2 3 *] Etc/UTC'] } },
    'one run that is due in ten seconds is armed for it': {
      given: created(once('2026-03-02', '10:01')),
      now: '2026-03-02T10:00:50Z',
      want: { actions: ['create armed [1 10 2 3 *] Etc/UTC'] },
    },
    'one run that has just passed is parked with its date': {
      given: created(once('2026-03-02', '10:00')),
      now,
      want: { actions: ['create parked [0 10 2 3 *] Etc/UTC'] },
    },
    'one run that is more than 360 days away is parked until it is near': {
      given: created(once('2027-03-01', '10:00')),
      now,
      want: { actions: ['create parked [0 10 1 3 *] Etc/UTC'] },
    },
    'one run in 359 days is armed': { given: created(once('2027-02-24', '10:00')), now, want: { actions: ['create armed [0 10 24 2 *] Etc/UTC'] } },
    'a suspended schedule has a parked CronJob, which holds the name': {
      given: created(cron('0 4 * * *'), { suspend: true }),
      now,
      want: { actions: ['create parked [0 4 * * *] Etc/UTC'] },
    },
    'a start in some days is a window from there on: the cron itself would fire before': {
      given: created(cron('0 4 * * *', { startDate: '2026-03-04' })),
      now,
      want: { actions: ['create armed [0 4 4-31 3 *] Etc/UTC'] },
    },
    'an end in some days is a window up to it': {
      given: created(cron('0 4 * * *', { endDate: '2026-03-05' })),
      now,
      want: { actions: ['create armed [0 4 3-5 3 *] Etc/UTC'] },
    },
    'an end far away is left for later': {
      given: created(cron('0 4 * * *', { endDate: '2026-05-05' })),
      now,
      want: { actions: ['create armed [0 4 * * *] Etc/UTC'] },
    },
    'all runs have been': {
      given: created(cron('0 4 * * *', { startDate: '2026-01-01', endDate: '2026-02-05' })),
      now,
      want: { actions: ['create parked [0 4 * * *] Etc/UTC'] },
    },
    'without its Integration nothing is made, and the status says why': {
      given: { schedule: schedule({ created: '2026-03-02T10:00:05Z' }) },
      now,
      want: {
        actions: [],
        conditions: ['Ready=False IntegrationNotFound', 'Stalled=True IntegrationNotFound', 'Active=False IntegrationNotFound'],
        events: ['IntegrationNotFound!'],
        wake: 'on change',
      },
    },
    'without its Integration, applied together with it a moment ago, nothing is said yet': {
      given: { schedule: schedule({ created: '2026-03-02T10:00:06Z' }) },
      now,
      want: { actions: [], conditions: [], events: [], wake: '10:00:11' },
    },
    'a spec that got past the CRD is answered': {
      given: created({ timeZone: 'Mars/Olympus', recurrence: { cron: '61 * * * *' } }),
      now,
      want: { actions: [], conditions: ['Ready=False InvalidSpec', 'Stalled=True InvalidSpec', 'Active=False InvalidSpec'] },
    },
    'a rule that never comes true is answered': {
      given: created(cron('0 0 30 2 *')),
      now,
      want: { actions: [], conditions: ['Ready=False NoOccurrence', 'Stalled=True NoOccurrence', 'Active=False NoOccurrence'] },
    },
    'every third day is a window of its dates in the same month': {
      given: created({ startDate: '2026-03-01', startTime: '04:30', recurrence: { byDay: { every: 3 } } }),
      now,
      want: { actions: ['create armed [30 4 4,7,10,13,16,19,22,25,28,31 3 *] Etc/UTC'] },
    },
    'every second week is a window in UTC, over the change of clocks as well': {
      given: created({ timeZone: 'Europe/Berlin', startDate: '2026-03-02', startTime: '02:30', recurrence: { byWeek: { every: 2, days: ['Sunday'] } } }),
      now,
      want: { actions: ['create armed [30 1 8,22 3 *] Etc/UTC'] },
    },
    'every 45 minutes is a window of what one expression can say': {
      given: created({ startDate: '2026-03-02', startTime: '00:00', recurrence: { byMinute: { every: 45 } } }),
      now,
      want: { actions: ['create armed [30 10 2 3 *] Etc/UTC'] },
    },
    'the last day of every month is a date': {
      given: created({ startTime: '04:30', recurrence: { byMonth: { day: 31, shortMonth: 'LastDay' } } }),
      now,
      want: { actions: ['create armed [30 4 31 3 *] Etc/UTC'] },
    },
    'a wall time that clocks skip this month is a window that says when it runs instead': {
      given: created({ timeZone: 'Europe/Berlin', startTime: '02:30', recurrence: { byDay: {} } }),
      now,
      want: { actions: ['create armed [30 1 3-29 3 *] Etc/UTC'] },
    },
    'a wall time that no clock skips or repeats is a cron for ever': {
      given: created({ timeZone: 'Europe/Berlin', startTime: '04:30', recurrence: { byDay: {} } }),
      now,
      want: { actions: ['create armed [30 4 * * *] Europe/Berlin'] },
    },
    'a cron that says what Kubernetes does with clocks anyway needs no window': {
      given: created({ timeZone: 'Europe/Berlin', startTime: '02:30', recurrence: { byDay: {} }, dst: { gap: 'Skip', overlap: 'Both' } }),
      now,
      want: { actions: ['create armed [30 2 * * *] Europe/Berlin'] },
    },
    'nothing is done for a schedule that is being deleted': {
      given: { schedule: schedule({ deletionTimestamp: '2026-03-02T10:00:00Z' }), integration: integration() },
      now,
      want: { actions: [], conditions: [], events: [], wake: 'on change' },
    },
  })

  it('costs three writes: the CronJob, the status that tells of it, and the stamp, before which its namespace is looked at', async () => {
    expect((await writesAfter(created(cron('0 4 * * *')), at(now))).all).toEqual(['create cronjobs', 'patch scheduledintegrations status', 'get namespaces', 'patch scheduledintegrations'])
  })

  it('counts from its creation when not more than ten occurrences have passed since, and otherwise what may still start', () => {
    const floorAt = (given: JsonObject, instant: string, change: Partial<World['schedule']['metadata']> = {}) => {
      const world = created(given)
      const owner = { ...world.schedule, metadata: { ...world.schedule.metadata, ...change } }
      return /"floor\\":\\"([^\\]*)/.exec(JSON.stringify(planned({ ...world, schedule: owner }, at(instant)).actions))?.[1]
    }
    expect(floorAt(cron('0 4 * * *'), '2026-03-12T04:00Z')).toBe('2026-03-02T10:00:07.000Z')
    expect(floorAt(cron('0 4 * * *'), '2026-03-13T04:00Z')).toBe('2026-03-13T03:00:00.000Z')
    expect(floorAt(once('2026-03-02', '10:01'), '2028-03-13T04:00Z')).toBe('2026-03-02T10:00:07.000Z')
    expect(floorAt(cron('0 4 * * *'), '2026-03-02T12:00Z', { generation: 2 })).toBe('2026-03-02T12:00:00.000Z')
  })

  it('may fire what came since the creation of the schedule, but not since that of one that was seen before', () => {
    const floorOf = (world: World) => {
      const [action] = planned(world, at(now)).actions
      return /"floor\\":\\"([^\\]*)/.exec(JSON.stringify(action))?.[1]
    }
    const world = created(cron('0 4 * * *'))
    expect(floorOf(world)).toBe('2026-03-02T10:00:07.000Z')
    expect(floorOf({ ...world, schedule: { ...world.schedule, status: { observedGeneration: 1 } } })).toBe('2026-03-02T10:00:10.000Z')
  })
})

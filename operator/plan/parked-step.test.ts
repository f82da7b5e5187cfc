import { describe, expect, it } from 'vitest'
import { formatInstant } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { type World, at, cronJob, integration, job, lease, schedule, withLook } from '../testing/builders.ts'
import { itPlans, withStatus } from '../testing/plan-rows.ts'
import { planned } from '../testing/plan-summary.ts'
import type { Cursor } from './cursor.ts'
import { jobNameAt } from './run-record.ts'

const template = integration()
const heldTerms = { v: 1, overlapPolicy: 'Allow', locks: [], maxWaitSeconds: 3600, startingDeadlineSeconds: 3600, runName: 'nightly', timeZone: 'Etc/UTC', held: true }
const cron = (expression: string) => ({ recurrence: { cron: expression } })
const at11 = jobNameAt('nightly', at('2026-03-02T11:00Z'))

interface ParkedGiven {
  /** The schedule that the CronJob was made from. */
  readonly was?: JsonObject
  readonly wasSuspended?: boolean
  /** What the user has made of it since; with a generation of its own. */
  readonly now?: JsonObject
  readonly expression?: string
  readonly lastScheduleTime?: string
  readonly floor?: string
  readonly cursor?: Partial<Cursor>
  readonly hasNoTemplate?: boolean
  readonly holdsJobs?: boolean
  readonly status?: JsonObject
}

/** A schedule with a parked CronJob, created at the beginning of March. */
function parked(given: ParkedGiven = {}): World {
  const { was = cron('0 * * * *'), wasSuspended = true, floor = '2026-03-02T10:15Z', lastScheduleTime = '2026-03-02T10:00Z' } = given
  const status = { observedGeneration: 1, accountedThrough: formatInstant(at(lastScheduleTime)), ...given.status }
  const before = schedule({ spec: { schedule: was, ...(wasSuspended ? { suspend: true } : {}) }, status })
  const made = cronJob(before, template, {
    created: '2026-03-01T00:00Z',
    expression: { schedule: given.expression ?? '0 * * * *', timeZone: 'Etc/UTC' },
    suspend: true,
    floor,
    lastScheduleTime,
    ...(given.cursor === undefined ? {} : { cursor: given.cursor }),
  })
  const held = { ...made, spec: { ...made.spec, jobTemplate: { metadata: { annotations: { 'integration-scheduler.io/gate': JSON.stringify(heldTerms) } }, spec: { suspend: true } } } }
  return {
    schedule: given.now === undefined ? before : schedule({ generation: 2, spec: { schedule: was, ...given.now }, status }),
    integration: given.hasNoTemplate === true ? undefined : template,
    cronJob: given.holdsJobs === true ? held : made,
    lease,
  }
}

/** Parked at 10:59:50 because of a suspend, ten seconds before a match. */
const suspendedBefore11: ParkedGiven = {
  floor: '2026-03-02T10:59:50Z',
  cursor: { parkedAt: at('2026-03-02T10:59:50Z'), untoldAfter: at('2026-03-02T10:00Z') },
}

describe('a parked CronJob', () => {
  itPlans({
    'of a suspended schedule stays as it is': {
      given: withStatus(parked(), '2026-03-02T10:30:00Z'),
      now: '2026-03-02T12:30:00Z',
      want: { actions: [], conditions: ['Ready=True Suspended', 'Active=False Suspended'], events: [], wake: 'on change' },
    },
    'that is enabled is armed with a window where the cron would fire what is past': {
      given: parked({ now: {} }),
      now: '2026-03-02T11:02:00Z',
      want: { actions: ['patch: armed [0 12-23 2 3 *] Etc/UTC floor 11:02:00'] },
    },
    'that is enabled far from any match gets the cron itself': {
      given: parked({ now: {} }),
      now: '2026-03-02T11:30:00Z',
      want: { actions: ['patch: armed [0 * * * *] Etc/UTC floor 11:30:00'] },
    },
    'of every minute needs a window first': {
      given: parked({ was: cron('* * * * *'), expression: '* * * * *', now: {} }),
      now: '2026-03-02T11:30:10Z',
      want: { actions: ['patch: armed [31-59 11 2 3 *] Etc/UTC floor 11:30:10'] },
    },
    'that is enabled ten seconds before a match is armed for it': {
      given: parked({ was: cron('* * * * *'), expression: '* * * * *', now: {} }),
      now: '2026-03-02T11:30:50Z',
      want: { actions: ['patch: armed [31-59 11 2 3 *] Etc/UTC floor 11:30:50'] },
    },
    'that was edited while it is suspended carries the new expression': {
      given: parked({ now: { suspend: true, schedule: cron('5 4 * * *') } }),
      now: '2026-03-02T11:02:00Z',
      want: { actions: ['patch: parked [5 4 * * *] Etc/UTC floor 11:02:00'], conditions: [] },
    },
    'that somebody changed by hand is put right': {
      given: (() => {
        const world = parked()
        return { ...world, cronJob: world.cronJob && { ...world.cronJob, spec: { ...world.cronJob.spec, schedule: '* * * * *', startingDeadlineSeconds: 5 } } }
      })(),
      now: '2026-03-02T11:02:00Z',
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 11:02:00'] },
    },
    'whose schedule became invalid holds Jobs that are made by hand': {
      given: parked({ hasNoTemplate: true }),
      now: '2026-03-02T11:02:00Z',
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC holding Jobs floor 11:02:00'] },
    },
    'of an invalid schedule stays as it is': {
      given: withStatus(parked({ hasNoTemplate: true, holdsJobs: true, cursor: { enabled: false } }), '2026-03-02T11:02:00Z'),
      now: '2026-03-02T11:02:00Z',
      want: { actions: [], conditions: ['Ready=False IntegrationNotFound', 'Stalled=True IntegrationNotFound', 'Active=False IntegrationNotFound'], events: [] },
    },
    'is armed again when the Integration is back': {
      given: parked({ wasSuspended: false, holdsJobs: true, cursor: { enabled: false } }),
      now: '2026-03-02T11:30:00Z',
      want: { actions: ['patch: armed [0 * * * *] Etc/UTC floor 11:30:00'] },
    },
    'of a suspended schedule holds no Jobs any more when the Integration is back': {
      given: parked({ holdsJobs: true, cursor: { enabled: false } }),
      now: '2026-03-02T11:30:00Z',
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 11:30:00'] },
    },
    'with a run in flight waits until nothing can start any more': {
      given: parked(suspendedBefore11),
      now: '2026-03-02T11:01:19Z',
      want: { actions: [], conditions: ['Ready=False Progressing', 'Reconciling=True Progressing', 'Active=False Suspended'], wake: '11:01:20' },
    },
    'then looks for its Job': {
      given: parked(suspendedBefore11),
      now: '2026-03-02T11:01:20Z',
      want: { actions: ['look at 11:00'] },
    },
    'a look that is older does not count': {
      given: withLook(parked(suspendedBefore11), at11, '2026-03-02T11:00:20Z'),
      now: '2026-03-02T11:01:21Z',
      want: { actions: ['look at 11:00'] },
    },
    'and records that it was skipped when there is none': {
      given: withLook(parked(suspendedBefore11), at11, '2026-03-02T11:01:20Z'),
      now: '2026-03-02T11:01:21Z',
      want: { actions: [], events: ['RunSkipped!'], wake: '11:01:22' },
    },
    'but not when there is one': {
      given: (() => {
        const world = parked(suspendedBefore11)
        return withLook(world, at11, '2026-03-02T11:01:20Z', world.cronJob && job(world.cronJob, '2026-03-02T11:00Z'))
      })(),
      now: '2026-03-02T11:01:21Z',
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 11:01:21'] },
    },
    'nor when the controller has written that it fired it': {
      given: parked({ ...suspendedBefore11, lastScheduleTime: '2026-03-02T11:00Z' }),
      now: '2026-03-02T11:01:21Z',
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 11:01:21'] },
    },
    'that is enabled before it is decided notes that, and waits on': {
      given: parked({ ...suspendedBefore11, now: {} }),
      now: '2026-03-02T11:00:05Z',
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 11:00:05 undecided'] },
    },
    'fires what came between the enabling and the decision, late but once': {
      given: parked({
        was: cron('* * * * *'),
        expression: '* * * * *',
        wasSuspended: false,
        floor: '2026-03-02T11:00:05Z',
        lastScheduleTime: '2026-03-02T11:00Z',
        cursor: { parkedAt: at('2026-03-02T10:59:50Z'), untoldAfter: at('2026-03-02T11:00Z') },
      }),
      now: '2026-03-02T11:01:20Z',
      want: { actions: ['patch: armed [* * * * *] Etc/UTC floor 11:00:05'] },
    },
    'that somebody suspended by hand is left so': {
      given: parked({ wasSuspended: false, cursor: { suspend: false } }),
      now: '2026-03-02T11:30:00Z',
      want: { actions: [], conditions: ['Ready=True SuspendedOutOfBand', 'Active=False SuspendedOutOfBand'], events: ['SuspendedOutOfBand!'], wake: 'on change' },
    },
    'also when the schedule is edited': {
      given: parked({ wasSuspended: false, cursor: { suspend: false }, now: { schedule: cron('7 * * * *') } }),
      now: '2026-03-02T11:30:00Z',
      want: { actions: [], conditions: ['Ready=True SuspendedOutOfBand', 'Active=False SuspendedOutOfBand'] },
    },
    'is taken back when the schedule is suspended as well': {
      given: parked({ wasSuspended: false, cursor: { suspend: false }, now: { suspend: true } }),
      now: '2026-03-02T11:30:00Z',
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 11:30:00 undecided'] },
    },
    'whose only run is over is completed': {
      given: withStatus(
        parked({ was: { startDate: '2026-03-02', startTime: '10:00', recurrence: { once: {} } }, wasSuspended: false, expression: '0 10 2 3 *' }),
        '2026-03-02T11:30:00Z',
      ),
      now: '2026-03-02T11:30:00Z',
      want: { actions: [], conditions: ['Ready=True Completed', 'Active=False Completed'], events: [], wake: 'on change' },
    },
    'whose only time had passed before it was created has expired': {
      given: parked({ was: { startDate: '2026-02-02', startTime: '10:00', recurrence: { once: {} } }, wasSuspended: false, expression: '0 10 2 2 *' }),
      now: '2026-03-02T11:30:00Z',
      want: { actions: [], conditions: ['Ready=True Expired', 'Active=False Expired'], events: ['Expired'] },
    },
    'whose next run is more than 360 days away rests, and wakes by itself': {
      given: parked({ was: { startDate: '2027-08-01', startTime: '10:00', recurrence: { once: {} } }, wasSuspended: false, expression: '0 10 1 8 *' }),
      now: '2026-03-02T11:30:00Z',
      want: { actions: [], conditions: ['Ready=True Scheduled', 'Active=True Scheduled'], wake: '10:00:00' },
    },
    'is armed 360 days before it': {
      given: parked({ was: { startDate: '2027-08-01', startTime: '10:00', recurrence: { once: {} } }, wasSuspended: false, expression: '0 10 1 8 *' }),
      now: '2026-08-06T10:00:00Z',
      want: { actions: ['patch: armed [0 10 1 8 *] Etc/UTC floor 09:59:00'] },
    },
  })

  it('tells of everything that its controller had missed before the park, and skips only what could still have started', () => {
    const world = withLook(
      parked({
        was: cron('*/5 * * * *'),
        expression: '*/5 * * * *',
        floor: '2026-03-02T10:59:50Z',
        lastScheduleTime: '2026-03-02T10:40Z',
        cursor: { parkedAt: at('2026-03-02T10:59:50Z'), untoldAfter: at('2026-03-02T10:40Z') },
      }),
      at11,
      '2026-03-02T11:01:20Z',
    )
    const runs = planned(world, at('2026-03-02T11:01:21Z')).status?.status['runs']
    expect(runs).toMatchObject([
      { scheduledTime: '2026-03-02T11:00:00Z', outcome: 'Skipped', reason: 'Suspended' },
      { scheduledTime: '2026-03-02T10:55:00Z', outcome: 'Missed', reason: 'NotStarted' },
      { scheduledTime: '2026-03-02T10:50:00Z', outcome: 'Missed' },
      { scheduledTime: '2026-03-02T10:45:00Z', outcome: 'Missed' },
    ])
  })

  it('says why the run in flight was skipped', () => {
    const reasonOf = (given: ParkedGiven) => planned(withLook(parked({ ...suspendedBefore11, ...given }), at11, '2026-03-02T11:01:20Z'), at('2026-03-02T11:01:21Z')).status?.status['lastRun']
    expect(reasonOf({})).toMatchObject({ outcome: 'Skipped', reason: 'Suspended' })
    expect(reasonOf({ was: cron('30 * * * *'), wasSuspended: false })).toMatchObject({ outcome: 'Skipped', reason: 'Edited' })
    expect(reasonOf({ hasNoTemplate: true, cursor: { ...suspendedBefore11.cursor, enabled: false } })).toMatchObject({ outcome: 'Skipped', reason: 'NotReady' })
  })
})

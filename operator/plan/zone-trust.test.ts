import { describe, expect, it } from 'vitest'
import { formatInstant } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { type World, at, cronJob, integration, lease, objectsOf, observation, schedule } from '../testing/builders.ts'
import { itPlans } from '../testing/plan-rows.ts'
import { summaryOf } from '../testing/plan-summary.ts'
import { VirtualCluster } from '../testing/virtual-cluster.ts'
import { planSchedule } from './schedule.ts'
import type { Cursor } from './cursor.ts'

const template = integration()
const hourlyInBerlin = { timeZone: 'Europe/Berlin', recurrence: { cron: '0 10-20 * * *' } }

interface Given {
  readonly lastScheduleTime?: string
  readonly accountedThrough?: string
  readonly schedule?: JsonObject
  readonly expression?: string
  readonly zone?: string
  readonly cursor?: Partial<Cursor>
  readonly suspend?: boolean
}

/** A CronJob of every hour of a Berlin day whose last run was told. 12:00 in Berlin is 11:00 in UTC. */
function world(given: Given = {}): World {
  const { lastScheduleTime = '2026-03-02T10:00Z', zone = 'Europe/Berlin', expression = '0 10-20 * * *' } = given
  const status = { observedGeneration: 1, accountedThrough: formatInstant(at(given.accountedThrough ?? lastScheduleTime)) }
  const owner = schedule({ spec: { schedule: given.schedule ?? hourlyInBerlin, missedRunPolicy: 'Skip', ...(given.suspend === true ? { suspend: true } : {}) }, status })
  const freed = { nudged: { at: at('2026-03-02T12:00Z'), times: 4 } }
  const made = cronJob(owner, template, { expression: { schedule: expression, timeZone: zone }, lastScheduleTime, floor: '2026-03-01T00:00Z', cursor: { ...freed, ...given.cursor } })
  return { schedule: owner, integration: template, cronJob: made, lease }
}

const window = 'patch: armed [0 11-19 2 3 *] Etc/UTC floor 00:00:00'

describe('a controller that fired at a time that neither the schedule nor the expression says', () => {
  itPlans({
    'is told when in UTC from now on, with a warning': { given: world({ lastScheduleTime: '2026-03-02T09:30Z', accountedThrough: '2026-03-02T10:00Z' }), now: '2026-03-02T10:30:00Z', want: { actions: [window], events: ['TimeZoneDataMismatch!'] } },
    'is trusted when it fired what the schedule says': { given: world(), now: '2026-03-02T10:30:00Z', want: { actions: [] } },
    'is trusted when that was at the last change': { given: world({ lastScheduleTime: '2026-03-01T00:01Z' }), now: '2026-03-01T00:05:00Z', want: { actions: [] } },
    'is trusted with an expression in UTC': { given: world({ lastScheduleTime: '2026-03-02T09:30Z', zone: 'Etc/UTC', schedule: { recurrence: { cron: '0 10-20 * * *' } } }), now: '2026-03-02T09:35:00Z', want: { actions: [] } },
  })

  it('is distrusted for as long as the schedule stays as it is', () => {
    const given = world({ cursor: { distrusted: 'Europe/Berlin' }, expression: '0 11-19 2 3 *', zone: 'Etc/UTC' })
    expect(summaryOf(given, at('2026-03-02T10:30:00Z'))).toMatchObject({ actions: [] })
    const edited = { ...given, schedule: schedule({ generation: 2, spec: { schedule: { ...hourlyInBerlin, endDate: '2030-01-01' } }, status: { observedGeneration: 1, accountedThrough: '2026-03-02T10:00:00Z' } }) }
    expect(summaryOf(edited, at('2026-03-02T10:30:00Z')).actions).toEqual(['patch: armed [0 10-20 * * *] Europe/Berlin floor 10:30:00'])
  })
})

describe('a controller that fires nothing in a zone', () => {
  const plan = (given: World, now: string, hasControllerFired: boolean) => planSchedule({ ...observation(given), hasControllerFired: () => hasControllerFired }, at(now))
  const missing = world({ accountedThrough: '2026-03-02T12:00Z' })
  const reasons = (given: World, now: string, isAlive: boolean) => plan(given, now, isAlive).events.map(({ reason }) => reason)

  it('is told when in UTC after two occurrences in a row, if it has fired others since', () => {
    expect(reasons(missing, '2026-03-02T12:07:00Z', true)).toContain('TimeZoneDataMismatch')
    expect(reasons(missing, '2026-03-02T12:07:00Z', false)).not.toContain('TimeZoneDataMismatch')
    expect(reasons(missing, '2026-03-02T12:05:00Z', true)).not.toContain('TimeZoneDataMismatch')
  })

  it('is asked about others in the cluster: one that fired later says that it is there', async () => {
    const other = cronJob(schedule({ name: 'other', uid: 'other-uid' }), template, { expression: { schedule: '0 * * * *', timeZone: 'Etc/UTC' }, lastScheduleTime: '2026-03-02T12:00Z', uid: 'other-cj' })
    const cluster = await VirtualCluster.started({ now: at('2026-03-02T12:07:00Z') }, [...objectsOf(world()), ['cronjobs', { ...other, metadata: { ...other.metadata, ownerReferences: [] } }]])
    await cluster.runFor(5_000)
    expect(cluster.operator.events.map(({ reason }) => reason)).toContain('TimeZoneDataMismatch')
  })
})

import { describe, expect, it } from 'vitest'
import { formatInstant } from '../model/instant.ts'
import { type World, at, cronJob, integration, job, lease, schedule, withLook } from '../testing/builders.ts'
import { itPlans } from '../testing/plan-rows.ts'
import { summaryOf } from '../testing/plan-summary.ts'
import { jobNameAt } from './run-record.ts'

const template = integration()

interface Given {
  readonly cron?: string
  readonly lastScheduleTime?: string
  readonly accountedThrough?: string
  readonly nudged?: { readonly at: string; readonly times: number }
  readonly jobs?: readonly string[]
  /** Seconds. */
  readonly deadline?: number
}

/** Missed runs are not made up for: only what is written to the CronJob matters here. */
function world({ cron = '0 * * * *', lastScheduleTime = '2026-03-02T10:00Z', accountedThrough = lastScheduleTime, nudged, jobs = [], deadline }: Given): World {
  const status = { observedGeneration: 1, accountedThrough: formatInstant(at(accountedThrough)) }
  const owner = schedule({ spec: { schedule: { recurrence: { cron } }, missedRunPolicy: 'Skip', ...(deadline !== undefined && { startingDeadlineSeconds: deadline }) }, status })
  const cursor = nudged === undefined ? {} : { nudged: { at: at(nudged.at), times: nudged.times } }
  const made = cronJob(owner, template, { expression: { schedule: cron, timeZone: 'Etc/UTC' }, lastScheduleTime, cursor })
  return { schedule: owner, integration: template, cronJob: made, jobs: jobs.map((time) => job(made, time)), lease }
}

const eleven = '2026-03-02T11:00Z'
const at11 = jobNameAt('nightly', at(eleven))
const reminded = (times: number): Given => ({ nudged: { at: '2026-03-02T11:00Z', times } })
const armed = 'patch: armed [0 * * * *] Etc/UTC floor 00:00:00'

describe('a controller that has not written down a match', () => {
  itPlans({
    'is reminded when one more look shows no Job': { given: withLook(world({}), at11, '2026-03-02T11:00:21Z'), now: '2026-03-02T11:00:21Z', want: { actions: [`${armed} nudged 1`] } },
    'is not reminded again for twenty seconds': { given: world(reminded(1)), now: '2026-03-02T11:00:25Z', want: { actions: [], wake: '11:00:40' } },
    'is not reminded a fourth time': { given: world(reminded(3)), now: '2026-03-02T11:01:30Z', want: { actions: [], wake: '11:05:00' } },
    'is freed from backing off once it is out of time': { given: world({ ...reminded(3), accountedThrough: eleven }), now: '2026-03-02T11:05:01Z', want: { actions: [`${armed} nudged 4`] } },
    'is freed also when it has made the Job and could not write that down': { given: world({ jobs: ['2026-03-02T11:00Z'] }), now: '2026-03-02T11:05:01Z', want: { actions: [`${armed} nudged 4`] } },
    'is freed once': { given: world({ ...reminded(4), accountedThrough: eleven }), now: '2026-03-02T11:10:00Z', want: { actions: [], wake: '12:00:20' } },
    'is not freed when it has written down what came later': { given: world({ lastScheduleTime: eleven }), now: '2026-03-02T11:05:01Z', want: { actions: [], wake: '12:00:20' } },
    'is not freed just before the next match': { given: world({ cron: '0,6 * * * *', accountedThrough: eleven }), now: '2026-03-02T11:05:35Z', want: { actions: [], wake: '11:06:05' } },
  })

  it('is reminded when half of a short deadline is over', () => {
    const given = world({ cron: '* * * * *', lastScheduleTime: '2026-03-02T10:00Z', deadline: 10 })
    expect(summaryOf(given, at('2026-03-02T10:01:04Z'))).toMatchObject({ actions: [], wake: '10:01:05' })
    expect(summaryOf(given, at('2026-03-02T10:01:05Z')).actions).toEqual(['look at 10:01'])
    expect(summaryOf(withLook(given, jobNameAt('nightly', at('2026-03-02T10:01Z')), '2026-03-02T10:01:05Z'), at('2026-03-02T10:01:05Z')).actions).toEqual([expect.stringContaining('nudged 1')])
  })

  it('is reminded five seconds after the next match, if it may still be backing off by then', () => {
    const given = world({ cron: '* * * * *', accountedThrough: '2026-03-02T10:01Z', nudged: { at: '2026-03-02T10:01Z', times: 3 } })
    expect(summaryOf(given, at('2026-03-02T10:01:50Z'))).toMatchObject({ actions: [], wake: '10:01:59' })
    expect(summaryOf(given, at('2026-03-02T10:02:05Z')).actions).toEqual(['look at 10:02'])
    const freed = world({ cron: '* * * * *', accountedThrough: '2026-03-02T10:01Z', nudged: { at: '2026-03-02T10:01Z', times: 4 } })
    expect(summaryOf(freed, at('2026-03-02T10:02:05Z'))).toMatchObject({ actions: [], wake: '10:02:20' })
  })
})

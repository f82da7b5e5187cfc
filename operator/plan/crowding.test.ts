import { describe, expect, it } from 'vitest'
import { day, formatInstant, hour } from '../model/instant.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import { at } from '../testing/builders.ts'
import { closeRuns, ownCrowding, sharedCrowding } from './crowding.ts'
import { ruleOf } from './schedule-rule.ts'

const now = at('2026-03-02T10:00Z')
const cron = (expression: string, more: Partial<Schedule> = {}): Schedule => ({ ...more, recurrence: { cron: expression } })

function rule(schedule: Schedule) {
  const checked = ruleOf(schedule)
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  return checked.value
}

const streams = (...schedules: readonly Schedule[]) => schedules.map((schedule, index) => ({ name: `s${index}`, occurrences: rule(schedule).occurrences }))
const shown = (schedules: readonly Schedule[], instant = now) => {
  const found = closeRuns(streams(...schedules), instant)
  return found && [formatInstant(found.first), formatInstant(found.second)]
}

describe('runs are close', () => {
  it.each<[string, readonly Schedule[], boolean]>([
    ['every five minutes', [cron('*/5 * * * *')], true],
    ['fourteen minutes apart, once a week', [cron('0,14 3 * * 1')], true],
    ['but not a quarter of an hour apart', [cron('0,15 3 * * *')], false],
    ['nor at the ends of an hour that has no neighbour', [cron('0,55 3 * * *')], false],
    ['of two schedules', [cron('30 2 * * *'), cron('40 2 * * 3')], true],
    ['at the same minute', [cron('30 2 * * *'), cron('30 2 * * *')], true],
    ['over midnight', [cron('55 23 * * *'), cron('5 0 * * *')], true],
    ['but not on other days', [cron('30 2 * * 1'), cron('40 2 * * 3')], false],
    ['nor those of one among several, which tells of its own', [cron('*/5 3 * * *'), cron('0 12 * * *')], false],
    ['nor later than in thirty days', [cron('0,5 3 20 4 *')], false],
    ['nor before the schedule begins', [cron('*/5 * * * *', { startDate: '2026-05-01' })], false],
  ])('%s', (_name, schedules, want) => expect(shown(schedules) !== undefined).toBe(want))

  it('and the dates that are told stay the same for thirty days', () => {
    const dates = new Set(Array.from({ length: 30 * 24 }, (_unused, hours) => String(shown([cron('*/5 3 * * *')], now + hours * hour))))
    expect(dates.size).toBe(2)
  })

  it('and they are no longer told when the last of them has been', () => {
    expect(shown([cron('0,5 3 20 3 *')], at('2026-03-20T02:00Z'))).toEqual(['2026-03-20T03:00:00Z', '2026-03-20T03:05:00Z'])
    expect(shown([cron('0,5 3 20 3 *')], at('2026-03-20T03:05Z'))).toBeUndefined()
  })
})

describe('the condition', () => {
  it('of a schedule names two of its runs', () => {
    expect(ownCrowding(rule(cron('*/5 3 * * *')), now)).toMatchObject({ type: 'Crowded', status: 'True', reason: 'RunsTooClose', message: expect.stringMatching(/^its runs come closer than 15 minutes, such as \S+Z and \S+Z: all of them run/) })
    expect(ownCrowding(rule(cron('0 3 * * *')), now)).toBeUndefined()
  })

  it('is looked up anew on another day', () => {
    const ending = rule(cron('*/5 3 * * *', { endDate: '2026-03-20' }))
    expect(ownCrowding(ending, now)).toBeDefined()
    expect(ownCrowding(ending, now + 30 * day)).toBeUndefined()
  })

  it('of an Integration names two of its schedules', () => {
    expect(sharedCrowding(streams(cron('30 2 * * *'), cron('40 2 * * *')), now)).toMatchObject({ message: expect.stringMatching(/^runs of its schedules s0 and s1 come closer/) })
    expect(sharedCrowding(streams(cron('*/5 2 * * *')), now)).toBeUndefined()
  })
})

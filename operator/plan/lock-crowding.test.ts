import { describe, expect, it } from 'vitest'
import { day, formatInstant, minute } from '../model/instant.ts'
import type { LockTerms } from '../model/run-terms.ts'
import { at, integration, schedule } from '../testing/builders.ts'
import { objectOf, objectsIn, textOf } from '../testing/json-reading.ts'
import { VirtualCluster } from '../testing/virtual-cluster.ts'
import { type LockUser, collisionsOf, lockCrowding } from './lock-crowding.ts'
import { ruleOf } from './schedule-rule.ts'

const now = at('2026-03-02T10:00Z')
const file: LockTerms = { name: 'sftp/people.csv', mode: 'Exclusive' }
const shared: LockTerms = { ...file, mode: 'Shared' }

function user(name: string, cron: string, { locks = [file], timeout = 15 * minute }: Partial<LockUser> = {}): LockUser {
  const rule = ruleOf({ recurrence: { cron } })
  if (!rule.ok) throw new Error(JSON.stringify(rule.problems))
  return { name, rule: rule.value, locks, timeout }
}

const named = (users: readonly LockUser[], instant = now) => [...collisionsOf(users, instant).keys()].toSorted()
const told = (users: readonly LockUser[], name: string, instant = now) => {
  const collision = collisionsOf(users, instant).get(name)
  return collision && `${collision.lock}: ${collision.earlier.name} ${formatInstant(collision.earlier.at)}, ${collision.later.name} ${formatInstant(collision.later.at)}`
}

describe('two schedules that share a lock collide', () => {
  it.each<[string, readonly LockUser[], readonly string[]]>([
    ['in the same minute', [user('a', '30 2 * * *'), user('b', '30 2 * * *')], ['a', 'b']],
    ['within the time limit of the earlier one', [user('a', '30 2 * * *', { timeout: 61 * minute }), user('b', '30 3 * * *', { timeout: minute })], ['a', 'b']],
    ['not within that of the later one only', [user('a', '30 2 * * *', { timeout: minute }), user('b', '30 3 * * *', { timeout: 61 * minute })], []],
    ['not when the earlier one must be over', [user('a', '30 2 * * *'), user('b', '45 2 * * *')], []],
    ['over midnight', [user('a', '55 23 * * *'), user('b', '5 0 * * *')], ['a', 'b']],
    ['not on other days', [user('a', '30 2 * * 1'), user('b', '35 2 * * 3')], []],
    ['not later than in thirty days', [user('a', '30 2 20 4 *'), user('b', '35 2 20 4 *')], []],
    ['when only one of them wants it alone', [user('a', '30 2 * * *', { locks: [shared] }), user('b', '30 2 * * *')], ['a', 'b']],
    ['not when both share it', [user('a', '30 2 * * *', { locks: [shared] }), user('b', '30 2 * * *', { locks: [shared] })], []],
    ['not over different locks', [user('a', '30 2 * * *'), user('b', '30 2 * * *', { locks: [{ name: 'other', mode: 'Exclusive' }] })], []],
    ['not with themselves', [user('a', '*/5 * * * *')], []],
    ['and a third one with one of them', [user('a', '30 2 * * *', { locks: [shared] }), user('b', '30 2 * * *', { locks: [shared] }), user('c', '40 2 * * 5')], ['a', 'b', 'c']],
  ])('%s', (_name, users, want) => expect(named(users)).toEqual(want))

  it('for the first time, over the lock, at the dates that are told', () => {
    const users = [user('a', '30 2 * * *'), user('b', '40 2 * * 3', { locks: [{ name: 'other', mode: 'Exclusive' }, file] })]
    expect(told(users, 'a')).toBe('sftp/people.csv: a 2026-02-11T02:30:00Z, b 2026-02-11T02:40:00Z') // a period began on 6 February
    expect(told(users, 'b')).toBe(told(users, 'a'))
  })

  it('and the dates stay the same for thirty days', () => {
    const users = [user('a', '30 2 * * *'), user('b', '40 2 * * *')]
    expect(new Set(Array.from({ length: 30 }, (_unused, days) => told(users, 'a', now + days * day))).size).toBe(2)
  })

  it('and is said in the words of each', () => {
    const collision = collisionsOf([user('a', '30 2 * * *'), user('b', '40 2 * * *')], now).get('a')
    const said = (name: string) => collision && lockCrowding(collision, name)
    expect(said('a')).toMatchObject({ type: 'Crowded', status: 'True', reason: 'LockShared', message: expect.stringMatching(/^it shares the lock sftp\/people\.csv with b, and their runs come closer than 15 minutes: a runs at \S+Z and b at \S+Z, so one may have to wait/) })
    expect(said('b')?.message).toContain('with a, and')
  })
})

describe('the status of a schedule', () => {
  const spec = (name: string, cron: string) => ({ integrationRef: { name }, schedule: { recurrence: { cron } } })
  const crowdedOf = ({ server }: VirtualCluster, name: string) =>
    objectsIn(objectOf(server.get('scheduledintegrations', name)?.status).conditions).filter(({ type }) => type === 'Crowded').map(({ reason, message }) => `${textOf(reason)}: ${textOf(message)}`)

  it('tells of it, and no longer when the other one is at another time', async () => {
    const cluster = new VirtualCluster({ now })
    for (const name of ['export', 'import']) cluster.put('integrations', integration({ name, spec: { locks: [file] } }))
    cluster.put('scheduledintegrations', schedule({ name: 'a', spec: spec('export', '30 2 * * *') }))
    cluster.put('scheduledintegrations', schedule({ name: 'b', spec: spec('import', '40 2 * * *') }))
    cluster.operator.start()
    await cluster.runFor(minute)
    expect(crowdedOf(cluster, 'a')).toEqual([expect.stringMatching(/^LockShared: it shares the lock sftp\/people\.csv with b, /)])
    expect(crowdedOf(cluster, 'b')).toEqual([expect.stringMatching(/^LockShared: it shares the lock sftp\/people\.csv with a, /)])
    cluster.edit('scheduledintegrations', 'b', () => spec('import', '30 4 * * *'))
    await cluster.runFor(minute)
    expect([crowdedOf(cluster, 'a'), crowdedOf(cluster, 'b')]).toEqual([[], []])
    expect(cluster.operator.bugs).toEqual([])
  })

  it('tells in one condition of its own runs as well', async () => {
    const cluster = new VirtualCluster({ now })
    cluster.put('integrations', integration({ spec: { locks: [file] } }))
    cluster.put('scheduledintegrations', schedule({ name: 'a', spec: spec('export', '*/5 2 * * *') }))
    cluster.put('scheduledintegrations', schedule({ name: 'b', spec: spec('export', '40 2 * * *') }))
    cluster.operator.start()
    await cluster.runFor(minute)
    expect(crowdedOf(cluster, 'a')).toEqual([expect.stringMatching(/^RunsTooClose: its runs come closer than 15 minutes.*; it shares the lock/)])
  })
})

describe('many schedules', () => {
  it('of which all collide at once are not looked at for a month', () => {
    let asked = 0
    const users = Array.from({ length: 500 }, (_unused, index) => {
      const one = user(`s${index}`, '*/5 * * * *')
      const { occurrences } = one.rule
      return { ...one, rule: { ...one.rule, occurrences: { ...occurrences, next: (after: number) => (asked++, occurrences.next(after)) } } }
    })
    expect(collisionsOf(users, now).size).toBe(500)
    expect(asked).toBeLessThan(500 * 2 * 15)
  })

  it('of which one never collides are looked at for as long as is reasonable', () => {
    let asked = 0
    const users = Array.from({ length: 20 }, (_unused, index) => {
      const one = user(`s${index}`, index === 0 ? '7 0 31 12 *' : '*/5 * * * *')
      const { occurrences } = one.rule
      return { ...one, rule: { ...one.rule, occurrences: { ...occurrences, next: (after: number) => (asked++, occurrences.next(after)) } } }
    })
    expect(collisionsOf(users, now).size).toBe(19)
    expect(asked).toBeLessThan(60_000)
  })
})

import { describe, expect, it } from 'vitest'
import { hour, minute } from '../model/instant.ts'
import { at } from '../testing/builders.ts'
import { matchesIn, nativeDeadline } from './timing.ts'

describe('the native deadline', () => {
  it.each([
    ['is five minutes at most', hour, 3_600, 300],
    ['is no longer than the user wants', hour, 120, 120],
    ['but never so short that the controller, which looks every ten seconds, could miss a run', hour, 5, 10],
    ['leaves two and a half minutes before the next match', 5 * minute, 3_600, 150],
    ['does so from four minutes on', 4 * minute, 3_600, 90],
    ['is just below a smaller gap', 3 * minute, 3_600, 179],
    ['of every minute lets one match be due at a time', minute, 3_600, 59],
  ])('%s', (_name, gap, deadline, want) => expect(nativeDeadline(gap, deadline)).toBe(want))
})

describe('matches', () => {
  const hourly = { schedule: '0 * * * *', timeZone: 'Etc/UTC' }
  it('are those after one instant, up to another that counts', () => {
    expect(matchesIn(hourly, at('2026-03-02T10:00Z'), at('2026-03-02T12:00Z'))).toEqual([at('2026-03-02T11:00Z'), at('2026-03-02T12:00Z')])
  })
  it('are the newest ones where a limit is set', () => {
    expect(matchesIn(hourly, at('2026-03-02T10:00Z'), at('2026-03-02T15:30Z'), 2)).toEqual([at('2026-03-02T14:00Z'), at('2026-03-02T15:00Z')])
  })
  it('of nonsense are none', () => {
    expect(matchesIn({ schedule: 'nonsense', timeZone: 'Etc/UTC' }, 0, at('2026-03-02T15:30Z'))).toEqual([])
  })
})

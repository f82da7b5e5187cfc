import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { day, formatInstant, hour, minute } from './instant.ts'
import { timeZoneNames } from './time-zone-names.ts'
import { instantsOfLocal, isTimeZone, likelyTimeZone, offsetAt, segmentAt, transitionsBetween } from './time-zone.ts'

const zones = [
  'Etc/UTC', 'Asia/Kolkata', 'Asia/Kathmandu', 'Europe/Berlin', 'Europe/Dublin', 'America/New_York', 'America/St_Johns', 'America/Sao_Paulo',
  'Australia/Lord_Howe', 'Pacific/Chatham', 'Pacific/Apia', 'Africa/Casablanca', 'Africa/Cairo', 'Antarctica/Troll', 'Asia/Gaza',
] as const
const anyZone = fc.constantFrom(...zones)
const anyInstant = fc.integer({ min: Date.UTC(1970, 0) / minute, max: Date.UTC(2150, 0) / minute }).map(minutes => minutes * minute)

const fieldFormats = new Map(zones.map(zone => [zone, new Intl.DateTimeFormat('en-US', {
  timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
})]))

/** What the wall clock shows, read field by field: another way to the offset than the one under test. */
function wallTime(zone: (typeof zones)[number], instant: number): number {
  const parts = fieldFormats.get(zone)?.formatToParts(instant) ?? []
  const field = (type: string) => Number(parts.find(part => part.type === type)?.value)
  return Date.UTC(field('year'), field('month') - 1, field('day'), field('hour'), field('minute'), field('second'))
}

describe('isTimeZone', () => {
  it('knows every name of the committed list, and every zone this Node.js lists', () => {
    expect([...timeZoneNames].filter(name => !isTimeZone(name))).toEqual([])
    expect(Intl.supportedValuesOf('timeZone').filter(name => !isTimeZone(name))).toEqual([])
    expect(timeZoneNames.size).toBe(597)
  })

  it.each(['Etc/UTC', 'UTC', 'GMT', 'Europe/Berlin', 'US/Eastern', 'Europe/Kiev', 'Europe/Kyiv', 'Asia/Calcutta', 'Asia/Kolkata', 'Etc/GMT+5', 'America/Argentina/Ushuaia'])(
    'accepts %s',
    name => expect(isTimeZone(name)).toBe(true),
  )

  const refused = [
    '', 'Local', 'local', '+02:00', '-05', 'UTC+2', 'GMT+2', 'europe/berlin', 'EUROPE/BERLIN', 'Europe/berlin', 'utc', 'etc/utc', 'Berlin', 'Europe/Nowhere',
    'Europe', 'Factory', 'posix/Europe/Berlin', 'right/Europe/Berlin', '../Europe/Berlin', ' Europe/Berlin', 'Europe/Berlin\n', 'America/New York',
  ]
  it.each(refused)('refuses "%s"', name => expect(isTimeZone(name)).toBe(false))
})

describe('likelyTimeZone', () => {
  it.each([
    ['europe/berlin', 'Europe/Berlin'], ['utc', 'UTC'], [' Europe/Berlin', 'Europe/Berlin'], ['America/New York', 'America/New_York'],
    ['new york', 'America/New_York'], ['Berlin', 'Europe/Berlin'], ['+02:00', undefined], ['Local', undefined], ['', undefined], ['Europe/Nowhere', undefined],
  ])('for "%s" is %s', (name, want) => expect(likelyTimeZone(name)).toBe(want))
})

describe('offsetAt', () => {
  it('is what the wall clock shows, at any instant in any order', () => {
    fc.assert(fc.property(anyZone, anyInstant, (zone, instant) => {
      expect(offsetAt(zone, instant)).toBe(wallTime(zone, instant) - instant)
    }), { numRuns: 1_000 })
  })

  it('throws for a zone that does not exist', () => expect(() => offsetAt('Europe/Nowhere', 0)).toThrow(RangeError))
})

describe('transitionsBetween', () => {
  const shown = (zone: string, from: string, to: string) =>
    transitionsBetween(zone, Date.parse(from), Date.parse(to)).map(({ at, before, after }) => [formatInstant(at), before / minute, after / minute])

  it('finds both changes of a year in Berlin', () => {
    expect(shown('Europe/Berlin', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z')).toEqual([
      ['2026-03-29T01:00:00Z', 60, 120],
      ['2026-10-25T01:00:00Z', 120, 60],
    ])
  })

  it('excludes a change at its beginning and includes one at its end', () => {
    expect(shown('Europe/Berlin', '2026-03-29T01:00:00Z', '2026-10-25T00:59:59Z')).toEqual([])
    expect(shown('Europe/Berlin', '2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z')).toHaveLength(1)
    expect(shown('Europe/Berlin', '2026-03-30T00:00:00Z', '2026-10-25T01:00:00Z')).toHaveLength(1)
  })

  it('finds a half-hour change, a skipped day, and changes that a holy month puts a few weeks apart', () => {
    expect(shown('Australia/Lord_Howe', '2026-09-01T00:00:00Z', '2026-11-01T00:00:00Z')).toEqual([['2026-10-03T15:30:00Z', 630, 660]])
    expect(shown('Pacific/Apia', '2011-12-01T00:00:00Z', '2012-01-01T00:00:00Z')).toEqual([['2011-12-30T10:00:00Z', -600, 840]])
    expect(shown('Africa/Cairo', '2014-05-01T00:00:00Z', '2014-12-01T00:00:00Z').map(([at]) => at)).toEqual([
      '2014-05-15T22:00:00Z', '2014-06-26T21:00:00Z', '2014-07-31T22:00:00Z', '2014-09-25T21:00:00Z',
    ])
  })

  it('finds two changes within a week (Recife, October 2000)', () => {
    expect(shown('America/Recife', '2000-10-01T00:00:00Z', '2000-11-01T00:00:00Z').map(([at]) => at)).toEqual(['2000-10-08T03:00:00Z', '2000-10-15T02:00:00Z'])
  })

  it('lists exactly the instants at which offsetAt changes', () => {
    fc.assert(fc.property(anyZone, anyInstant, (zone, from) => {
      const changes = transitionsBetween(zone, from, from + 800 * day)
      for (const { at, before, after } of changes) {
        expect([offsetAt(zone, at - 1), offsetAt(zone, at)]).toEqual([before, after])
        expect(before).not.toBe(after)
      }
      expect(offsetAt(zone, from + 800 * day)).toBe(changes.at(-1)?.after ?? offsetAt(zone, from))
    }))
  })
})

describe('segmentAt', () => {
  it('contains the instant and keeps one offset', () => {
    fc.assert(fc.property(anyZone, anyInstant, fc.nat(366 * day), (zone, instant, beyond) => {
      const { from, until, offset } = segmentAt(zone, instant)
      expect(from <= instant && instant < until).toBe(true)
      expect(offsetAt(zone, from + (beyond % (until - from)))).toBe(offset)
      expect(offsetAt(zone, until - 1)).toBe(offset)
    }))
  })
})

describe('instantsOfLocal', () => {
  const at = (text: string) => Date.parse(`${text}Z`)

  const instantsIn = (found: ReturnType<typeof instantsOfLocal>) => {
    if (found.kind === 'gap') return []
    return found.kind === 'once' ? [found.instant] : [found.first, found.second]
  }

  it.each([
    ['an ordinary time', 'Europe/Berlin', '2026-06-01T12:00', { kind: 'once', instant: at('2026-06-01T10:00') }],
    ['the last minute before a gap', 'Europe/Berlin', '2026-03-29T01:59', { kind: 'once', instant: at('2026-03-29T00:59') }],
    ['the first minute of a gap', 'Europe/Berlin', '2026-03-29T02:00', { kind: 'gap', end: at('2026-03-29T01:00'), shifted: at('2026-03-29T01:00') }],
    ['the last minute of a gap', 'Europe/Berlin', '2026-03-29T02:59', { kind: 'gap', end: at('2026-03-29T01:00'), shifted: at('2026-03-29T01:59') }],
    ['the first minute after a gap', 'Europe/Berlin', '2026-03-29T03:00', { kind: 'once', instant: at('2026-03-29T01:00') }],
    ['the first minute of an overlap', 'Europe/Berlin', '2026-10-25T02:00', { kind: 'twice', first: at('2026-10-25T00:00'), second: at('2026-10-25T01:00') }],
    ['the last minute of an overlap', 'Europe/Berlin', '2026-10-25T02:59', { kind: 'twice', first: at('2026-10-25T00:59'), second: at('2026-10-25T01:59') }],
    ['the first minute after an overlap', 'Europe/Berlin', '2026-10-25T03:00', { kind: 'once', instant: at('2026-10-25T02:00') }],
    ['a midnight that does not exist', 'America/Sao_Paulo', '2018-11-04T00:00', { kind: 'gap', end: at('2018-11-04T03:00'), shifted: at('2018-11-04T03:00') }],
    ['a day that does not exist', 'Pacific/Apia', '2011-12-30T12:00', { kind: 'gap', end: at('2011-12-30T10:00'), shifted: at('2011-12-30T22:00') }],
    ['a half-hour overlap', 'Australia/Lord_Howe', '2026-04-05T01:45', { kind: 'twice', first: at('2026-04-04T14:45'), second: at('2026-04-04T15:15') }],
  ])('%s', (_, zone, local, want) => expect(instantsOfLocal(zone, at(local))).toEqual(want))

  it('finds every instant under the time that its wall clock shows', () => {
    fc.assert(fc.property(anyZone, anyInstant, (zone, instant) => {
      expect(instantsIn(instantsOfLocal(zone, instant + offsetAt(zone, instant)))).toContain(instant)
    }))
  })

  it('around every change returns only instants that show the time, and gaps only for times that no instant shows', () => {
    fc.assert(fc.property(anyZone, anyInstant, fc.integer({ min: -180, max: 180 }), (zone, around, minutes) => {
      const change = transitionsBetween(zone, around, around + 400 * day)[0]
      fc.pre(change !== undefined)
      const local = change.at + change.before + minutes * minute
      const found = instantsOfLocal(zone, local)
      const shows = (instant: number) => instant + offsetAt(zone, instant) === local
      const candidates = Array.from({ length: 2 * 48 * 60 }, (_, index) => local - 48 * hour + index * minute)
      expect(candidates.filter(shows)).toEqual(instantsIn(found))
    }), { numRuns: 50 })
  })
})

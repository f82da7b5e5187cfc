import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCron, type CronExpression } from './cron-expression.ts'
import { nextMatch } from './cron-next.ts'
import { day, formatInstant, minute, type Instant } from './instant.ts'

/** One line of robfig.jsonl: what the library inside kube-controller-manager answers. Times in seconds; -1: none. */
type Row = { readonly spec: string } & (
  | { readonly reject: string }
  | { readonly tz: string; readonly after: number; readonly next: readonly number[] }
)

const rows = readFileSync(new URL('../testing/vectors/robfig.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line): Row => JSON.parse(line))

function expressionOf(text: string): CronExpression {
  const result = parseCron(text)
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('; '))
  return result.value
}

/** As many matches as `count`, each sought from the one before; -1 and nothing more where there is none. */
function chain(text: string, timeZone: string, after: Instant, count: number): readonly number[] {
  const expression = expressionOf(text)
  const matches: number[] = []
  let at = after
  while (matches.length < count) {
    const match = nextMatch(expression, timeZone, at)
    if (match === undefined) return [...matches, -1]
    matches.push(match)
    at = match
  }
  return matches
}

const shown = (matches: readonly number[]) => matches.map(match => (match < 0 ? 'none' : formatInstant(match)))

describe('nextMatch and the library of Kubernetes', () => {
  const toSeconds = (match: number) => (match < 0 ? match : match / 1_000)
  const rejected = rows.filter(row => 'reject' in row)
  const answered = rows.filter(row => 'next' in row)
  const acceptedHere = answered.filter(row => parseCron(row.spec).ok)

  it('have these rows in common, none is left out', () => {
    expect([rows.length, rejected.length, answered.length, acceptedHere.length]).toEqual([2_506, 49, 2_457, 2_445])
    expect(acceptedHere.filter(({ next }) => next.includes(-1))).toHaveLength(7)
  })

  it('agree on every expression that both accept', () => {
    const answers = acceptedHere.map(({ spec, tz, after, next }) => ({ spec, tz, after, next: chain(spec, tz, after * 1_000, next.length).map(toSeconds) }))
    expect(answers).toEqual(acceptedHere)
  })

  it('refuse the same expressions', () => {
    expect(rejected.filter(row => parseCron(row.spec).ok)).toEqual([])
  })

  it('differ only in what the library accepts by accident, and in intervals', () => {
    expect(answered.filter(row => !parseCron(row.spec).ok).map(({ spec }) => spec)).toEqual([
      '1,,2 * * * *', ',1 * * * *', '1, * * * *', ', * * * *', '*-5 * * * *', '*-foo * * * *', '+5 * * * *',
      '@every 1h30m', '@every 90s', '@every 1.5h', '@every 500ms', '@every -5m',
    ])
  })
})

describe('nextMatch', () => {
  const next = (text: string, timeZone: string, after: string, count = 1) => shown(chain(text, timeZone, Date.parse(after), count))

  it('is strictly later, also by a fraction of a second', () => {
    expect(next('0 2 * * *', 'Etc/UTC', '2026-03-01T02:00:00Z')).toEqual(['2026-03-02T02:00:00Z'])
    expect(next('0 2 * * *', 'Etc/UTC', '2026-03-01T01:59:59.999Z')).toEqual(['2026-03-01T02:00:00Z'])
    expect(next('0 2 * * *', 'Etc/UTC', '2026-03-01T02:00:00.001Z')).toEqual(['2026-03-02T02:00:00Z'])
  })

  it('skips a time in the gap and runs twice in the overlap', () => {
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z')).toEqual(['2026-03-30T00:30:00Z'])
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 3)).toEqual(['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-26T01:30:00Z'])
  })

  it('needs a day in both fields when one has a star, else in either', () => {
    expect(next('0 0 13 * 5', 'Etc/UTC', '2026-11-01T00:00:00Z', 3)).toEqual(['2026-11-06T00:00:00Z', '2026-11-13T00:00:00Z', '2026-11-20T00:00:00Z'])
    expect(next('0 0 13 * *', 'Etc/UTC', '2026-11-01T00:00:00Z', 2)).toEqual(['2026-11-13T00:00:00Z', '2026-12-13T00:00:00Z'])
    expect(next('0 0 */1 * 5', 'Etc/UTC', '2026-11-01T00:00:00Z', 2)).toEqual(['2026-11-06T00:00:00Z', '2026-11-13T00:00:00Z'])
  })

  it('loses a day without midnight when it looks for it by day (Beirut), but not west of Greenwich (Sao Paulo)', () => {
    expect(next('0 12 * * 0', 'Asia/Beirut', '2021-03-26T12:00:00Z')).toEqual(['2021-04-04T09:00:00Z'])
    expect(next('0 12 * * 0', 'America/Sao_Paulo', '2018-11-01T12:00:00Z')).toEqual(['2018-11-04T14:00:00Z'])
  })

  it('slips from Saturday into a Sunday without midnight when it looks for an hour', () => {
    expect(next('0 5 * * 6', 'Asia/Beirut', '2021-03-27T12:00:00Z', 2)).toEqual(['2021-03-28T02:00:00Z', '2021-04-03T02:00:00Z'])
    expect(next('0 5 * * 6', 'America/Sao_Paulo', '2018-11-03T12:00:00Z', 2)).toEqual(['2018-11-04T07:00:00Z', '2018-11-10T07:00:00Z'])
  })

  it('has no midnight on a day without one, and no 02:15 in the half-hour gap of Lord Howe', () => {
    expect(next('0 0 * * *', 'Asia/Beirut', '2021-03-26T23:00:00Z')).toEqual(['2021-03-28T21:00:00Z'])
    expect(next('15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T20:00:00Z')).toEqual(['2026-10-04T15:15:00Z'])
  })

  it('looks five years ahead: 29 February is found four years away, not eight', () => {
    expect(next('0 0 29 2 *', 'Etc/UTC', '2026-01-01T00:00:00Z', 2)).toEqual(['2028-02-29T00:00:00Z', '2032-02-29T00:00:00Z'])
    expect(next('0 0 29 2 *', 'Etc/UTC', '2097-01-01T00:00:00Z')).toEqual(['none'])
    expect(next('0 0 29 2 *', 'Etc/UTC', '2099-01-01T00:00:00Z')).toEqual(['2104-02-29T00:00:00Z'])
  })

  it('ends where the library never returns: a whole day left out at the date line', () => {
    expect(next('* * * * SAT', 'Pacific/Fakaofo', '2011-12-29T18:59:00Z')).toEqual(['none'])
    expect(next('* * * * SAT', 'Pacific/Fakaofo', '2011-12-31T18:59:00Z')).toEqual(['2012-01-06T11:00:00Z'])
  })

  const field = (min: number, max: number) => fc.oneof(
    fc.constant('*'),
    fc.integer({ min, max }).map(String),
    fc.integer({ min: 2, max: 40 }).map(step => `*/${step}`),
    fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map(values => values.join(',')),
  )
  const expressions = fc.tuple(field(0, 59), field(0, 23), field(1, 31), fc.constantFrom('*', '1-12'), field(0, 6)).map(fields => fields.join(' '))

  /** Whether the fields of a date say so; in UTC nothing else can happen. */
  function matchesUtc({ minutes, hours, daysOfMonth, months, daysOfWeek, domStar, dowStar }: CronExpression, instant: Instant): boolean {
    const date = new Date(instant)
    const days = [daysOfMonth.includes(date.getUTCDate()), daysOfWeek.includes(date.getUTCDay())]
    const dayMatches = domStar || dowStar ? days.every(Boolean) : days.some(Boolean)
    return minutes.includes(date.getUTCMinutes()) && hours.includes(date.getUTCHours()) && months.includes(date.getUTCMonth() + 1) && dayMatches
  }

  it('in UTC is the first minute whose fields match', () => {
    fc.assert(fc.property(expressions, fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2060, 0) }), (text, after) => {
      const expression = expressionOf(text)
      const first = Math.floor(after / minute) * minute + minute
      const within = Array.from({ length: (10 * day) / minute }, (_, index) => first + index * minute)
      const want = within.find(instant => matchesUtc(expression, instant))
      const got = nextMatch(expression, 'Etc/UTC', after)
      expect(got !== undefined && got < first + 10 * day ? got : undefined).toBe(want)
    }), { numRuns: 200 })
  })

  it('is the same from every instant before it, in zones without changes of the clock', () => {
    fc.assert(fc.property(expressions, fc.constantFrom('Etc/UTC', 'Asia/Kolkata'), fc.integer({ min: 0, max: Date.UTC(2090, 0) }), fc.nat(), (text, zone, after, later) => {
      const expression = expressionOf(text)
      const match = nextMatch(expression, zone, after)
      fc.pre(match !== undefined)
      expect(nextMatch(expression, zone, after + (later % (match - after)))).toBe(match)
      expect(nextMatch(expression, zone, match)).not.toBe(match)
    }))
  })
})

describe('where the library leads back to where it was', () => {
  // Clocks go back from 03:45 to 02:45 on 5 April: 14:00 UTC. 03:50 is sought from 03:00, and found at the repeated 02:50.
  it('the next match is the next one that it leads forward to', () => {
    expect(shown(chain('50 3 * * *', 'Pacific/Chatham', Date.parse('2026-04-03T15:00:00Z'), 4))).toEqual([
      '2026-04-04T14:05:00Z',
      '2026-04-04T15:05:00Z',
      '2026-04-05T15:05:00Z',
      '2026-04-06T15:05:00Z',
    ])
  })

  it('a match is later than what it is sought after, in every zone, with every minute of the night', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'))
    const instants = fc.integer({ min: Date.UTC(2020, 0) / minute, max: Date.UTC(2032, 0) / minute })
    const times = fc.record({ hour: fc.integer({ min: 0, max: 4 }), minute: fc.integer({ min: 0, max: 59 }) })
    fc.assert(
      fc.property(zones, times, instants, (timeZone, time, after) => {
        const matches = chain(`${time.minute} ${time.hour} * * *`, timeZone, after * minute, 400)
        expect(matches.every((match, index) => match > (matches[index - 1] ?? after * minute))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

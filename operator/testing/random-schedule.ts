import { type Instant, day, hour, minute } from '../model/instant.ts'
import { type Recurrence, type Schedule, months, weekdays } from '../model/schedule-spec.ts'
import { offsetAt } from '../model/time-zone.ts'
import type { Random } from './random.ts'

/** How far apart the occurrences of a life are, roughly. */
export type Pace = 'minutes' | 'hours' | 'days' | 'months'

export interface Setting {
  readonly random: Random
  readonly pace: Pace
  readonly start: Instant
  readonly timeZone: string
}

/** About one occurrence. */
export const stepOf: Readonly<Record<Pace, number>> = { minutes: minute, hours: hour, days: day, months: 25 * day }

/** The days before clocks change, of a leap day, before a new year, and others. */
export const starts: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['2026-03-28T12:00Z', 'Europe/Berlin'],
  ['2026-10-24T12:00Z', 'Europe/Berlin'],
  ['2026-11-01T04:00Z', 'America/New_York'],
  ['2027-03-13T20:00Z', 'America/New_York'],
  ['2026-04-04T10:00Z', 'Australia/Lord_Howe'],
  ['2026-10-03T10:00Z', 'Australia/Lord_Howe'],
  ['2026-06-10T20:00Z', 'Asia/Kolkata'],
  ['2026-12-30T22:00Z', 'Etc/UTC'],
  ['2028-02-28T22:00Z', 'Etc/UTC'],
]

/** A schedule with something due soon: any recurrence of design/time.md section 1 that fits the pace. */
export function randomSchedule(setting: Setting, around: Instant): Schedule {
  const { random, pace } = setting
  const timeZone = random.chance(0.6) ? setting.timeZone : 'Etc/UTC'
  const first = around + random.whole(-1, 6) * stepOf[pace]
  const drawn = random.whole(0, 9)
  if (drawn === 0) return once({ ...setting, timeZone }, around)
  if (drawn <= 3) return { timeZone: 'Etc/UTC', ...wall(first - hour * random.whole(0, 30), 'Etc/UTC'), ...endIn(setting, around), recurrence: elapsed(setting) }
  if (drawn <= 6 && pace !== 'minutes') return civil({ ...setting, timeZone }, around)
  return { timeZone, ...startIn(setting, first, timeZone), ...endIn(setting, around), recurrence: { cron: randomCron(setting) } }
}

function once({ random, pace, timeZone }: Setting, around: Instant): Schedule {
  const far = pace === 'months' && random.chance(0.3) ? random.whole(1, 500) * day : random.whole(-1, 6) * stepOf[pace]
  return { timeZone, ...wall(around + far, timeZone), ...dstIn(random), recurrence: { once: {} } }
}

function elapsed({ random, pace }: Setting): Recurrence {
  const byMinute = (...every: readonly [number, ...number[]]): Recurrence => ({ byMinute: { every: random.one(every) } })
  const byHour = (...every: readonly [number, ...number[]]): Recurrence => ({ byHour: { every: random.one(every) } })
  switch (pace) {
    case 'minutes':
      return byMinute(5, 5, 10, 15, 20, 25, 35)
    case 'hours':
      return random.chance(0.5) ? byMinute(25, 45, 45, 90, 150) : byHour(1, 1, 2, 5, 7)
    case 'days':
      return random.chance(0.2) ? byMinute(1_435, 1_440) : byHour(5, 6, 11, 12, 24, 25)
    case 'months':
      return byHour(25, 100, 168, 1_000, 5_000, 8_760)
  }
}

function civil(setting: Setting, around: Instant): Schedule {
  const { random, pace, timeZone } = setting
  const begin = around - random.whole(0, 40) * day
  const { startDate, startTime } = wall(random.chance(0.5) ? around : onChangeOfClocks(around, timeZone), timeZone)
  const recurrence = civilRecurrence(setting, around)
  const isPhased = (recurrence.byDay?.every ?? 1) > 1 || (recurrence.byWeek?.every ?? 1) > 1
  const date = pace === 'hours' ? startDate : wall(begin, timeZone).startDate
  return { timeZone, startTime, ...(isPhased || random.chance(0.2) ? { startDate: date } : {}), ...endIn(setting, around), ...dstIn(random), recurrence }
}

/** A time of day between 01:00 and 03:30, when most clocks change. */
function onChangeOfClocks(around: Instant, timeZone: string): Instant {
  const midnight = Math.floor((around + offsetAt(timeZone, around)) / day) * day - offsetAt(timeZone, around)
  return midnight + 2 * hour + (Math.floor(around / minute) % 7) * 15 * minute
}

function civilRecurrence({ random, pace }: Setting, around: Instant): Recurrence {
  const isLong = pace === 'months'
  const kind = random.whole(0, 2)
  if (kind === 0) return { byDay: { every: isLong ? random.one([1, 2, 10, 30, 366]) : random.one([1, 1, 2, 3]) } }
  if (kind === 1) {
    const days = weekdays.filter(() => random.chance(0.4))
    return { byWeek: { every: isLong ? random.one([1, 2, 3, 26]) : random.one([1, 1, 2]), days: days.length === 0 ? ['Sunday', 'Monday'] : days } }
  }
  const selected = months.filter(() => random.chance(0.3))
  const dayOfMonth = random.one([new Date(around + day).getUTCDate(), random.whole(1, 28), 29, 30, 31])
  return { byMonth: { day: dayOfMonth, shortMonth: random.one(['LastDay', 'Skip']), ...(selected.length === 0 || random.chance(0.6) ? {} : { months: selected }) } }
}

function dstIn(random: Random): Pick<Schedule, 'dst'> {
  return random.chance(0.5) ? { dst: { gap: random.one(['ShiftForward', 'Skip']), overlap: random.one(['First', 'Second', 'Both']) } } : {}
}

function startIn({ random }: Setting, first: Instant, timeZone: string): Pick<Schedule, 'startDate'> {
  return random.chance(0.15) ? { startDate: wall(first, timeZone).startDate } : {}
}

function endIn({ random, pace }: Setting, around: Instant): Pick<Schedule, 'endDate'> {
  if (!random.chance(0.15)) return {}
  return { endDate: wall(around + day + random.whole(0, 6) * stepOf[pace], 'Etc/UTC').startDate }
}

function wall(instant: Instant, timeZone: string): { readonly startDate: string; readonly startTime: string } {
  const local = new Date(instant + offsetAt(timeZone, instant)).toISOString()
  return { startDate: local.slice(0, 10), startTime: local.slice(11, 16) }
}

function randomCron({ random, pace }: Setting): string {
  const any = () => random.whole(0, 59)
  switch (pace) {
    case 'minutes':
      return random.one(['* * * * *', '*/2 * * * *', '*/5 * * * *', '1-59/3 * * * *', '0,1,2,30,31 * * * *', `${any()},${any()} * * * *`])
    case 'hours':
      return random.one(['0 * * * *', '30 * * * *', '*/20 * * * *', '0 */2 * * *', '15,45 8-20/3 * * *', '0 1-4 * * *', `${any()} * * * *`])
    case 'days':
      return random.one(['30 2 * * *', '0 0 * * *', '15 1,2,3 * * *', '0 9 * * 1-5', '30 2 1 * *', '0 12 1,15 * 3'])
    case 'months':
      return random.one(['30 2 * * *', '15 3 1 */2 *', '0 0 29 2 *', '0 9 * * 1', '0 12 1,15 * *', '30 1 25-31 3,10 *'])
  }
}

import type { Recurrence, Schedule } from './schedule-spec.ts'

/**
 * A schedule in human words, for columns and status: "every 2 weeks on Monday 02:30". Short, stable, and total: also a
 * schedule that is refused has a text.
 */
export function scheduleText({ recurrence, startDate, startTime }: Schedule): string {
  const { once, byMinute, byHour, byDay, byWeek, byMonth, cron } = recurrence
  if (cron !== undefined) return `cron ${cron}`
  if (byMinute !== undefined) return every(byMinute.every, 'minute')
  if (byHour !== undefined) return every(byHour.every, 'hour')
  const words = [
    ...(once === undefined ? [] : ['once', startDate]),
    ...(byDay === undefined ? [] : [every(byDay.every, 'day')]),
    ...(byWeek === undefined ? [] : [every(byWeek.every, 'week'), 'on', byWeek.days.join(', ')]),
    ...(byMonth === undefined ? [] : [monthly(byMonth)]),
    startTime,
  ]
  return words.filter(word => word !== undefined).join(' ')
}

function every(count: number | undefined, unit: string): string {
  return count === undefined || count === 1 ? `every ${unit}` : `every ${count} ${unit}s`
}

function monthly({ months, day, shortMonth }: NonNullable<Recurrence['byMonth']>): string {
  const which = months === undefined || months.length === 0 ? 'monthly' : months.join(', ')
  const short = { LastDay: ' (last day of short months)', Skip: ' (not in short months)' }
  return `${which} on day ${day}${shortMonth === undefined ? '' : short[shortMonth]}`
}

import { civilDate, daysInMonth, parseTimeOfDay } from '../model/civil-time.ts'
import { nextMatch } from '../model/cron-next.ts'
import { type Instant, day } from '../model/instant.ts'
import { type Occurrences, occurrencesOf } from '../model/occurrences.ts'
import { oncePer } from '../model/once-per.ts'
import { selectedMonths } from '../model/recurrence-days.ts'
import { type Schedule, months } from '../model/schedule-spec.ts'
import { instantsOfLocal, offsetAt, transitionsBetween } from '../model/time-zone.ts'

/** How far notes look ahead; milliseconds. Clocks change at least once in it, where they do at all. */
const ahead = 366 * day

/**
 * What a reader of the schedule may not expect, each the next of its kind: a run that a change of clocks moves, leaves out or
 * repeats; a month that lacks the day. They change a few times a year, so a status can tell them.
 */
export function notesOf(schedule: Schedule, now: Instant): readonly string[] {
  const today = Math.floor(now / day)
  const found = lookedUp(schedule)
  if (found.day !== today) Object.assign(found, { day: today, note: clockNote(schedule, now) })
  return [found.note, monthNote(schedule, now)].filter((note) => note !== undefined)
}

/** What clocks do is costly to find out. */
const lookedUp = oncePer((_schedule: Schedule): { day: number; note: string | undefined } => ({ day: -1, note: undefined }))

/** The next wall time of the schedule that clocks skip or repeat, and what becomes of its run. */
function clockNote(schedule: Schedule, now: Instant): string | undefined {
  const { timeZone = 'Etc/UTC', recurrence } = schedule
  if (recurrence.byMinute !== undefined || recurrence.byHour !== undefined) return undefined // elapsed time knows no clock
  const onWall = wallTimes(schedule)
  for (const { at, before, after } of onWall === undefined ? [] : transitionsBetween(timeZone, now, now + ahead)) {
    const [from, until] = [at + Math.min(before, after), at + Math.max(before, after)]
    const local = onWall?.(from - 1)
    if (local === undefined || local >= until) continue
    return `${wallText(local)} ${after > before ? gapText(schedule, local) : overlapText(schedule)}`
  }
  return undefined
}

/** The next time that the wall shows when a run is intended, as if no clock ever changed: the same rule in UTC. */
function wallTimes(schedule: Schedule): Occurrences['next'] | undefined {
  const checked = occurrencesOf({ ...schedule, timeZone: 'Etc/UTC' })
  if (!checked.ok) return undefined
  const { cron, next } = checked.value
  return cron === undefined ? next : (after) => nextMatch(cron, 'Etc/UTC', after)
}

function gapText({ timeZone = 'Etc/UTC', recurrence, dst }: Schedule, local: number): string {
  if (recurrence.cron !== undefined || dst?.gap === 'Skip') return 'does not exist: no run'
  const instants = instantsOfLocal(timeZone, local)
  const shifted = instants.kind === 'gap' ? instants.shifted : local
  return `does not exist, runs ${wallText(shifted + offsetAt(timeZone, shifted)).slice(11)}`
}

function overlapText({ recurrence, dst }: Schedule): string {
  const overlap = recurrence.cron === undefined ? (dst?.overlap ?? 'First') : 'Both'
  const runs = { First: 'runs the first time', Second: 'runs the second time', Both: 'runs both times' }
  return `exists twice, ${runs[overlap]}`
}

/** The next month that lacks the day, and whose run has not been yet. */
function monthNote({ timeZone = 'Etc/UTC', startTime = '00:00', recurrence: { byMonth } }: Schedule, now: Instant): string | undefined {
  if (byMonth === undefined || byMonth.day <= 28) return undefined
  const selected = new Set(selectedMonths(byMonth).map((name) => months.indexOf(name) + 1))
  const local = now + offsetAt(timeZone, now)
  const { year, month } = civilDate(Math.floor(local / day))
  for (let index = year * 12 + month - 1; index < year * 12 + month + 12; index++) {
    const [inYear, inMonth] = [Math.floor(index / 12), (index % 12) + 1]
    const length = daysInMonth(inYear, inMonth)
    if (!selected.has(inMonth) || length >= byMonth.day) continue
    if (byMonth.shortMonth === 'LastDay' && local >= Date.UTC(inYear, inMonth - 1, length) + (parseTimeOfDay(startTime) ?? 0)) continue
    const name = `${inYear}-${String(inMonth).padStart(2, '0')}`
    return byMonth.shortMonth === 'LastDay' ? `${name} has ${length} days, runs ${name}-${length}` : `${name} has ${length} days: no run`
  }
  return undefined
}

function wallText(local: number): string {
  return new Date(local).toISOString().slice(0, 16).replace('T', ' ')
}

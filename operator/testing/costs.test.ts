import { describe, expect, it } from 'vitest'
import { costsTable, yearlyCosts } from './costs.ts'
import { recurrenceKinds } from './recurrence-kinds.ts'

/** Writes of the operator in a year, as docs/schedules.md has them: more is a regression (I16), less a reason to rewrite the page. */
const wanted = `
| schedule | runs | writes of its CronJob | writes of Jobs | writes of its status |
|---|---|---|---|---|
| once | 1 | 1 | 1 | 2 |
| byMinute 15 | 35040 | 0 | 70080 | 70080 |
| byMinute 45 | 11680 | 8760 | 23360 | 32120 |
| byHour 6 | 1460 | 0 | 2920 | 2920 |
| byHour 5 | 1755 | 365 | 3510 | 3875 |
| byDay, Etc/UTC | 365 | 0 | 728 | 730 |
| byDay, Europe/Berlin 02:30 | 365 | 5 | 728 | 735 |
| byDay, Europe/Berlin 06:00 | 365 | 0 | 728 | 730 |
| byDay 2 | 183 | 14 | 363 | 380 |
| byWeek, 3 days | 157 | 0 | 311 | 314 |
| byWeek 2, 2 days | 52 | 14 | 101 | 118 |
| byMonth, day 1 | 12 | 0 | 21 | 24 |
| byMonth, last day | 12 | 11 | 21 | 35 |
| byMonth, day 31 or none | 7 | 0 | 11 | 14 |
| cron, hourly | 8760 | 0 | 17520 | 17520 |
| cron, working days | 261 | 0 | 520 | 522 |
| cron, until a date | 303 | 32 | 604 | 637 |
`.trim().split('\n')

describe('a schedule writes no more than it needs', () => {
  it.each(Object.entries(recurrenceKinds))('%s', async (kind, schedule) => {
    const row = costsTable({ [kind]: await yearlyCosts(schedule) }).split('\n').at(-1)
    expect(row).toBe(wanted.find((line) => line.startsWith(`| ${kind} |`)))
  })
})

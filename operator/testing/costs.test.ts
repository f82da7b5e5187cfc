import { describe, expect, it } from 'vitest'
import { costsTable, yearlyCosts } from './costs.ts'
import { recurrenceKinds } from './recurrence-kinds.ts'

/** Writes of the operator in a year, as docs/schedules.md has them: more is a regression (I16), less a reason to rewrite the page. */
const wanted = `
| schedule | runs | writes of its CronJob | writes of Jobs | writes of its status |
|---|---|---|---|---|
| once | 1 | 1 | 1 | 3 |
| byMinute 15 | 35040 | 0 | 70080 | 70080 |
| byMinute 45 | 11680 | 8760 | 23360 | 32120 |
| byHour 6 | 1460 | 0 | 2920 | 2920 |
| byHour 5 | 1750 | 365 | 3505 | 3870 |
| byDay, Etc/UTC | 365 | 0 | 730 | 730 |
| byDay, Europe/Berlin 02:30 | 365 | 5 | 730 | 735 |
| byDay, Europe/Berlin 06:00 | 365 | 0 | 730 | 730 |
| byDay 2 | 182 | 14 | 364 | 378 |
| byWeek, 3 days | 156 | 0 | 313 | 313 |
| byWeek 2, 2 days | 52 | 14 | 102 | 118 |
| byMonth, day 1 | 12 | 0 | 21 | 24 |
| byMonth, last day | 12 | 11 | 21 | 35 |
| byMonth, day 31 or none | 7 | 0 | 11 | 14 |
| cron, hourly | 8760 | 0 | 17520 | 17520 |
| cron, working days | 261 | 0 | 521 | 521 |
| cron, until a date | 294 | 32 | 588 | 620 |
`.trim().split('\n')

describe('a schedule writes no more than it needs', () => {
  it.each(Object.entries(recurrenceKinds))('%s', async (kind, schedule) => {
    const row = costsTable({ [kind]: await yearlyCosts(schedule) }).split('\n').at(-1)
    expect(row).toBe(wanted.find((line) => line.startsWith(`| ${kind} |`)))
  })
})

import { describe, expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { integration, scheduled, startAt } from './harness/manifests.ts'
import { type Tenant, minuteOf, sleep, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'
import { expressionsSeen, firstDifference, isWindow } from './harness/windows.ts'

// Recurrences that no cron can say: their CronJobs are windows, which are replaced when they run out (design/time.md section 3).

const hours = 60 * minutes
const days = 24 * hours

/** What repeats after `gap` milliseconds of elapsed time, for ever, with an occurrence at `at`. */
interface Repeated {
  readonly name: string
  readonly at: number
  readonly gap: number
  readonly schedule: JsonObject
}

/** It has been going on for long: an occurrence in the past is its anchor, so it runs at `at`, and `gap` later. */
function elapsed(unit: 'byMinute' | 'byHour', every: number, at: number): Repeated {
  const gap = every * (unit === 'byMinute' ? minutes : hours)
  return { name: `${unit}-${every}`.toLowerCase(), at, gap, schedule: { recurrence: { [unit]: { every } }, ...startAt(at - 300 * gap) } }
}

/** In a zone without DST and far from UTC by an odd number of minutes. */
function civil(name: string, recurrence: JsonObject, { gap, at }: { readonly gap: number; readonly at: number }): Repeated {
  const kathmandu = 345 * minutes
  return { name, at, gap, schedule: { recurrence, timeZone: 'Asia/Kathmandu', ...startAt(at - 30 * gap + kathmandu) } }
}

function weekdayInKathmandu(at: number): string {
  return new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: 'Asia/Kathmandu' }).format(at)
}

const isOccurrence = ({ at, gap }: Repeated) => (minute: number) => minute >= at && (minute - at) % gap === 0

/** Far enough away for all to be armed long before. */
const soon = () => Math.ceil((Date.now() + 75_000) / minutes) * minutes

/** Once the status speaks of the present window: it matches the occurrences and nothing else, up to the one it lacks. */
async function expectExact(tenant: Tenant, repeated: Repeated, after: number): Promise<void> {
  const differenceNow = () => firstDifference(tenant.current('cronjobs', repeated.name), isOccurrence(repeated), { after, through: after + 45 * days })
  const { status } = await tenant.until('scheduledintegrations', repeated.name, ({ status }) => status?.exactUntil !== undefined && Date.parse(status.exactUntil) === differenceNow())
  expect(isOccurrence(repeated)(Date.parse(status?.exactUntil ?? '')), 'what comes after the window is missing from it, not too much').toBe(true)
  expect(isWindow(tenant.current('cronjobs', repeated.name))).toBe(true)
}

async function fires(tenant: Tenant, repeated: Repeated): Promise<void> {
  const { name, at } = repeated
  await tenant.untilReady(name, 'Scheduled')
  const first = tenant.current('cronjobs', name)
  expect(Date.now(), 'the machine is quick enough').toBeLessThan(at)
  await expectExact(tenant, repeated, Math.max(Date.now(), at - minutes))
  await tenant.until('scheduledintegrations', name, ({ status }) => status?.counts?.succeeded === 1, 5 * minutes)
  const { status } = await tenant.until('scheduledintegrations', name, ({ status }) => Date.parse(status?.nextRunTime ?? '') === at + repeated.gap)
  expect(status?.runs?.map(({ scheduledTime, outcome }) => [Date.parse(scheduledTime ?? ''), outcome])).toEqual([[at, 'Succeeded']])
  const last = tenant.current('cronjobs', name)
  if (firstDifference(first, isOccurrence(repeated), { after: at, through: at + repeated.gap }) === undefined) {
    expect(last.spec.schedule, 'a window that has more matches stays').toBe(first.spec.schedule)
    return
  }
  await tenant.untilCronJob(name, ({ spec }) => spec.schedule !== first.spec.schedule)
  await expectExact(tenant, repeated, at)
  expect(expressionsSeen(tenant, name).length).toBe(2)
}

describe('a recurrence that no cron can say', () => {
  test('runs at its minute and at no other, in windows that are exact and replaced once they have run out', async ({ tenant }) => {
    await tenant.create(integration('export'))
    const from = soon()
    const all = [
      ...[65, 70, 85, 95, 110, 130, 145, 290, 725, 1435].map((every, index) => elapsed('byMinute', every, from + (index % 3) * minutes)),
      ...[25, 50, 7, 11].map((every, index) => elapsed('byHour', every, from + (index % 3) * minutes)),
      civil('every-three-days', { byDay: { every: 3 } }, { at: from + minutes, gap: 3 * days }),
      civil('every-two-weeks', { byWeek: { every: 2, days: [weekdayInKathmandu(from + 2 * minutes)] } }, { at: from + 2 * minutes, gap: 14 * days }),
    ]
    await tenant.create(...all.map(({ name, schedule }) => scheduled(name, schedule)))
    await Promise.all(all.map((repeated) => fires(tenant, repeated)))
    await sleep(Math.max(0, from + 3 * minutes + 10_000 - Date.now()))
    expect(all.map(({ name }) => [name, tenant.jobs(name).map(minuteOf)])).toEqual(all.map(({ name, at }) => [name, [at]]))
  })

  test('runs once at each of its times while it is moved from one to the next', async ({ tenant }) => {
    const first = soon()
    const times = [first, first + minutes, first + 2 * minutes]
    const moved = times.map((at) => ({ ...elapsed('byMinute', 65, at), name: 'moved' }))
    await tenant.create(integration('export'))
    for (const [index, repeated] of moved.entries()) {
      if (index === 0) await tenant.create(scheduled('moved', repeated.schedule))
      else await tenant.edit('moved', { schedule: repeated.schedule })
      await tenant.until('scheduledintegrations', 'moved', ({ status }) => Date.parse(status?.nextRunTime ?? '') === repeated.at)
      await expectExact(tenant, repeated, repeated.at - minutes)
      await tenant.untilJobs('moved', index + 1)
      await tenant.until('scheduledintegrations', 'moved', ({ status }) => Date.parse(status?.nextRunTime ?? '') === repeated.at + repeated.gap && status?.counts?.succeeded === index + 1)
      await expectExact(tenant, repeated, repeated.at)
    }
    expect(tenant.jobs('moved').map(minuteOf).toSorted((a, b) => a - b)).toEqual(times)
    const { status } = tenant.current('scheduledintegrations', 'moved')
    expect(status?.runs?.map(({ outcome }) => outcome)).toEqual(['Succeeded', 'Succeeded', 'Succeeded'])
    expect(expressionsSeen(tenant, 'moved').length, 'each window, and each that came after one').toBe(6)
  })
})

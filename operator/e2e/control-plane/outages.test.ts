import { describe, expect } from 'vitest'
import type { JsonObject } from '../../model/kubernetes.ts'
import { cron, everyMinute, integration, scheduled, startAt } from '../harness/manifests.ts'
import { type Tenant, sleep, test } from '../harness/tenant.ts'
import { type Told, allRanSince, latenessOf, minutesRun, toldOf, untilTold } from '../harness/told.ts'
import { minutes } from '../harness/watched.ts'
import { isMatch, isWindow } from '../harness/windows.ts'
import { timeline } from './timeline.ts'

// Occurrences at which the operator or kube-controller-manager is not there. In a cluster of their own: all other stories need both.

/** Every 65 minutes, with an occurrence at `at`: a window of this one. */
const window = (at: number): JsonObject => ({ recurrence: { byMinute: { every: 65 } }, ...startAt(at - 300 * 65 * minutes) })
const once = (at: number): JsonObject => ({ recurrence: { once: {} }, ...startAt(at) })
/** Twice an hour, `gap` minutes apart: the native deadline is 59 s for 1 and 90 s for 4. */
const twice = (at: number, gap: number): JsonObject => cron(`${new Date(at).getUTCMinutes()},${new Date(at + gap * minutes).getUTCMinutes()} * * * *`)

async function create(tenant: Tenant, schedules: Readonly<Record<string, readonly [schedule: JsonObject, spec?: JsonObject]>>): Promise<void> {
  await tenant.create(integration('export'))
  await tenant.create(...Object.entries(schedules).map(([name, [schedule, spec]]) => scheduled(name, schedule, spec)))
  await Promise.all(Object.keys(schedules).map((name) => tenant.untilReady(name, 'Scheduled')))
}

/** What each schedule tells of its minutes around this one. */
async function expectTold(tenant: Tenant, minute: number, expected: Readonly<Record<string, Told>>): Promise<void> {
  const names = Object.keys(expected)
  await Promise.all(names.map((name) => untilTold(tenant, name, Object.keys(expected[name] ?? {}).map((offset) => minute + Number(offset) * minutes))))
  expect(Object.fromEntries(names.map((name) => [name, toldOf(tenant, name, minute)]))).toEqual(expected)
}

/** A schedule of every minute has run each time since its CronJob is there, also at the last minute in question; but for what is said here. */
async function expectAllRan(tenant: Tenant, name: string, { minute, last, but = {} }: { readonly minute: number; readonly last: number; readonly but?: Told }): Promise<void> {
  await untilTold(tenant, name, [minute, last])
  const told = toldOf(tenant, name, minute)
  const through = Math.max(last, ...minutesRun(tenant, name))
  expect(told).toEqual({ ...allRanSince(tenant, name, { through, minute, told }), ...but })
}

const until = (instant: number) => sleep(Math.max(0, instant - Date.now()))

describe('over an occurrence', () => {
  test('the operator is killed: its window fires, it is told once when the operator is back, and the next window follows', async ({ tenant }) => {
    const { minute, over } = timeline().withoutOperator
    const tomorrow = startAt(minute + 24 * 60 * minutes).startDate
    await create(tenant, { last: [window(minute)], inside: [{ ...everyMinute, endDate: tomorrow }], once: [once(minute)] })
    await until(minute - 17_000)
    expect(['last', 'inside', 'once'].map((name) => isWindow(tenant.current('cronjobs', name)) && isMatch(tenant.current('cronjobs', name), minute))).toEqual([true, true, true])
    await until(minute + 14_000)
    expect(['last', 'inside', 'once'].map((name) => minutesRun(tenant, name).includes(minute)), 'without the operator').toEqual([true, true, true])
    expect(tenant.current('scheduledintegrations', 'last').status?.runs, 'nobody can have told it').toBeUndefined()
    await over
    await tenant.until('scheduledintegrations', 'last', ({ status }) => Date.parse(status?.exactUntil ?? '') === minute + 2 * 65 * minutes)
    expect(isMatch(tenant.current('cronjobs', 'last'), minute + 65 * minutes)).toBe(true)
    await tenant.untilReady('once', 'Completed')
    await until(minute + 30_000)
    await expectTold(tenant, minute, { last: { 0: 'ran' }, once: { 0: 'ran' } })
    await expectAllRan(tenant, 'inside', { minute, last: minute })
  })

  test('kube-controller-manager stands still for less than the deadline: each starts late, once, and by itself', async ({ tenant }) => {
    const { minute, over } = timeline().paused
    await create(tenant, { often: [everyMinute], window: [window(minute)], once: [once(minute)] })
    await over
    await until(minute + 35_000)
    await expectTold(tenant, minute, { window: { 0: 'ran' }, once: { 0: 'ran' } })
    await expectAllRan(tenant, 'often', { minute, last: minute })
    for (const name of ['often', 'window', 'once']) {
      expect(latenessOf(tenant, name, minute)).toBeGreaterThanOrEqual(14_000)
      expect(tenant.jobs(name).map(({ metadata }) => metadata.ownerReferences?.find(({ controller }) => controller === true)?.kind)).not.toContain('ScheduledIntegration')
    }
  })

  test('kube-controller-manager is away for less than the deadline: each starts late, once, and by itself', async ({ tenant }) => {
    const { minute, over } = timeline().withoutController
    await create(tenant, { window: [window(minute)], once: [once(minute + minutes)] })
    await over
    await until(minute + 150_000)
    await expectTold(tenant, minute, { window: { 0: 'ran' }, once: { 1: 'ran' } })
    expect(latenessOf(tenant, 'window', minute)).toBeGreaterThanOrEqual(129_000)
    for (const name of ['window', 'once']) expect(tenant.jobs(name).map(({ metadata }) => metadata.ownerReferences?.find(({ controller }) => controller === true)?.kind)).toEqual(['CronJob'])
  })

  test('kube-controller-manager is away for longer than the deadline: it starts late once, or is told as missed, as missedRunPolicy says', async ({ tenant }) => {
    const { minute, over } = timeline().withoutController
    const policy = (missedRunPolicy: string, rest: JsonObject = {}): JsonObject => ({ missedRunPolicy, ...rest })
    const one = twice(minute, 4)
    const two = twice(minute, 1)
    await create(tenant, {
      late: [one, policy('RunLatest')],
      skipped: [one, policy('Skip')],
      'too-late': [one, policy('RunAll', { startingDeadlineSeconds: 60 })],
      all: [two, policy('RunAll')],
    })
    await over
    await until(minute + 4 * minutes + 15_000)
    await expectTold(tenant, minute, {
      late: { 0: 'ran', 4: 'ran' },
      skipped: { 0: 'Missed NotStarted', 4: 'ran' },
      'too-late': { 0: 'Missed NotStarted', 4: 'ran' },
      all: { 0: 'ran', 1: 'ran' },
    })
    expect(latenessOf(tenant, 'all', minute), 'the oldest first').toBeLessThan(minutes + latenessOf(tenant, 'all', minute + minutes))
    expect(latenessOf(tenant, 'late', minute), 'when nobody else can start it any more').toBeGreaterThanOrEqual(180_000)
  })

  test('kube-controller-manager is away for longer than the deadline and two are lost: with RunLatest only the later one starts late, and the others go on', async ({ tenant }) => {
    const { minute, over } = timeline().withoutController
    const runLatest = { missedRunPolicy: 'RunLatest' }
    await create(tenant, { often: [everyMinute, runLatest], twice: [twice(minute, 1), runLatest] })
    await over
    await until(minute + 5 * minutes + 15_000)
    await expectTold(tenant, minute, { twice: { 0: 'Missed NotStarted', 1: 'ran' } })
    await expectAllRan(tenant, 'often', { minute, last: minute + 5 * minutes, but: { 0: 'Missed NotStarted' } })
  })
})

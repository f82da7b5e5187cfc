import { describe, expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { cursorOf } from '../plan/cursor.ts'
import { meanwhile } from './harness/admission.ts'
import { api } from './harness/api.ts'
import { cron, everyMinute, integration, onceAYear, scheduled } from './harness/manifests.ts'
import { type Tenant, minuteOf, nextMinute, sleep, test } from './harness/tenant.ts'
import { allRan, allRanSince, minutesRun, toldOf, untilTold } from './harness/told.ts'
import { minutes } from './harness/watched.ts'

// A schedule that is changed just before its minute, at it and after it: each occurrence has a run or a record that says why not,
// and no run starts that was not intended when it started.

const changed = [
  { name: 'twenty-seconds-before', offset: -20_000 },
  { name: 'one-second-before', offset: -1_000 },
  { name: 'at', offset: 0 },
  { name: 'one-second-after', offset: 1_000 },
]

const names = changed.map(({ name }) => name)

/** All at their time around a minute that is far enough away; with that minute, and when each change was sent. */
async function changeAround(tenant: Tenant, spec: JsonObject): Promise<{ readonly minute: number; readonly sent: ReadonlyMap<string, number> }> {
  const minute = Math.ceil((Date.now() + 35_000) / minutes) * minutes
  const sent = new Map<string, number>()
  await Promise.all(changed.map(async ({ name, offset }) => {
    await sleep(minute + offset - Date.now())
    sent.set(name, Date.now())
    await tenant.edit(name, spec)
  }))
  return { minute, sent }
}

async function create(tenant: Tenant, schedule: JsonObject, spec: JsonObject = {}): Promise<void> {
  await tenant.create(integration('export'))
  await tenant.create(...names.map((name) => scheduled(name, schedule, spec)))
  await Promise.all(names.map((name) => tenant.untilReady(name)))
}

interface Stopped {
  readonly minute: number
  readonly sent: ReadonlyMap<string, number>
  readonly reason: string
}

/** All ran before; what was due at the change ran or is told; nothing came after it. */
async function expectStopped(tenant: Tenant, { minute, sent, reason }: Stopped): Promise<void> {
  await sleep(minute + 2 * minutes + 15_000 - Date.now())
  await Promise.all(names.map((name) => untilTold(tenant, name, [minute])))
  const told = Object.fromEntries(names.map((name) => [name, toldOf(tenant, name, minute)]))
  const expected = names.map((name) => {
    const atMinute = told[name]?.[0] === 'ran' ? 'ran' : `Skipped ${reason}`
    return [name, { ...allRanSince(tenant, name, { through: Math.min(sent.get(name) ?? 0, minute - 1), minute, told: told[name] }), 0: atMinute }]
  })
  expect(told).toEqual(Object.fromEntries(expected))
  expect(minutesRun(tenant, 'twenty-seconds-before'), 'twenty seconds are enough').not.toContain(minute)
}

const floorOf = (tenant: Tenant, name: string): number => cursorOf(tenant.current('cronjobs', name))?.floor ?? NaN

/** Each minute ran that came after the operator saw the change, and none before. */
async function expectStarted(tenant: Tenant, minute: number, sent: ReadonlyMap<string, number>): Promise<void> {
  const through = minute + 2 * minutes
  await sleep(through + 10_000 - Date.now())
  await Promise.all(names.map((name) => untilTold(tenant, name, [through])))
  const told = Object.fromEntries(names.map((name) => [name, toldOf(tenant, name, minute)]))
  expect(told).toEqual(Object.fromEntries(names.map((name) => [name, allRan({ after: floorOf(tenant, name), through }, minute)])))
  for (const name of names) {
    const delay = floorOf(tenant, name) - (sent.get(name) ?? NaN)
    expect(delay, `${name}: the operator saw it when it was sent`).toBeGreaterThanOrEqual(0)
    expect(delay, `${name}: and soon`).toBeLessThan(15_000)
  }
}

describe('20 s before its minute, 1 s before, at it and 1 s after it', () => {
  test('a schedule is suspended: what was due has run or is told as skipped, and nothing runs any more', async ({ tenant }) => {
    await create(tenant, everyMinute)
    const { minute, sent } = await changeAround(tenant, { suspend: true })
    await Promise.all(names.map((name) => tenant.untilReady(name, 'Suspended')))
    await expectStopped(tenant, { minute, sent, reason: 'Suspended' })
  })

  test('a schedule is edited and does not intend that minute any more: what was due has run or is told as skipped, and nothing runs any more', async ({ tenant }) => {
    await create(tenant, everyMinute)
    const { minute, sent } = await changeAround(tenant, { schedule: onceAYear })
    await Promise.all(names.map((name) => tenant.untilReady(name, 'Scheduled')))
    await expectStopped(tenant, { minute, sent, reason: 'Edited' })
  })

  test('a schedule is edited and intends the same minutes: all of them run', async ({ tenant }) => {
    await create(tenant, everyMinute)
    const { minute } = await changeAround(tenant, { schedule: cron('*/1 * * * *') })
    const through = minute + 2 * minutes
    await sleep(through + 10_000 - Date.now())
    await Promise.all(names.map((name) => untilTold(tenant, name, [through])))
    const told = Object.fromEntries(names.map((name) => [name, toldOf(tenant, name, minute)]))
    expect(told).toEqual(Object.fromEntries(names.map((name) => [name, allRanSince(tenant, name, { through, minute, told: told[name] })])))
  })

  test('a schedule is enabled: each minute from then on runs', async ({ tenant }) => {
    await create(tenant, everyMinute, { suspend: true })
    const { minute, sent } = await changeAround(tenant, { suspend: false })
    await expectStarted(tenant, minute, sent)
  })

  test('a schedule is edited and intends each minute from then on: they run', async ({ tenant }) => {
    await create(tenant, onceAYear)
    const { minute, sent } = await changeAround(tenant, { schedule: everyMinute })
    await expectStarted(tenant, minute, sent)
  })
})

describe('while the CronJob controller is making the Job of its minute', () => {
  test.for<[string, JsonObject]>([
    ['suspended', { suspend: true }],
    ['edited', { schedule: onceAYear }],
  ])('a schedule is %s: that run is told and nothing else runs; once it is as before, each minute runs once', async ([_how, change], { tenant }) => {
    await tenant.create(integration('export'), scheduled('a', everyMinute))
    await tenant.untilReady('a', 'Scheduled')
    const minute = await caught(tenant, change)
    await sleep(minute + 2 * minutes + 15_000 - Date.now())
    await untilTold(tenant, 'a', [minute])
    const told = toldOf(tenant, 'a', minute)
    const before = allRanSince(tenant, 'a', { through: minute, minute, told })
    expect(told).toEqual(before)
    await tenant.edit('a', { suspend: false, schedule: everyMinute })
    await tenant.untilCronJob('a', ({ spec }) => spec.suspend === false && spec.schedule !== '59 23 31 12 *')
    await nextMinute()
    const through = await nextMinute()
    await sleep(15_000)
    await untilTold(tenant, 'a', [through])
    expect(toldOf(tenant, 'a', minute)).toEqual({ ...before, ...allRan({ after: floorOf(tenant, 'a'), through }, minute) })
  })
})

/** Changes the schedule `a` while the Job of its next minute is being made, and lets that go on once the CronJob is parked; with the minute. */
async function caught(tenant: Tenant, change: JsonObject): Promise<number> {
  const names: string[] = []
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'probe' }, spec: tenant.current('cronjobs', 'a').spec.jobTemplate['spec'] ?? {} }
  const probe = () => api.create(`${tenant.path('jobs')}?dryRun=All`, job)
  const act = async ({ metadata }: { readonly metadata: { readonly name: string } }) => {
    if (names.push(metadata.name) > 1) return
    await tenant.edit('a', change)
    await tenant.untilCronJob('a', ({ spec }) => spec.suspend === true)
  }
  return meanwhile(tenant, { resource: 'jobs', operation: 'CREATE', probe, act }, async () => {
    const [made] = await tenant.untilJobs('a', 1, (each) => each.metadata.name === names[0])
    if (made === undefined) throw new Error('no Job')
    return minuteOf(made)
  })
}

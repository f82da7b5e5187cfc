import { describe, expect } from 'vitest'
import type { Job } from '../model/kubernetes.ts'
import { everyMinute, cron, integration, onceAt, played, scheduled, soon } from './harness/manifests.ts'
import { jobsEver, overlapsOf, spanOf, untilAllOver, written } from './harness/runs.ts'
import { type Tenant, conditionOf, minuteOf, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'

// Resources that two runs must not use at the same time (design/runs.md section 2): many runs, and who comes when.

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_unused, index) => `${prefix}-${String(index).padStart(2, '0')}`)

function scheduleOf({ metadata }: Job): string {
  return metadata.labels?.['integration-scheduler.io/schedule'] ?? ''
}

/** Each lock is named as the Integration that needs it. */
function lockOf({ metadata }: Job): string {
  return metadata.labels?.['integration-scheduler.io/integration'] ?? ''
}

function startOf(job: Job): number {
  return spanOf(job)?.from ?? Infinity
}

/** The early one was there when the late one started. Seconds pass until everybody has seen a Job on a machine that is busy. */
function isOvertaken(early: Job, late: Job): boolean {
  return minuteOf(early) < minuteOf(late) && startOf(late) < startOf(early) && Date.parse(early.metadata.creationTimestamp) + 10_000 < startOf(late)
}

function overlapsByLock(jobs: readonly Job[]): readonly string[] {
  return [...Map.groupBy(jobs, lockOf).values()].flatMap(overlapsOf)
}

async function untilAllSucceeded(tenant: Tenant, schedules: readonly string[], count: number): Promise<void> {
  await Promise.all(schedules.map((name) => tenant.until('scheduledintegrations', name, ({ status }) => (status?.counts?.succeeded ?? 0) >= count, 10 * minutes)))
}

describe('an exclusive lock', () => {
  test('keeps the runs of twenty pairs of schedules apart that are due in the same minutes', async ({ tenant }) => {
    const pairs = numbered('pair', 20)
    const schedules = pairs.flatMap((pair) => [`${pair}-a`, `${pair}-b`])
    await tenant.create(...pairs.map((pair) => integration(pair, { locks: [{ name: `files/${pair}` }], pod: played({ runFor: '4s' }) })))
    await tenant.create(...schedules.map((name) => scheduled(name, everyMinute, { integrationRef: { name: name.slice(0, -2) } })))
    await untilAllSucceeded(tenant, schedules, 2)
    await Promise.all(schedules.map((name) => tenant.edit(name, { suspend: true })))
    const jobs = await untilAllOver(tenant, (all) => all.length >= 2 * schedules.length)
    expect(overlapsByLock(jobs)).toEqual([])
    const runs = Map.groupBy(jobs, (job) => `${scheduleOf(job)} ${minuteOf(job)}`)
    expect([...runs].filter(([, all]) => all.length > 1), 'each minute of a schedule has one run').toEqual([])
    const met = pairs.filter((pair) => new Set(jobs.filter((job) => lockOf(job) === pair).map(minuteOf)).size < jobs.filter((job) => lockOf(job) === pair).length)
    expect(met, 'both of each pair were due in the same minutes').toEqual(pairs)
  })

  test('lets fifty schedules of one minute run one after the other over five locks, before those of the next minute', async ({ tenant }) => {
    const at = soon(90_000)
    const locks = numbered('lock', 5)
    const first = locks.flatMap((lock) => numbered(`run-${lock}`, 10))
    const second = locks.map((lock) => `a-later-${lock}`)
    const ofLock = (name: string) => ({ integrationRef: { name: locks.find((lock) => name.includes(lock)) ?? '' } })
    await tenant.create(...locks.map((lock) => integration(lock, { locks: [{ name: `files/${lock}` }], pod: played({ runFor: '8s' }) })))
    await tenant.create(...first.map((name) => scheduled(name, onceAt(at), ofLock(name))), ...second.map((name) => scheduled(name, onceAt(at + minutes), ofLock(name))))
    await untilAllSucceeded(tenant, [...first, ...second], 1)
    const jobs = jobsEver(tenant)
    expect(jobs.map(scheduleOf).toSorted()).toEqual([...first, ...second].toSorted())
    expect(overlapsByLock(jobs)).toEqual([])
    const overtaken = jobs.flatMap((late) => jobs.filter((early) => lockOf(early) === lockOf(late) && isOvertaken(early, late)).map((early) => `${early.metadata.name} by ${late.metadata.name}`))
    expect(overtaken, 'the oldest scheduled time first').toEqual([])
    expect(jobs.some((job) => second.includes(scheduleOf(job)) && written(job, 'waiting') !== undefined), 'some of the next minute had to wait').toBe(true)
  })
})

test('shared locks overlap with each other, and never with an exclusive one', async ({ tenant }) => {
  const at = soon()
  const names = ['a-reading', 'b-reading', 'c-writing', 'd-reading', 'e-reading', 'f-writing']
  const using = (mode: string) => integration(mode.toLowerCase(), { locks: [{ name: 'files/people.csv', mode }], pod: played({ runFor: '10s' }) })
  await tenant.create(using('Shared'), using('Exclusive'))
  await tenant.create(...names.map((name) => scheduled(name, onceAt(at), { integrationRef: { name: name.endsWith('reading') ? 'shared' : 'exclusive' } })))
  await untilAllSucceeded(tenant, names, 1)
  const overlaps = overlapsOf(jobsEver(tenant))
  expect(overlaps.filter((text) => text.includes('writing'))).toEqual([])
  expect(overlaps.length, 'those that only read run side by side').toBeGreaterThan(0)
})

test('two schedules that share a lock and come close are told that they may have to wait, until one is suspended', async ({ tenant }) => {
  const using = (name: string, lock: string) => integration(name, { locks: [{ name: lock }], timeoutSeconds: 1200 })
  await tenant.create(using('reading', 'files/people.csv'), using('moving', 'files/people.csv'), using('apart', 'files/other.csv'))
  const names = ['reading', 'moving', 'apart']
  const daily = (name: string, index: number) => scheduled(name, cron(`${index * 16} 2 * * *`), { integrationRef: { name } })
  await tenant.create(...names.map(daily))
  const isCrowded = (name: string, status: 'True' | undefined) => tenant.until('scheduledintegrations', name, (schedule) => conditionOf(schedule, 'Crowded')?.status === status)
  const told = conditionOf(await isCrowded('reading', 'True'), 'Crowded')
  expect(told).toMatchObject({ reason: 'LockShared', message: expect.stringMatching(/files\/people\.csv with moving.*20 minutes: reading runs at \S+T02:00:00Z and moving at \S+T02:16:00Z/) })
  expect(conditionOf(await isCrowded('moving', 'True'), 'Crowded')?.message).toContain('with reading')
  await tenant.untilReady('apart', 'Scheduled')
  expect(conditionOf(tenant.current('scheduledintegrations', 'apart'), 'Crowded')).toBeUndefined()
  await tenant.edit('moving', { suspend: true })
  await isCrowded('reading', undefined)
  await isCrowded('moving', undefined)
})

import { describe, expect } from 'vitest'
import type { Job, JsonObject } from '../model/kubernetes.ts'
import { api } from './harness/api.ts'
import { everyMinute, integration, onceAYear, onceAt, played, scheduled, soon } from './harness/manifests.ts'
import { annotate, jobNameAt } from './harness/raw.ts'
import { createByHand, imageOf, isStarted, overlapsOf, runsEver, spanOf, untilAllOver, untilEvent, untilOver, untilRecord, untilStarted, written } from './harness/runs.ts'
import { type Tenant, minuteOf, nextMinute, sleep, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'

// What becomes of a run that is due while another one is in progress (design/runs.md section 2).

/** A schedule `a` whose runs take so long. */
async function create(tenant: Tenant, runFor: string, spec: JsonObject, schedule: JsonObject = everyMinute): Promise<void> {
  await tenant.create(integration('export', { pod: played({ runFor }) }), scheduled('a', schedule, spec))
  await tenant.untilReady('a', 'Scheduled')
}

/** Names of the Jobs of a run and of those of the next minutes. */
function following(job: Job | undefined, count: number): readonly string[] {
  if (job === undefined) throw new Error('no Job')
  return Array.from({ length: count }, (_unused, index) => jobNameAt('a', minuteOf(job) + (index + 1) * minutes))
}

/** Every version of a Job was held back. */
function neverStarted(tenant: Tenant, job: string): boolean {
  return tenant.versions('jobs', job).every((version) => version === undefined || (version.spec.suspend === true && version.status?.startTime === undefined))
}

function uidsOf(tenant: Tenant, job: string): number {
  return new Set(tenant.versions('jobs', job).flatMap((version) => version?.metadata.uid ?? [])).size
}

describe('a run that is due while the one before is in progress', () => {
  test('runs beside it by default', async ({ tenant }) => {
    await create(tenant, '75s', {})
    await untilOver(tenant, 'a', 2)
    expect(overlapsOf(runsEver(tenant, 'a')).length).toBeGreaterThan(0)
  })

  test('is skipped with overlapPolicy Skip: told, never started, deleted, and not made again', async ({ tenant }) => {
    await create(tenant, '75s', { overlapPolicy: 'Skip' })
    const [first] = await tenant.untilJobs('a', 1)
    const [skipped = '', next = ''] = following(first, 2)
    const record = await untilRecord(tenant, 'a', skipped)
    expect(record).toMatchObject({ outcome: 'Skipped', reason: 'StillRunning', message: expect.stringContaining(first?.metadata.name ?? '') })
    await untilStarted(tenant, next)
    await tenant.untilGone('jobs', skipped, 5 * minutes)
    await annotate(tenant, 'a')
    await nextMinute()
    await sleep(5_000)
    expect({ starts: !neverStarted(tenant, skipped), Jobs: uidsOf(tenant, skipped), isThere: tenant.find('jobs', skipped) !== undefined }).toEqual({ starts: false, Jobs: 1, isThere: false })
    expect(overlapsOf(runsEver(tenant, 'a'))).toEqual([])
    await untilEvent(tenant, 'RunSkipped', ({ message }) => message.includes('was not over'))
  })

  test('waits with overlapPolicy Queue, at most one of them: the youngest', async ({ tenant }) => {
    await create(tenant, '130s', { overlapPolicy: 'Queue' })
    const [first] = await tenant.untilJobs('a', 1)
    const [dropped = ''] = following(first, 1)
    const waiting = await untilRecord(tenant, 'a', dropped, ({ outcome, reason }) => outcome === 'Waiting' && reason !== undefined)
    expect(waiting).toMatchObject({ reason: 'WaitingForPrevious', message: expect.stringContaining(first?.metadata.name ?? '') })
    expect(await untilRecord(tenant, 'a', dropped)).toMatchObject({ outcome: 'Skipped', reason: 'Superseded', message: expect.stringContaining('took its place') })
    const [second] = await tenant.untilJobs('a', 1, (job) => job.metadata.uid !== first?.metadata.uid && isStarted(job), 6 * minutes)
    if (second === undefined) throw new Error('no second run')
    await tenant.untilJobs('a', 1, (job) => minuteOf(job) > minuteOf(second) && written(job, 'waiting') !== undefined)
    await tenant.edit('a', { suspend: true })
    await tenant.untilReady('a', 'Suspended')
    const youngest = runsEver(tenant, 'a').at(-1)?.metadata.name ?? ''
    expect(await untilRecord(tenant, 'a', youngest), 'the one that waits is dropped').toMatchObject({ outcome: 'Skipped', reason: 'Suspended' })
    expect(await untilRecord(tenant, 'a', second.metadata.name)).toMatchObject({ outcome: 'Succeeded' })
    expect(overlapsOf(runsEver(tenant, 'a'))).toEqual([])
    expect([neverStarted(tenant, dropped), neverStarted(tenant, youngest)]).toEqual([true, true])
  })

  test('takes its place with overlapPolicy Replace: the one before is stopped first', async ({ tenant }) => {
    await create(tenant, '100s', { overlapPolicy: 'Replace' })
    const [first] = await tenant.untilJobs('a', 1)
    const before = first?.metadata.name ?? ''
    expect(await untilRecord(tenant, 'a', before)).toMatchObject({ outcome: 'Replaced', reason: 'NextRunStarted', message: expect.stringContaining('took its place') })
    const [successor] = await tenant.untilJobs('a', 1, (job) => job.metadata.name !== before && isStarted(job))
    if (successor === undefined) throw new Error('no successor')
    expect(tenant.find('jobs', before), 'the Job before is gone with its pods before the next one starts').toBeUndefined()
    const stopped = tenant.versions('jobs', before).findLast((version) => version !== undefined)
    expect(spanOf(successor)?.from).toBeGreaterThanOrEqual(Date.parse(stopped?.metadata.deletionTimestamp ?? ''))
    await tenant.edit('a', { suspend: true })
    await untilRecord(tenant, 'a', successor.metadata.name)
    const { status } = await tenant.untilReady('a', 'Suspended')
    expect(status?.counts?.replaced).toBeGreaterThanOrEqual(1)
  })
})

describe('a Job that is made of the CronJob by hand', () => {
  test('obeys overlapPolicy Skip', async ({ tenant }) => {
    await create(tenant, '75s', { overlapPolicy: 'Skip' }, onceAYear)
    await createByHand(tenant, 'first', 'a')
    await untilStarted(tenant, 'first')
    await createByHand(tenant, 'second', 'a')
    expect(await untilRecord(tenant, 'a', 'second')).toMatchObject({ outcome: 'Skipped', reason: 'StillRunning' })
    expect(await untilRecord(tenant, 'a', 'first')).toMatchObject({ outcome: 'Succeeded' })
    await createByHand(tenant, 'third', 'a')
    expect(await untilRecord(tenant, 'a', 'third')).toMatchObject({ outcome: 'Succeeded' })
    expect(neverStarted(tenant, 'second')).toBe(true)
  })

  test('obeys overlapPolicy Queue, also while the schedule is suspended', async ({ tenant }) => {
    await create(tenant, '15s', { overlapPolicy: 'Queue' }, onceAYear)
    await tenant.edit('a', { suspend: true })
    await tenant.untilReady('a', 'Suspended')
    for (const name of ['first', 'second']) await createByHand(tenant, name, 'a')
    const jobs = await untilAllOver(tenant, (all) => all.length === 2)
    expect(jobs.map((job) => spanOf(job) !== undefined)).toEqual([true, true])
    expect(overlapsOf(jobs)).toEqual([])
  })

  test('waits for a lock that another run has, says so, and runs then', async ({ tenant }) => {
    await tenant.create(integration('export', { locks: [{ name: 'files/out.csv' }], pod: played({ runFor: '75s' }) }), scheduled('a', onceAYear), scheduled('b', onceAYear))
    await Promise.all(['a', 'b'].map((name) => tenant.untilReady(name)))
    await createByHand(tenant, 'first', 'a')
    await untilStarted(tenant, 'first')
    await createByHand(tenant, 'second', 'b')
    const waiting = await tenant.until('jobs', 'second', (job) => written(job, 'waiting') !== undefined)
    expect(written(waiting, 'waiting')).toMatchObject({ reason: 'WaitingForLock', lock: 'files/out.csv', holder: 'first' })
    expect(await untilRecord(tenant, 'b', 'second')).toMatchObject({ outcome: 'Succeeded' })
    expect(overlapsOf(tenant.all('jobs'))).toEqual([])
    const { message } = await untilEvent(tenant, 'WaitingForLock', ({ involvedObject }) => involvedObject.name === 'b')
    expect(message).toMatch(/files\/out\.csv.*first/)
  })

  test('of a schedule that is not in order is held, and says why', async ({ tenant }) => {
    await create(tenant, '1s', {}, onceAYear)
    await api.remove(tenant.path('integrations', 'export'))
    await tenant.untilStalled('a', 'IntegrationNotFound')
    await createByHand(tenant, 'by-hand', 'a')
    expect(await untilRecord(tenant, 'a', 'by-hand')).toMatchObject({ outcome: 'Skipped', reason: 'NotReady', message: expect.stringContaining('condition Ready') })
    expect(neverStarted(tenant, 'by-hand')).toBe(true)
  })
})

describe('a run that waits for a lock', () => {
  test.for<[string, JsonObject, (tenant: Tenant) => Promise<unknown>, string]>([
    ['whose schedule is suspended', {}, (tenant) => tenant.edit('a', { suspend: true }), 'Suspended'],
    ['whose schedule is moved to another time', {}, (tenant) => tenant.edit('a', { schedule: { startDate: '2098-01-01' } }), 'Edited'],
    ['whose schedule is deleted', {}, (tenant) => api.remove(tenant.path('scheduledintegrations', 'a')), 'ScheduleDeleted'],
    ['whose schedule is not in order any more', {}, (tenant) => api.remove(tenant.path('integrations', 'export')), 'NotReady'],
    ['for longer than maxWaitSeconds', { maxWaitSeconds: 5 }, async () => undefined, 'WaitedTooLong'],
  ])('%s is dropped', async ([_what, spec, change, reason], { tenant }) => {
    const locks = [{ name: 'files/out.csv' }]
    await tenant.create(integration('export', { locks }), integration('long', { locks, pod: played({ runFor: '1h' }) }))
    await tenant.create(scheduled('holder', onceAYear, { integrationRef: { name: 'long' } }))
    await tenant.untilReady('holder')
    await createByHand(tenant, 'holding', 'holder')
    await untilStarted(tenant, 'holding')
    const at = soon()
    await tenant.create(scheduled('a', onceAt(at), spec))
    const job = jobNameAt('a', at)
    await tenant.until('jobs', job, (run) => written(run, 'waiting') !== undefined)
    await change(tenant)
    const skipped = await tenant.until('jobs', job, (run) => written(run, 'skipped') !== undefined)
    expect(written(skipped, 'skipped')).toMatchObject({ outcome: 'Skipped', reason })
    if (reason !== 'ScheduleDeleted') expect(await untilRecord(tenant, 'a', job)).toMatchObject({ outcome: 'Skipped', reason })
    await api.remove(tenant.path('jobs', 'holding'))
    await tenant.untilGone('jobs', 'holding')
    await sleep(10_000)
    expect(neverStarted(tenant, job), 'also when the lock is free').toBe(true)
  })

  test('starts with the template and parameters that it was made with, and later ones with the new', async ({ tenant }) => {
    const at = soon()
    const locks = [{ name: 'files/out.csv' }]
    await tenant.create(integration('export', { locks }), integration('long', { locks, pod: played({ runFor: '1h' }) }))
    await tenant.create(scheduled('holder', onceAYear, { integrationRef: { name: 'long' } }), scheduled('a', everyMinute))
    await tenant.untilReady('holder')
    await createByHand(tenant, 'holding', 'holder')
    await sleep(Math.max(0, at - Date.now()))
    const [early] = await tenant.untilJobs('a', 1, (job) => written(job, 'waiting') !== undefined)
    if (early === undefined) throw new Error('no Job')
    await tenant.change('integrations', 'export', { spec: { container: { image: 'registry.example.com/integration:2' } } })
    await tenant.untilCronJob('a', ({ spec }) => JSON.stringify(spec.jobTemplate).includes('integration:2'))
    await api.remove(tenant.path('jobs', 'holding'))
    const changed = await nextMinute()
    await untilRecord(tenant, 'a', early.metadata.name)
    const late = jobNameAt('a', changed + minutes)
    await untilRecord(tenant, 'a', late)
    const images = [early.metadata.name, late].map((name) => imageOf(runsEver(tenant, 'a').find(({ metadata }) => metadata.name === name) ?? early))
    expect(images).toEqual(['registry.example.com/integration:1', 'registry.example.com/integration:2'])
  })
})

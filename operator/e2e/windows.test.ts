import { expect } from 'vitest'
import { everyMinute, integration, scheduled, startAt } from './harness/manifests.ts'
import { conditionOf, minuteOf, nextMinute, sleep, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'
import { firstDifference } from './harness/windows.ts'

// Schedules whose CronJob must not be the obvious expression, because it would match more than is intended.

const once = { recurrence: { once: {} } }
const text = (instant: number) => new Date(instant).toISOString().replace('.000Z', 'Z')

test('a single run in the next minutes starts exactly once, and then the CronJob is parked for good', async ({ tenant }) => {
  const at = Math.ceil(Date.now() / minutes + 0.5) * minutes
  await tenant.create(integration('export'), scheduled('single', { ...once, ...startAt(at) }))
  const armed = await tenant.untilReady('single', 'Scheduled')
  expect(armed.status?.nextRuns).toEqual([text(at)])
  const [job] = await tenant.untilJobs('single', 1)
  expect(job && minuteOf(job)).toBe(at)
  const completed = await tenant.untilReady('single', 'Completed', 6 * minutes)
  expect(conditionOf(completed, 'Active')).toMatchObject({ status: 'False', reason: 'Completed' })
  expect(completed.status?.nextRuns).toBeUndefined()
  const parked = await tenant.untilCronJob('single', ({ spec }) => spec.suspend === true)
  await tenant.until('scheduledintegrations', 'single', ({ status }) => status?.counts?.succeeded === 1)
  // Whatever wakes the CronJob controller now.
  await tenant.change('cronjobs', 'single', { metadata: { annotations: { 'example.com/note': 'woken' } } })
  await nextMinute()
  await sleep(5_000)
  expect(tenant.jobs('single').length).toBe(1)
  expect(tenant.current('cronjobs', 'single').spec).toEqual(parked.spec)
})

test('single runs in the same minute of many schedules each start exactly once', async ({ tenant }) => {
  const at = Math.ceil(Date.now() / minutes + 1) * minutes
  const names = Array.from({ length: 20 }, (_unused, index) => `single-${index}`)
  await tenant.create(integration('export'), ...names.map((name) => scheduled(name, { ...once, ...startAt(at) })))
  await Promise.all(names.map((name) => tenant.untilReady(name, 'Completed', 8 * minutes)))
  expect(names.map((name) => tenant.jobs(name).map(minuteOf))).toEqual(names.map(() => [at]))
})

test('a single run whose time had passed before it was applied never starts, and says so', async ({ tenant }) => {
  const at = Math.floor(Date.now() / minutes) * minutes
  await tenant.create(integration('export'), scheduled('late', { ...once, ...startAt(at - minutes) }))
  const expired = await tenant.untilReady('late', 'Expired')
  expect(conditionOf(expired, 'Active')).toMatchObject({ status: 'False', reason: 'Expired' })
  await nextMinute()
  await sleep(10_000)
  expect(tenant.jobs('late')).toEqual([])
})

test('a single run is moved by an edit: it starts once, at its new time', async ({ tenant }) => {
  const at = Math.ceil(Date.now() / minutes + 1) * minutes
  await tenant.create(integration('export'), scheduled('moved', { ...once, ...startAt(at) }))
  await tenant.untilReady('moved', 'Scheduled')
  await tenant.edit('moved', { schedule: { ...once, ...startAt(at + minutes) } })
  await tenant.untilReady('moved', 'Completed', 8 * minutes)
  expect(tenant.jobs('moved').map(minuteOf)).toEqual([at + minutes])
})

test('a schedule that starts tomorrow starts nothing today, though its expression would match every minute', async ({ tenant }) => {
  const midnight = (Math.floor(Date.now() / (24 * 60 * minutes)) + 1) * 24 * 60 * minutes
  const { startDate } = startAt(midnight)
  await tenant.create(integration('export'), scheduled('tomorrow', { ...everyMinute, startDate }))
  const ready = await tenant.untilReady('tomorrow', 'Scheduled')
  expect(ready.status?.nextRuns?.slice(0, 2)).toEqual([text(midnight), text(midnight + minutes)])
  await nextMinute()
  await nextMinute()
  if (Date.now() < midnight) expect(tenant.jobs('tomorrow')).toEqual([])
})

test('a schedule of every minute that ends today runs until then, and says up to when its CronJob is exact', async ({ tenant }) => {
  const midnight = (Math.floor(Date.now() / (24 * 60 * minutes)) + 1) * 24 * 60 * minutes
  const { startDate: endDate } = startAt(Date.now())
  await tenant.create(integration('export'), scheduled('today', { ...everyMinute, endDate }))
  await tenant.untilReady('today')
  if (Date.now() < midnight - 5 * minutes) {
    // In the last hour of the day its window holds all that is left, and is exact until it would be a match again, in a year.
    const span = { after: Date.now() + minutes, through: midnight + 24 * 60 * minutes }
    const differenceNow = () => firstDifference(tenant.current('cronjobs', 'today'), (minute) => minute < midnight, span)
    const isSaid = (exactUntil: string) => (differenceNow() === undefined ? Date.parse(exactUntil) > midnight + 300 * 24 * 60 * minutes : Date.parse(exactUntil) === differenceNow())
    await tenant.until('scheduledintegrations', 'today', ({ status }) => isSaid(status?.exactUntil ?? ''))
    const jobs = await tenant.untilJobs('today', 2)
    expect(new Set(jobs.map(minuteOf)).size).toBe(jobs.length)
  }
})

test('a schedule whose end has passed starts nothing', async ({ tenant }) => {
  await tenant.create(integration('export'), scheduled('over', { ...everyMinute, startDate: '2020-01-01', endDate: '2020-12-31' }))
  const over = await tenant.untilReady('over')
  expect(conditionOf(over, 'Active')).toMatchObject({ status: 'False' })
  await nextMinute()
  await sleep(10_000)
  expect(tenant.jobs('over')).toEqual([])
})

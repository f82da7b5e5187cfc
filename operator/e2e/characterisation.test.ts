import { describe, expect } from 'vitest'
import { api, decoded } from './harness/api.ts'
import { annotate, controlledBy, createCronJob, createJob, daily, jobNameAt, lastScheduled, minutesOf, untilFired } from './harness/raw.ts'
import { type Tenant, nextMinute, sleep, test } from './harness/tenant.ts'
import { type LiveEvent, minutes } from './harness/watched.ts'

// What kube-controller-manager itself does, without the operator. The planner is built upon it (design/time.md section 2): where a
// version of Kubernetes does otherwise, a test here fails and says what has to be thought over.

const everyMinute = '* * * * *'
const onNewYearsEve = '59 23 31 12 *'

describe('the CronJob controller', () => {
  test('names a Job after its minute, and writes down that it was there', async ({ tenant }) => {
    await nextMinute()
    const uid = await createCronJob(tenant, 'plain', { schedule: everyMinute })
    const minute = await nextMinute()
    await untilFired(tenant, 'plain', minute)
    await tenant.untilCronJob('plain', () => lastScheduled(tenant, 'plain') === minute)
    const { metadata } = tenant.current('jobs', jobNameAt('plain', minute))
    expect(metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']).toBe(new Date(minute).toISOString().replace('.000Z', 'Z'))
    expect(metadata.ownerReferences).toEqual([{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'plain', uid, controller: true, blockOwnerDeletion: true }])
  })

  test('does nothing about a CronJob that is suspended, whatever else is written to it', async ({ tenant }) => {
    await createCronJob(tenant, 'suspended', { schedule: everyMinute, suspend: true })
    await nextMinute()
    await annotate(tenant, 'suspended')
    await sleep(5_000)
    expect(minutesOf(tenant, 'suspended')).toEqual([])
    expect(tenant.current('cronjobs', 'suspended').status).toEqual({})
  })

  test('fires a minute that has passed when an edit makes it a match, as soon as another write wakes it within the deadline', async ({ tenant }) => {
    const deadlines = { unbounded: {}, bounded: { startingDeadlineSeconds: 200 }, short: { startingDeadlineSeconds: 10 }, asleep: {} }
    const names = Object.keys(deadlines)
    for (const [name, spec] of Object.entries(deadlines)) await createCronJob(tenant, name, { schedule: onNewYearsEve, ...spec })
    const passed = await nextMinute()
    await sleep(15_000)
    await Promise.all(names.map((name) => tenant.change('cronjobs', name, { spec: { schedule: daily(passed) } })))
    await sleep(10_000)
    expect(names.map((name) => minutesOf(tenant, name)), 'the edit alone wakes it at the next match only').toEqual([[], [], [], []])
    await Promise.all(['unbounded', 'bounded', 'short'].map((name) => annotate(tenant, name)))
    await Promise.all(['unbounded', 'bounded'].map((name) => untilFired(tenant, name, passed)))
    await sleep(10_000)
    expect(names.map((name) => minutesOf(tenant, name))).toEqual([[passed], [passed], [], []])
  })

  test('fires the latest minute that has passed at once when it is released, unless the deadline is over', async ({ tenant }) => {
    const deadlines = { unbounded: {}, bounded: { startingDeadlineSeconds: 200 }, short: { startingDeadlineSeconds: 10 } }
    for (const [name, spec] of Object.entries(deadlines)) await createCronJob(tenant, name, { schedule: everyMinute, suspend: true, ...spec })
    await nextMinute()
    const passed = await nextMinute()
    await sleep(15_000)
    await Promise.all(Object.keys(deadlines).map((name) => tenant.change('cronjobs', name, { spec: { suspend: false } })))
    await untilFired(tenant, 'short', passed + minutes)
    await Promise.all(['unbounded', 'bounded'].map((name) => untilFired(tenant, name, passed + minutes)))
    const [atOnce, bounded, onTime] = Object.keys(deadlines).map((name) => minutesOf(tenant, name))
    expect([atOnce, bounded, onTime]).toEqual([[passed, passed + minutes], [passed, passed + minutes], [passed + minutes]])
    const born = tenant.current('jobs', jobNameAt('unbounded', passed)).metadata.creationTimestamp
    expect(Date.parse(born), 'not with the next minute').toBeLessThan(passed + minutes)
  })

  test('takes two matches that it was not there for as the beginning of equal gaps, and may fire neither; a deadline that leaves one fires it', async ({ tenant }) => {
    const first = await minuteBefore(59)
    const second = first + minutes
    const schedule = `${new Date(first).getUTCMinutes()},${new Date(second).getUTCMinutes()} ${new Date(first).getUTCHours()} * * *`
    await createCronJob(tenant, 'both', { schedule, suspend: true })
    await createCronJob(tenant, 'latest', { schedule, suspend: true, startingDeadlineSeconds: 100 })
    await sleep(second + 75_000 - Date.now())
    await Promise.all(['both', 'latest'].map((name) => tenant.change('cronjobs', name, { spec: { suspend: false } })))
    await untilFired(tenant, 'latest', second)
    await sleep(10_000)
    expect([minutesOf(tenant, 'both'), minutesOf(tenant, 'latest')]).toEqual([[], [second]])
  })

  test('delays a run with concurrencyPolicy Forbid until the one before has ended, and takes a suspended Job for one that runs', async ({ tenant }) => {
    await nextMinute()
    await createCronJob(tenant, 'forbid', { schedule: everyMinute, concurrencyPolicy: 'Forbid' })
    const first = await nextMinute()
    await untilFired(tenant, 'forbid', first)
    await nextMinute()
    await sleep(10_000)
    expect(minutesOf(tenant, 'forbid')).toEqual([first])
    await api.remove(tenant.path('jobs', jobNameAt('forbid', first)))
    await untilFired(tenant, 'forbid', first + minutes)
    expect(Date.now(), 'not with the next minute').toBeLessThan(first + 2 * minutes)
  })

  test('starts nothing, and says nothing, when another object has the name of the Job', async ({ tenant }) => {
    const coming = await comingMinute()
    await createCronJob(tenant, 'blocked', { schedule: daily(coming) })
    await createJob(tenant, jobNameAt('blocked', coming))
    await sleep(coming + 20_000 - Date.now())
    await annotate(tenant, 'blocked')
    await sleep(5_000)
    expect(tenant.all('jobs').map(({ metadata }) => [metadata.name, metadata.ownerReferences])).toEqual([[jobNameAt('blocked', coming), undefined]])
    expect(lastScheduled(tenant, 'blocked')).toBeUndefined()
    expect(await eventsOf(tenant, 'blocked')).toEqual([])
  })

  test('never repairs that a Job of its own is there of which it has not written down: it looks it up without a namespace', async ({ tenant }) => {
    const coming = await comingMinute()
    const uid = await createCronJob(tenant, 'forgotten', { schedule: daily(coming) })
    await createJob(tenant, jobNameAt('forgotten', coming), { ownerReferences: [controlledBy('forgotten', uid)] })
    await sleep(coming + 20_000 - Date.now())
    await annotate(tenant, 'forgotten')
    await sleep(5_000)
    expect(tenant.all('jobs').length).toBe(1)
    expect(lastScheduled(tenant, 'forgotten'), 'a controller whose repair works says that it was there').toBeUndefined()
  })
})

/** The next minute, when there is a whole one before it. */
async function comingMinute(): Promise<number> {
  return (await nextMinute()) + minutes
}

/** The same, and not this minute of an hour. */
async function minuteBefore(minute: number): Promise<number> {
  const coming = await comingMinute()
  return new Date(coming).getUTCMinutes() === minute ? coming + minutes : coming
}

async function eventsOf(tenant: Tenant, name: string): Promise<readonly string[]> {
  const { items } = decoded<{ items: readonly LiveEvent[] }>(await api.get(tenant.path('events')))
  return items.filter(({ involvedObject }) => involvedObject.kind === 'CronJob' && involvedObject.name === name).map(({ reason }) => reason)
}

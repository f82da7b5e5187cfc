import { readFile, rm, writeFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import type { Job } from '../../model/kubernetes.ts'
import { everyMinute, integration, played, scheduled } from '../harness/manifests.ts'
import { isGone, operatorFile, operatorPid, untilOperatorReady } from '../harness/operator-process.ts'
import { retried } from '../harness/install.ts'
import { isComplete } from '../harness/real.ts'
import { overlapsOf, runsEver, spanOf, untilRecord } from '../harness/runs.ts'
import { minuteOf, nextMinute, sleep, test } from '../harness/tenant.ts'
import { eventually, minutes } from '../harness/watched.ts'

// After the stories that need the operator, and alone: here it is away for minutes.

/** Resolves with when the operator was let back, once it is ready. */
async function withoutOperator(story: () => Promise<void>): Promise<number> {
  await writeFile(operatorFile('hold'), '')
  let back = 0
  const pid = await operatorPid()
  try {
    process.kill(pid, 'SIGTERM')
    const asked = Date.now()
    while (!isGone(pid)) await sleep(50)
    expect(Date.now() - asked, 'it stops when it is asked to').toBeLessThan(10_000)
    // What it said last may still be on its way into the file.
    await retried(async () => expect((await readFile(operatorFile('log'), 'utf8')).trimEnd().split('\n').at(-1)).toContain('"msg":"operator stopped"'), minutes)
    await story()
  } finally {
    back = Date.now()
    await rm(operatorFile('hold'))
  }
  await untilOperatorReady(pid)
  return back
}

describe('while the operator is away', { concurrent: false }, () => {
  test('runs go on, also one whose schedule is deleted, and are told when it is back, each once', async ({ tenant }) => {
    await nextMinute() // no match falls between a schedule and its CronJob
    await tenant.create(integration('export'), scheduled('often', everyMinute), scheduled('suspended', everyMinute, { suspend: true }))
    await tenant.create(integration('working', { pod: played({ runFor: '30s' }) }), scheduled('deleted', everyMinute, { integrationRef: { name: 'working' } }))
    await tenant.untilReady('deleted', 'Scheduled')
    await tenant.untilReady('often', 'Scheduled')
    await tenant.untilReady('suspended', 'Suspended')
    const back = await withoutOperator(async () => {
      const away = Date.now()
      const [unseen] = await tenant.untilJobs('deleted', 1, ({ status, metadata }) => (status?.active ?? 0) > 0 && Date.parse(metadata.creationTimestamp) > away)
      expect(await tenant.kubectl('delete', 'sint', 'deleted', '--timeout=60s')).toMatchObject({ code: 0 })
      await tenant.untilGone('cronjobs', 'deleted')
      await tenant.until('jobs', unseen?.metadata.name ?? '', isComplete)
      await tenant.untilJobs('often', 2, isComplete)
      await tenant.edit('suspended', { suspend: false })
      await sleep(5_000)
      expect(tenant.jobs('suspended')).toEqual([])
    })
    const jobs = tenant.jobs('often')
    const { status } = await tenant.until('scheduledintegrations', 'often', ({ status: { runs = [] } = {} }) => runs.every(({ outcome }) => outcome === 'Succeeded') && jobs.every(({ metadata }) => runs.some(({ jobUID }) => jobUID === metadata.uid)))
    const told = status?.runs?.map(({ scheduledTime }) => Date.parse(scheduledTime ?? '')) ?? []
    expect(new Set(told).size, 'one record for each minute').toBe(told.length)
    expect(status?.counts).toEqual({ succeeded: told.length })
    expect(jobs.map(minuteOf).every((minute) => told.includes(minute))).toBe(true)
    const [first] = await tenant.untilJobs('suspended', 1)
    expect(first && minuteOf(first)).toBeGreaterThan(back)
  })

  test('runs that need a lock wait, and run in the order of their times when it is back; one that is too late by then is missed', async ({ tenant }) => {
    const names = ['b-locked', 'a-locked']
    await tenant.create(integration('export', { locks: [{ name: 'files/out.csv' }], pod: played({ runFor: '2s' }) }), integration('free'))
    await tenant.create(...names.map((name) => scheduled(name, everyMinute)))
    await tenant.create(scheduled('impatient', everyMinute, { integrationRef: { name: 'free' }, overlapPolicy: 'Skip', startingDeadlineSeconds: 30 }))
    for (const name of [...names, 'impatient']) await tenant.untilReady(name, 'Scheduled')
    const held = { waiting: new Array<Job>(), tooLate: '' }
    await withoutOperator(async () => {
      const away = Date.now()
      const unseen = (schedule: string) => runsEver(tenant, schedule).filter(({ metadata }) => Date.parse(metadata.creationTimestamp) > away)
      held.waiting = await eventually(['jobs'], () => (Date.now() > away + 3 * minutes ? names.flatMap(unseen) : undefined), { within: 4 * minutes, state: () => '' })
      held.tooLate = unseen('impatient')[0]?.metadata.name ?? ''
      expect(names.map((name) => unseen(name).length >= 2), 'Jobs are made all the same').toEqual([true, true])
      expect([...held.waiting, ...unseen('impatient')].filter((job) => job.spec.suspend !== true || spanOf(job) !== undefined), 'and none of them starts').toEqual([])
    })
    const ran = await Promise.all(held.waiting.map(({ metadata }) => tenant.until('jobs', metadata.name, isComplete)))
    expect(overlapsOf(ran)).toEqual([])
    const started = ran.toSorted((a, b) => (spanOf(a)?.from ?? 0) - (spanOf(b)?.from ?? 0)).map(({ metadata }) => metadata.name)
    expect(started).toEqual(ran.toSorted((a, b) => minuteOf(a) - minuteOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1)).map(({ metadata }) => metadata.name))
    expect(await untilRecord(tenant, 'impatient', held.tooLate)).toMatchObject({ outcome: 'Missed', reason: 'OperatorDown' })
  })
})

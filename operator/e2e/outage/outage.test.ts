import { readFile, rm, writeFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { everyMinute, integration, played, scheduled } from '../harness/manifests.ts'
import { isGone, operatorFile, operatorPid, untilOperatorReady } from '../harness/operator-process.ts'
import { isComplete } from '../harness/real.ts'
import { minuteOf, sleep, test } from '../harness/tenant.ts'

// After the stories that need the operator, and alone: here it is away for minutes.

test('runs go on while the operator is away, also one whose schedule is deleted, and are told when it is back, each once', async ({ tenant }) => {
  await tenant.create(integration('export'), scheduled('often', everyMinute), scheduled('suspended', everyMinute, { suspend: true }))
  await tenant.create(integration('working', { pod: played({ runFor: '30s' }) }), scheduled('deleted', everyMinute, { integrationRef: { name: 'working' } }))
  await tenant.untilReady('deleted', 'Scheduled')
  await tenant.untilReady('often', 'Scheduled')
  await tenant.untilReady('suspended', 'Suspended')
  await writeFile(operatorFile('hold'), '')
  let back = 0
  const pid = await operatorPid()
  try {
    process.kill(pid, 'SIGTERM')
    const asked = Date.now()
    while (!isGone(pid)) await sleep(50)
    expect(Date.now() - asked, 'it stops when it is asked to').toBeLessThan(10_000)
    expect((await readFile(operatorFile('log'), 'utf8')).trimEnd().split('\n').at(-1)).toContain('"msg":"operator stopped"')
    const away = Date.now()
    const [unseen] = await tenant.untilJobs('deleted', 1, ({ status, metadata }) => (status?.active ?? 0) > 0 && Date.parse(metadata.creationTimestamp) > away)
    expect(await tenant.kubectl('delete', 'sint', 'deleted', '--timeout=60s')).toMatchObject({ code: 0 })
    await tenant.untilGone('cronjobs', 'deleted')
    await tenant.until('jobs', unseen?.metadata.name ?? '', isComplete)
    await tenant.untilJobs('often', 2, isComplete)
    await tenant.edit('suspended', { suspend: false })
    await sleep(5_000)
    expect(tenant.jobs('suspended')).toEqual([])
  } finally {
    back = Date.now()
    await rm(operatorFile('hold'))
  }
  await untilOperatorReady(pid)
  const jobs = tenant.jobs('often')
  const { status } = await tenant.until('scheduledintegrations', 'often', (schedule) => jobs.every(({ metadata }) => schedule.status?.runs?.some(({ jobUID, outcome }) => jobUID === metadata.uid && outcome === 'Succeeded')))
  const told = status?.runs?.map(({ scheduledTime }) => Date.parse(scheduledTime ?? '')) ?? []
  expect(new Set(told).size, 'one record for each minute').toBe(told.length)
  expect(status?.counts).toEqual({ succeeded: told.length })
  expect(jobs.map(minuteOf).every((minute) => told.includes(minute))).toBe(true)
  const [first] = await tenant.untilJobs('suspended', 1)
  expect(first && minuteOf(first)).toBeGreaterThan(back)
})

import { describe, expect, it } from 'vitest'
import { hour, minute } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { at, integration, lease, objectsOf, schedule } from '../testing/builders.ts'
import { objectOf, objectsIn, textOf } from '../testing/json-reading.ts'
import { VirtualCluster } from '../testing/virtual-cluster.ts'

const begin = '2026-03-02T09:50:00Z'

async function hourly(): Promise<VirtualCluster> {
  const owner = schedule({ created: begin, spec: { schedule: { recurrence: { cron: '0 * * * *' } } } })
  const life = await VirtualCluster.started({ now: at(begin) }, objectsOf({ schedule: owner, integration: integration(), lease }))
  await life.runUntil(at('2026-03-02T10:10:00Z'))
  return life
}

/** Somebody does something while the operator is away from 10:10 to 12:20. */
async function whileAway(deed: (life: VirtualCluster) => void): Promise<VirtualCluster> {
  const life = await hourly()
  life.operator.crash()
  await life.runFor(minute)
  deed(life)
  await life.runUntil(at('2026-03-02T12:20:00Z'))
  life.operator.start()
  await life.runFor(hour)
  return life
}

function told({ server }: VirtualCluster): readonly string[] {
  const { runs } = objectOf(server.get('scheduledintegrations', 'nightly')?.status)
  return objectsIn(runs).map(({ scheduledTime, outcome, reason }) => `${textOf(scheduledTime).slice(11, 16)} ${textOf(outcome)} ${textOf(reason)}`.trim()).toReversed()
}

const lost = ['10:00 Succeeded', '11:00 Missed CronJobLost', '12:00 Missed CronJobLost', '13:00 Succeeded']

describe('what a schedule intended while its CronJob was lost', () => {
  it.each<[string, (life: VirtualCluster) => void]>([
    ['deleted', ({ server }) => server.delete('cronjobs', 'nightly')],
    ['given another expression', (life) => life.edit('cronjobs', 'nightly', (spec): JsonObject => ({ ...spec, schedule: '30 3 * * *' }))],
  ])('is missed for that reason, and not made up for: it was %s', async (_name, deed) => {
    expect(told(await whileAway(deed))).toEqual(lost)
  })

  it('ran all the same, and is told so, when only the cursor was lost', async () => {
    const life = await whileAway(({ server }) => server.modify('cronjobs', 'nightly', (object) => ({ ...object, metadata: { ...object.metadata, annotations: {} } })))
    expect(told(life)).toEqual(['10:00 Succeeded', '11:00 Succeeded', '12:00 Succeeded', '13:00 Succeeded'])
  })

  it('is not told of a schedule that was suspended meanwhile', async () => {
    const life = await whileAway((cluster) => {
      cluster.server.delete('cronjobs', 'nightly')
      cluster.edit('scheduledintegrations', 'nightly', (spec) => ({ ...spec, suspend: true }))
    })
    expect(told(life)).toEqual(['10:00 Succeeded'])
  })
})

it('what a schedule wanted between two changes, while its CronJob was not armed again yet, is skipped', async () => {
  const minutely = schedule({ created: begin, spec: { schedule: { recurrence: { cron: '* * * * *' } } } })
  const life = await VirtualCluster.started({ now: at(begin) }, objectsOf({ schedule: minutely, integration: integration(), lease }))
  const suspend = (value: boolean) => life.edit('scheduledintegrations', 'nightly', (spec) => ({ ...spec, suspend: value }))
  await life.runUntil(at('2026-03-02T09:52:50Z'))
  suspend(true) // parked, and undecided until 09:54:20
  await life.runFor(5_000)
  suspend(false)
  await life.runUntil(at('2026-03-02T09:54:05Z'))
  suspend(true)
  await life.runFor(10 * minute)
  expect(told(life)).toEqual(['09:51 Succeeded', '09:52 Succeeded', '09:53 Skipped Suspended', '09:54 Skipped Suspended'])
})

import { expect } from 'vitest'
import { api } from './harness/api.ts'
import { everyMinute, integration, onceAYear, scheduled } from './harness/manifests.ts'
import { type Tenant, test } from './harness/tenant.ts'
import { type LiveEvent, eventually, minutes, watched } from './harness/watched.ts'

// Events mark transitions. They are written at best effort: one that was still to be written when the operator was killed (which
// another story does) is lost, so what is to be told is provoked again.

async function untilTold(tenant: Tenant, reason: string, provoke: () => Promise<unknown>): Promise<LiveEvent> {
  const look = () => watched('events').all(tenant.namespace).find((event) => event.reason === reason)
  const state = () => `no event ${reason}, but ${watched('events').all(tenant.namespace).map((event) => event.reason).join(', ')}`
  for (let attempt = 1; ; attempt++) {
    await provoke()
    const found = await eventually(['events'], look, { within: 2 * minutes, state }).catch((error: unknown) => error)
    if (!(found instanceof Error)) return look() ?? Promise.reject(new Error(state()))
    if (attempt === 3) throw found
  }
}

test('events tell that a schedule is set up, disabled and at fault, and what was put right', async ({ tenant }) => {
  await tenant.create(integration('export'))
  let made = 0
  const scheduledEvent = await untilTold(tenant, 'Scheduled', async () => tenant.create(scheduled(`a-${made++}`, onceAYear)))
  expect(scheduledEvent).toMatchObject({ type: 'Normal', involvedObject: { kind: 'ScheduledIntegration' } })
  const suspendedEvent = await untilTold(tenant, 'Suspended', async () => tenant.create(scheduled(`b-${made++}`, onceAYear, { suspend: true })))
  expect(suspendedEvent).toMatchObject({ type: 'Normal' })
  const missing = await untilTold(tenant, 'IntegrationNotFound', async () => tenant.create(scheduled(`c-${made++}`, onceAYear, { integrationRef: { name: 'nobody' } })))
  expect(missing).toMatchObject({ type: 'Warning', message: expect.stringContaining('"nobody"') })
  await tenant.untilReady('a-0', 'Scheduled')
  const repaired = await untilTold(tenant, 'DriftRepaired', async () => {
    await tenant.untilCronJob('a-0')
    await api.remove(tenant.path('cronjobs', 'a-0'))
  })
  expect(repaired).toMatchObject({ type: 'Warning', message: expect.stringContaining('deleted'), involvedObject: { name: 'a-0' } })
})

test('an event tells how a run ended', async ({ tenant }) => {
  await tenant.create(integration('export'))
  let made = 0
  const event = await untilTold(tenant, 'RunSucceeded', async () => {
    const name = `often-${made++}`
    await tenant.create(scheduled(name, everyMinute))
    await tenant.until('scheduledintegrations', name, ({ status }) => (status?.counts?.succeeded ?? 0) > 0)
  })
  expect(event).toMatchObject({ type: 'Normal', message: expect.stringMatching(/^run often-\d-\d{8}-\d{4} succeeded$/) })
})

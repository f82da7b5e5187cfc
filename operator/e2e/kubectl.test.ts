import { expect } from 'vitest'
import { cron, integration, onceAYear, scheduled } from './harness/manifests.ts'
import { jobNameAt } from './harness/raw.ts'
import { untilRecord } from './harness/runs.ts'
import { nextMinute, test } from './harness/tenant.ts'

// Everything works with plain kubectl.

test('kubectl wait sees a schedule become ready, and one that cannot', async ({ tenant }) => {
  await tenant.apply(integration('export'), scheduled('good', onceAYear), scheduled('bad', onceAYear, { integrationRef: { name: 'nobody' } }))
  const [good, bad, integrations] = await Promise.all([
    tenant.kubectl('wait', '--for=condition=Ready', 'sint/good', '--timeout=120s'),
    tenant.kubectl('wait', '--for=condition=Stalled', 'scheduledintegration/bad', '--timeout=120s'),
    tenant.kubectl('wait', '--for=condition=Ready', 'integ/export', '--timeout=120s'),
  ])
  expect([good.code, bad.code, integrations.code]).toEqual([0, 0, 0])
  expect(good.stdout).toContain('condition met')
})

test('kubectl get tells in columns when a schedule runs, how it ran last, and why it does not', async ({ tenant }) => {
  await tenant.apply(
    integration('export'),
    scheduled('yearly', cron('30 2 1 1 *', { timeZone: 'Europe/Berlin' })),
    scheduled('off', onceAYear, { suspend: true }),
    scheduled('homeless', onceAYear, { integrationRef: { name: 'nobody' } }),
    scheduled('often', cron('* * * * *')),
  )
  await tenant.untilReady('yearly')
  await tenant.untilReady('off')
  await tenant.untilStalled('homeless', 'IntegrationNotFound')
  await tenant.untilReady('often')
  const minute = await nextMinute()
  await untilRecord(tenant, 'often', jobNameAt('often', minute))
  // The next minute may be near: another run is not to begin while the rows are read.
  await tenant.edit('often', { suspend: true })
  await tenant.untilReady('often', 'Suspended')
  await tenant.until('scheduledintegrations', 'often', ({ status }) => status?.runs?.[0]?.outcome === 'Succeeded')
  const rows = (await tenant.kubectl('get', 'sint')).stdout.split('\n').map((line) => line.split(/ {2,}/))
  const row = (name: string) => rows.find(([first]) => first === name)
  expect(rows[0]).toEqual(['NAME', 'SCHEDULE', 'SUSPENDED', 'LAST', 'NEXT', 'READY', 'AGE'].map((title) => title))
  expect(row('yearly')?.slice(2, 3)).toEqual(['false'])
  expect(row('yearly')?.join(' ')).toMatch(/20\d\d-01-01T01:30:00Z/)
  expect(row('off')?.[2]).toBe('true')
  expect(row('homeless')?.join(' ')).toContain('False')
  expect(row('often')?.join(' ')).toContain('Succeeded')
  const wide = (await tenant.kubectl('get', 'sint', '--output=wide')).stdout
  expect(wide).toContain('IntegrationNotFound')
  expect(wide).toContain('Europe/Berlin')
  const all = (await tenant.kubectl('get', 'integration-scheduler', '--output=name')).stdout.trim().split('\n')
  expect(all, 'the category has all kinds').toEqual(expect.arrayContaining(['integration.integration-scheduler.io/export', 'scheduledintegration.integration-scheduler.io/often']))
})

test('a tenant that is deleted goes whole, with its runs', async ({ tenant }) => {
  await tenant.create(integration('export'), scheduled('often', cron('* * * * *')))
  await tenant.untilJobs('often', 1)
  await tenant.until('scheduledintegrations', 'often', ({ status }) => (status?.counts?.succeeded ?? 0) > 0)
  const { code, stderr } = await tenant.kubectl('delete', 'namespace', tenant.namespace, '--timeout=300s')
  expect({ code, stderr }).toMatchObject({ code: 0 })
  await tenant.kubectl('create', 'namespace', tenant.namespace)
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { decoded } from './harness/api.ts'
import { root, run } from './harness/command.ts'
import type { Manifest } from './harness/manifests.ts'
import { type Tenant, conditionOf, test } from './harness/tenant.ts'

// What a user applies first to copy a tenant: the examples, with the namespaces of the story in place of acme and acme-test.

interface Tenants {
  readonly source: Tenant
  readonly target: Tenant
}

function exampleOf(file: string, { source, target }: Tenants): readonly Manifest[] {
  const text = readFileSync(join(root, 'examples', file), 'utf8')
  const placed = text.replaceAll(/namespace: acme-test\b/g, `namespace: ${target.namespace}`).replaceAll(/namespace: acme$/gm, `namespace: ${source.namespace}`)
  return parseAllDocuments(placed).map((document) => decoded<Manifest>(document.toJS()))
}

const untilDone = (target: Tenant, request: string | undefined) =>
  target.until('tenantclones', 'from-acme', ({ metadata, status }) =>
    status?.observedGeneration === metadata.generation && conditionOf({ status }, 'Ready')?.status === 'True' && status?.lastRequest?.id === request)

test('a tenant is granted, cloned and refreshed as the examples say, and nothing of the copy runs', async ({ tenant: target, other: source }) => {
  const tenants = { source, target }
  await source.apply(...exampleOf('payroll-export.yaml', tenants), ...exampleOf('tenants/clone-grant.yaml', tenants))
  await source.untilReady('payroll-weekly', 'Scheduled')
  await target.apply(...exampleOf('tenants/tenant-clone.yaml', tenants))
  expect((await untilDone(target, undefined)).status).toMatchObject({ summary: { created: 2 } })
  await target.untilReady('payroll-weekly', 'Suspended')
  expect(target.current('cronjobs', 'payroll-weekly').spec.suspend).toBe(true)

  const { stdout } = await target.kubectl('get', 'sint', 'payroll-weekly', '--output', 'json')
  const { spec, metadata } = JSON.parse(stdout)
  expect(spec).toMatchObject({ suspend: true, runName: 'test-payroll' })
  expect(spec.parameters).toEqual(expect.arrayContaining([{ name: 'payPeriod', value: 'Previous' }, { name: 'dryRun', value: 'true' }]))
  expect(metadata.labels).toEqual({ 'integration-scheduler.io/clone': 'from-acme' })

  await source.edit('payroll-weekly', { maxWaitSeconds: 60 })
  await target.apply(...exampleOf('tenants/tenant-clone-refresh.yaml', tenants))
  expect((await untilDone(target, '2026-12-07-a')).status).toMatchObject({ summary: { updated: 1 } })
  const refreshed = await target.kubectl('get', 'sint', 'payroll-weekly', '--output', 'jsonpath={.spec.maxWaitSeconds} {.spec.suspend} {.spec.runName}')
  expect(refreshed.stdout).toBe('60 true test-payroll')
})

test('the example of a clone is refused without the example of a grant, and says nothing of its source', async ({ tenant: target, other: source }) => {
  const tenants = { source, target }
  await source.apply(...exampleOf('payroll-export.yaml', tenants))
  await target.apply(...exampleOf('tenants/tenant-clone.yaml', tenants))
  const { status } = await target.until('tenantclones', 'from-acme', (clone) => conditionOf(clone, 'Authorized')?.status === 'False')
  expect(conditionOf({ status }, 'Authorized')).toMatchObject({ reason: 'NoGrant', message: `no CloneGrant in namespace ${source.namespace} allows this` })
  expect(JSON.stringify(status)).not.toContain('payroll')
  expect(target.all('scheduledintegrations')).toEqual([])
})

test('each file of examples/tenants passes for a manifest in preview as well', async () => {
  for (const file of ['clone-grant', 'tenant-clone', 'tenant-clone-refresh']) {
    const path = join(root, `examples/tenants/${file}.yaml`)
    expect(await run(process.execPath, [join(root, 'dist/kubectl-integrations.mjs'), 'preview', '--filename', path])).toMatchObject({ code: 0, stderr: '' })
  }
})

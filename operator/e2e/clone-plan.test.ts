import { join } from 'node:path'
import { expect } from 'vitest'
import { type Result, root, run } from './harness/command.ts'
import { type Manifest, cloneGrant, integration, integrationSet, onceAYear, scheduled, tenantClone } from './harness/manifests.ts'
import { type Tenant, conditionOf, test } from './harness/tenant.ts'

// `kubectl integrations clone plan` tells before what the operator does after.

const plugin = join(root, 'dist/kubectl-integrations.mjs')

function plan(target: Tenant, args: readonly string[], input = ''): Promise<Result> {
  return run(process.execPath, [plugin, 'clone', 'plan', ...args, '--namespace', target.namespace], input)
}

/** Kind, name and result of each object that is told. */
const rows = ({ stdout }: Result): readonly string[] =>
  stdout.split('\n').filter((line) => /^(Integration|IntegrationSet|ScheduledIntegration) /.test(line)).map((line) => line.split(/ {3,}/).slice(0, 3).join(' ')).toSorted()

const resultOf: Readonly<Record<string, string>> = { WouldCreate: 'Created', WouldUpdate: 'Updated', WouldResuspend: 'Resuspended' }
const asDone = (row: string): string => row.replace(/Would\w+/, (result) => resultOf[result] ?? result)

async function untilDone(target: Tenant, id?: string): Promise<readonly string[]> {
  const done = await target.until('tenantclones', 'from-source', (clone) => conditionOf(clone, 'Ready')?.status === 'True' && clone.status?.progress === undefined && clone.status?.lastRequest?.id === id)
  return (done.status?.items ?? []).filter(({ result }) => result !== 'Unchanged').map(({ kind, name, result }) => `${kind} ${name} ${result}`).toSorted()
}

test('a plan of a file, and of a request to reset, is what the operator then does, and writes nothing', async ({ tenant: source, other: target }) => {
  await source.create(cloneGrant('allow', [target.namespace]), integration('export'), integrationSet('nightly', ['export', 'again'], { schedule: onceAYear }), scheduled('yearly', onceAYear), scheduled('there', onceAYear))
  await target.create(scheduled('there', onceAYear, { suspend: true }))
  const clone = (spec = {}): Manifest => tenantClone('from-source', source.namespace, spec)

  const first = await plan(target, ['--filename', '-'], JSON.stringify(clone()))
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(rows(first)).toEqual(['Integration export WouldCreate', 'IntegrationSet nightly WouldCreate', 'ScheduledIntegration there Skipped', 'ScheduledIntegration yearly WouldCreate'])
  expect(target.all('integrations')).toEqual([])
  await target.apply(clone())
  expect(await untilDone(target)).toEqual(rows(first).map(asDone))

  await target.edit('yearly', { suspend: false })
  await source.edit('yearly', { runName: 'changed' })
  const reset = clone({ request: { id: 'reset', action: 'Reset' } })
  const second = await plan(target, ['--filename', '-'], JSON.stringify(reset))
  expect(rows(second)).toContain('ScheduledIntegration yearly WouldResuspend')
  expect(target.current('scheduledintegrations', 'yearly').spec).toMatchObject({ suspend: false })
  await target.apply(reset)
  expect(await untilDone(target, 'reset')).toEqual(rows(second).map(asDone))
  expect(rows(await plan(target, ['from-source']))).toEqual(['ScheduledIntegration there Skipped'])
})

test('a plan without a grant says that nothing would be copied, whether there is such a namespace or not', async ({ tenant: source, other: target }) => {
  await source.create(integration('export'))
  const answers = await Promise.all([source.namespace, `${source.namespace}-not-there`].map(async (namespace) => {
    const { code, stdout } = await plan(target, ['--filename', '-'], JSON.stringify(tenantClone('from-source', namespace)))
    return { code, stdout: stdout.replaceAll(namespace, 'SOURCE') }
  }))
  expect(answers).toEqual(answers.map(() => ({ code: 1, stdout: `TenantClone ${target.namespace}/from-source of namespace SOURCE: Clone\nnothing would be copied: no CloneGrant in namespace SOURCE allows this\n` })))
})

test('a plan needs something to plan', async ({ tenant }) => {
  const answers = await Promise.all([plan(tenant, []), plan(tenant, ['x', '--filename', '-']), plan(tenant, ['nobody']), plan(tenant, ['--filename', '-'], JSON.stringify(integration('export')))])
  expect(answers.map(({ code, stdout }) => [code, stdout])).toEqual(answers.map(() => [2, '']))
  expect(answers[2]?.stderr).toBe(`kubectl-integrations: there is no TenantClone nobody in namespace ${tenant.namespace}\n`)
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { api, decoded, pathOf } from './harness/api.ts'
import { type Result, kubectl, output, root, run } from './harness/command.ts'
import { retried } from './harness/install.ts'
import { type Manifest, integration, integrationSet, onceAYear, scheduled } from './harness/manifests.ts'
import { clusterOfKubeconfig, kubeconfigWith } from './harness/operator-child.ts'
import { type Tenant, conditionOf, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'

// `kubectl integrations enable` and `disable`, as a person calls them.

const plugin = join(root, 'dist/kubectl-integrations.mjs')

function integrations(tenant: Tenant, ...args: readonly string[]): Promise<Result> {
  return run(process.execPath, [plugin, ...args, '--namespace', tenant.namespace])
}

/** Without the line of titles: title, result and note of each schedule. */
const rows = ({ stdout }: Result): readonly (readonly string[])[] => stdout.trim().split('\n').slice(1).map((line) => line.split(/ {3,}/))

const labelled = (manifest: Manifest, labels: JsonObject): Manifest => ({ ...manifest, metadata: Object.assign({ labels }, manifest.metadata) })

async function uidOf(tenant: Tenant): Promise<string> {
  const { metadata } = decoded<{ metadata: { uid: string } }>(await api.get(pathOf('namespaces', undefined, tenant.namespace)))
  return metadata.uid
}

test('a schedule is enabled, and disabled again, each once', async ({ tenant }) => {
  await tenant.create(integration('export'), scheduled('yearly', onceAYear, { suspend: true }))
  await tenant.untilCronJob('yearly', ({ spec }) => spec.suspend === true)

  expect(await integrations(tenant, 'enable', 'yearly', '--dry-run')).toMatchObject({ code: 0, stdout: expect.stringContaining('enabled (dry run)') })
  expect(await api.get(tenant.path('scheduledintegrations', 'yearly'))).toMatchObject({ spec: { suspend: true } })

  expect(rows(await integrations(tenant, 'enable', 'yearly'))).toEqual([['sint/yearly', 'enabled']])
  await tenant.untilCronJob('yearly', ({ spec }) => spec.suspend === false)
  expect(rows(await integrations(tenant, 'enable', 'yearly'))).toEqual([['sint/yearly', 'enabled already']])
  const enabled = await tenant.until('scheduledintegrations', 'yearly', (schedule) => conditionOf(schedule, 'Active')?.status === 'True')
  expect(enabled.metadata.annotations?.['integration-scheduler.io/activate']).toBe(await uidOf(tenant))

  expect(rows(await integrations(tenant, 'disable', 'yearly'))).toEqual([['sint/yearly', 'disabled']])
  await tenant.untilCronJob('yearly', ({ spec }) => spec.suspend === true)
  expect(rows(await integrations(tenant, 'disable', 'yearly'))).toEqual([['sint/yearly', 'disabled already']])
  const managers = await kubectl('get', 'sint', 'yearly', '--namespace', tenant.namespace, '--show-managed-fields', '--output=jsonpath={.metadata.managedFields[*].manager}')
  expect(managers.split(' ')).toEqual(expect.arrayContaining(['integrations-enable', 'integrations-disable']))
})

test('schedules are enabled by label, and all together, with sets that have a schedule', async ({ tenant }) => {
  const off = { suspend: true }
  await tenant.create(
    integration('export'),
    labelled(scheduled('a', onceAYear, off), { team: 'payroll' }),
    labelled(integrationSet('b', ['export', 'export-again'], { schedule: onceAYear, ...off }), { team: 'payroll' }),
    labelled(integrationSet('c', ['export', 'export-again']), { team: 'payroll' }),
    scheduled('d', onceAYear, off),
  )
  expect(rows(await integrations(tenant, 'enable', '--selector', 'team=payroll'))).toEqual([['sint/a', 'enabled'], ['iset/b', 'enabled']])
  expect(rows(await integrations(tenant, 'enable', '--all'))).toEqual([['sint/a', 'enabled already'], ['sint/d', 'enabled'], ['iset/b', 'enabled already']])
  expect(rows(await integrations(tenant, 'disable', 'iset/b', 'd'))).toEqual([['iset/b', 'disabled'], ['sint/d', 'disabled']])
})

test('what cannot be done is told, and the exit code says so', async ({ tenant }) => {
  await tenant.create(integration('export'), scheduled('a', onceAYear, { suspend: true }))
  const some = await integrations(tenant, 'enable', 'nobody', 'a')
  expect(some.code).toBe(1)
  expect(rows(some)).toEqual([['nobody', 'failed', `there is no such schedule in namespace ${tenant.namespace}`], ['sint/a', 'enabled']])
  const wrong = await Promise.all([
    integrations(tenant, 'enable'),
    integrations(tenant, 'enable', 'a', '--all'),
    integrations(tenant, 'disable', '--selector', 'team=nobody'),
    integrations(tenant, 'disable', '--selector', 'team in'),
    run(process.execPath, [plugin, 'enable', '--all', '--namespace', `${tenant.namespace}-not-there`]),
    integrations(tenant, 'enable', 'a', '--context', 'not-there'),
  ])
  expect(wrong.map(({ code, stdout }) => [code, stdout])).toEqual(wrong.map(() => [2, '']))
  expect(wrong[4]?.stderr).toBe(`kubectl-integrations: there is no namespace ${tenant.namespace}-not-there\n`)
})

test('a tenant that is restored from a dump is held, and activated at once but for what was suspended in it', async ({ tenant, other }) => {
  await tenant.create(integration('export'), scheduled('on', onceAYear), scheduled('off', onceAYear, { suspend: true }))
  await tenant.until('scheduledintegrations', 'on', ({ metadata }) => metadata.annotations?.['integration-scheduler.io/home'] !== undefined)
  const dump = await output('kubectl', ['get', 'integ,sint', '--namespace', tenant.namespace, '--output=yaml'])
  await output('kubectl', ['apply', '--filename', '-'], dump.replaceAll(`namespace: ${tenant.namespace}`, `namespace: ${other.namespace}`))
  await other.until('scheduledintegrations', 'on', (schedule) => conditionOf(schedule, 'Active')?.reason === 'CopiedFromAnotherTenant')

  expect(rows(await integrations(other, 'enable', '--all', '--keep-suspended'))).toEqual([['sint/off', 'left suspended'], ['sint/on', 'enabled']])
  await other.untilCronJob('on', ({ spec }) => spec.suspend === false)
  await other.until('scheduledintegrations', 'on', ({ metadata }) => metadata.annotations?.['integration-scheduler.io/home'] === metadata.annotations?.['integration-scheduler.io/activate'])
  expect(other.current('scheduledintegrations', 'off').spec).toMatchObject({ suspend: true })
  expect(rows(await integrations(other, 'enable', '--all', '--keep-suspended'))).toEqual([['sint/off', 'left suspended'], ['sint/on', 'enabled already']])
})

test('the role edit of the tenant is all it takes, and is of no use elsewhere', async ({ tenant, other, onTestFinished }) => {
  await tenant.create(integration('export'), scheduled('a', onceAYear, { suspend: true }))
  await other.create(integration('export'), scheduled('a', onceAYear, { suspend: true }))
  await tenant.kubectl('create', 'serviceaccount', 'editor')
  await tenant.kubectl('create', 'rolebinding', 'editor', '--clusterrole=edit', `--serviceaccount=${tenant.namespace}:editor`)
  const folder = await mkdtemp(join(tmpdir(), 'editor-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const kubeconfig = join(folder, 'kubeconfig')
  const { stdout: token } = await tenant.kubectl('create', 'token', 'editor')
  await writeFile(kubeconfig, kubeconfigWith(await clusterOfKubeconfig(), { token: token.trim() }), { mode: 0o600 })
  const asEditor = (of: Tenant, ...args: readonly string[]) => integrations(of, ...args, '--kubeconfig', kubeconfig)
  // kube-controller-manager adds our kinds to the role some time after they were installed.
  const done = await retried(async () => {
    const result = await asEditor(tenant, 'enable', 'a')
    if (result.code !== 0) throw new Error(result.stdout + result.stderr)
    return result
  }, minutes)
  expect(rows(done)).toEqual([['sint/a', 'enabled']])
  expect(await asEditor(other, 'enable', 'a')).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be read') })
  expect(await asEditor(other, 'disable', 'a')).toMatchObject({ code: 1, stdout: expect.stringContaining('forbidden') })
})

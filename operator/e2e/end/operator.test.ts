import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { decoded } from '../harness/api.ts'
import { operatorRequests } from '../harness/audit-log.ts'
import { kubectl } from '../harness/command.ts'
import { namespace } from '../harness/install.ts'
import { operatorFile } from '../harness/operator-process.ts'

// After all other stories, whatever they did.

interface Line {
  readonly level: string
  readonly msg: string
}

async function logLines(): Promise<readonly Line[]> {
  const text = existsSync(operatorFile('log')) ? await readFile(operatorFile('log'), 'utf8') : await kubectl('logs', '--namespace', namespace, '--selector=app.kubernetes.io/name=integration-scheduler', '--tail=-1')
  return text.split('\n').filter((line) => line !== '').map((line) => decoded<Line>(JSON.parse(line)))
}

test('the operator has logged no error', async () => {
  const lines = await logLines()
  expect(lines.map(({ msg }) => msg)).toContain('operator started')
  expect(lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
})

test('the rights of the chart were enough for everything that the operator did', async () => {
  const asked = await operatorRequests(0)
  expect(asked.filter(({ verb, resource }) => verb === 'create' && resource === 'cronjobs').length, 'the log is the right one').toBeGreaterThan(0)
  expect(asked.filter(({ isForbidden }) => isForbidden)).toEqual([])
})

test('the operator asked for nothing but its own resources, and for no Secret', async () => {
  const asked = await operatorRequests(0)
  const resources = new Set(asked.map(({ resource }) => resource))
  const own = ['integrations', 'scheduledintegrations', 'integrationsets', 'integrationruns', 'tenantclones', 'jobs'].flatMap((name) => [name, `${name}/status`])
  expect([...resources].filter((resource) => ![...own, 'clonegrants', 'cronjobs', 'leases', 'events', 'pods', 'namespaces'].includes(resource))).toEqual([])
  expect(asked.filter(({ verb, resource }) => resource === 'pods' && verb !== 'list'), 'pods are only looked at').toEqual([])
  expect(asked.filter(({ verb, resource }) => resource === 'namespaces' && !['get', 'list', 'watch'].includes(verb)), 'namespaces are only read').toEqual([])
})

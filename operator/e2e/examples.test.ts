import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { decoded } from './harness/api.ts'
import { root, run } from './harness/command.ts'
import type { Manifest } from './harness/manifests.ts'
import { conditionOf, test } from './harness/tenant.ts'

// What a user applies first.

const folder = join(root, 'examples')
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))

test.for(files)('the example %s is accepted, previewed and scheduled as it is', async (file, { tenant }) => {
  const path = join(folder, file)
  const manifests = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => decoded<Manifest>(document.toJS()))
  const namesOf = (wanted: string) => manifests.filter(({ kind }) => kind === wanted).map(({ metadata }) => metadata.name)
  const [schedules, sets] = [namesOf('ScheduledIntegration'), namesOf('IntegrationSet')]
  expect([...schedules, ...sets]).not.toEqual([])
  expect(await run(process.execPath, [join(root, 'dist/kubectl-integrations.mjs'), 'preview', '--filename', path])).toMatchObject({ code: 0, stderr: '' })
  expect(await tenant.kubectl('apply', '--filename', path)).toMatchObject({ code: 0, stderr: '' })
  for (const name of schedules) {
    const ready = await tenant.untilReady(name)
    expect(ready.status?.nextRuns?.length).toBeGreaterThan(0)
    // The first example is for those who want to see a run soon.
    if (name !== 'hello-every-minute') expect(conditionOf(ready, 'Crowded'), 'an example to follow').toBeUndefined()
  }
  for (const name of sets) {
    const ready = await tenant.until('integrationsets', name, (set) => conditionOf(set, 'Ready')?.status === 'True')
    expect(ready.status?.nextRuns?.length).toBeGreaterThan(0)
  }
  expect(await tenant.kubectl('delete', '--filename', path, '--timeout=60s')).toMatchObject({ code: 0 })
  for (const name of [...schedules, ...sets.map((set) => `${set}-set`)]) await tenant.untilGone('cronjobs', name)
})

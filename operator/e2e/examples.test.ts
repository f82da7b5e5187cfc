import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { decoded } from './harness/api.ts'
import { root, run } from './harness/command.ts'
import type { Manifest } from './harness/manifests.ts'
import { test } from './harness/tenant.ts'

// What a user applies first.

const folder = join(root, 'examples')
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))

test.for(files)('the example %s is accepted, previewed and scheduled as it is', async (file, { tenant }) => {
  const path = join(folder, file)
  const manifests = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => decoded<Manifest>(document.toJS()))
  const schedules = manifests.filter(({ kind }) => kind === 'ScheduledIntegration').map(({ metadata }) => metadata.name)
  expect(schedules).not.toEqual([])
  expect(await run(process.execPath, [join(root, 'dist/kubectl-integrations.mjs'), 'preview', '--filename', path])).toMatchObject({ code: 0, stderr: '' })
  expect(await tenant.kubectl('apply', '--filename', path)).toMatchObject({ code: 0, stderr: '' })
  for (const name of schedules) {
    const ready = await tenant.untilReady(name)
    expect(ready.status?.nextRuns?.length).toBeGreaterThan(0)
  }
  expect(await tenant.kubectl('delete', '--filename', path, '--timeout=60s')).toMatchObject({ code: 0 })
  for (const name of schedules) await tenant.untilGone('cronjobs', name)
})

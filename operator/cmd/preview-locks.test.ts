import { expect, test } from 'vitest'
import { at } from '../testing/builders.ts'
import { manifestsIn } from './manifest-file.ts'
import { previewOf } from './preview.ts'

const header = 'apiVersion: integration-scheduler.io/v1alpha1'
const integration = (name: string, more: string) => `${header}\nkind: Integration\nmetadata: {name: ${name}}\nspec: {container: {image: x}, locks: [{name: sftp/people.csv}]${more}}\n`
const schedule = (name: string, of: string, cron: string, more = '') =>
  `${header}\nkind: ScheduledIntegration\nmetadata: {name: ${name}${more}}\nspec: {integrationRef: ${of}, schedule: {recurrence: {cron: "${cron}"}}}\n`
const options = { namespace: 'default', now: at('2026-11-22T19:35:00Z'), from: at('2026-11-22T19:35:00Z'), count: 1 }

function notesOf(...documents: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(previewOf(manifestsIn('file.yaml', documents.join('---\n')), options).schedules.map(({ preview }) => [preview.name, preview.notes]))
}

const templates = [integration('export', ', timeoutSeconds: 1800'), integration('import', '')]

test('a preview notes the lock that two schedules of a file share, and when they come close', () => {
  const said = (other: string) => [expect.stringMatching(new RegExp(`^it shares the lock sftp/people\\.csv with ${other}, and their runs come closer than 30 minutes: a runs at 2026-11-\\d\\dT02:30:00Z and b at 2026-11-\\d\\dT02:55:00Z`))]
  expect(notesOf(...templates, schedule('a', '{name: export}', '30 2 * * *'), schedule('b', '{name: import}', '55 2 * * *'))).toEqual({ a: said('b'), b: said('a') })
})

test('a set takes the locks of its members', () => {
  const set = `${header}\nkind: IntegrationSet\nmetadata: {name: nightly}\nspec: {members: [{name: first, integrationRef: {name: import}}, {name: second, integrationRef: {name: import}}], schedule: {recurrence: {cron: "0 3 * * *"}}}\n`
  expect(notesOf(...templates, set, schedule('b', '{name: import}', '5 3 * * *')).b).toEqual([expect.stringContaining('with IntegrationSet nightly, and their runs come closer than 15 minutes')])
})

test('schedules of different namespaces share nothing', () => {
  const elsewhere = templates.map((text) => text.replace('metadata: {', 'metadata: {namespace: other, '))
  expect(notesOf(...templates, ...elsewhere, schedule('a', '{name: export}', '30 2 * * *'), schedule('b', '{name: import}', '30 2 * * *', ', namespace: other'))).toEqual({ a: [], b: [] })
})

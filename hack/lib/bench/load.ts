// What is in the cluster before a measurement begins: schedules as users write them, of which none is due for months.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { type Server, decoded, pathOf, send } from '../../../operator/e2e/harness/api.ts'
import { root } from '../../../operator/e2e/harness/command.ts'
import type { JsonObject } from '../../../operator/model/kubernetes.ts'

/** A schedule, as far as others name it. */
export interface Target {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export const namespaces = Array.from({ length: 10 }, (_unused, index) => `bench-${index}`)
/** Requests of the bench in flight while it prepares. */
const inFlight = 16

/** Runs `work` on all items, `most` at a time. */
export async function inParallel<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  await Promise.all(Array.from({ length: most }, async () => {
    for (const item of rest) await work(item)
  }))
}

/** Integration and schedule of examples/payroll-export.yaml, once a year in about five months. */
export async function example(): Promise<{ readonly integration: JsonObject; readonly schedule: (name: string) => JsonObject }> {
  const documents = parseAllDocuments(await readFile(join(root, 'examples/payroll-export.yaml'), 'utf8'))
  const [integration = {}, schedule = {}] = documents.map((document) => decoded<JsonObject>(document.toJS()))
  const spec = decoded<JsonObject>(schedule['spec'])
  const month = ((new Date().getUTCMonth() + 5) % 12) + 1
  const recurrence = { cron: `30 2 15 ${month} *` }
  return {
    integration,
    schedule: (name) => ({ ...schedule, metadata: { name }, spec: { ...spec, schedule: { ...decoded<JsonObject>(spec['schedule']), recurrence } } }),
  }
}

/** The namespaces with their Integrations, and `count` schedules in them. */
export async function applySchedules(server: Server, count: number): Promise<readonly Target[]> {
  const { integration, schedule } = await example()
  for (const name of namespaces) {
    await create(server, pathOf('namespaces'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    await create(server, pathOf('integrations', name), integration)
  }
  const names = Array.from({ length: count }, (_unused, index) => ({ namespace: namespaceOf(index), name: `schedule-${String(index).padStart(6, '0')}` }))
  const targets: Target[] = []
  await inParallel(names, inFlight, async ({ namespace, name }) => {
    const { metadata } = decoded<{ metadata: Target }>(await create(server, pathOf('scheduledintegrations', namespace), schedule(name)))
    targets.push({ namespace, name, uid: metadata.uid })
  })
  return targets
}

export function namespaceOf(index: number): string {
  return namespaces[index % namespaces.length] ?? ''
}

export async function create(server: Server, path: string, body: JsonObject): Promise<unknown> {
  return (await send(server, path, { method: 'POST', body })).json()
}

/** Deletes schedules and waits until their CronJobs are gone as well. */
export async function removeSchedules(server: Server, targets: readonly Target[], remaining: number): Promise<void> {
  await inParallel(targets, inFlight, async ({ namespace, name }) => {
    await (await send(server, pathOf('scheduledintegrations', namespace, name), { method: 'DELETE' })).dump()
  })
  while ((await countOf(server, pathOf('cronjobs'))) > remaining) await new Promise((resolve) => setTimeout(resolve, 250))
}

/** How many there are. */
async function countOf(server: Server, path: string): Promise<number> {
  const { items, metadata } = decoded<{ items: readonly unknown[]; metadata: { remainingItemCount?: number } }>(await (await send(server, `${path}?limit=1`, { method: 'GET' })).json())
  return items.length + (metadata.remainingItemCount ?? 0)
}

export async function listOf<T>(server: Server, path: string): Promise<readonly T[]> {
  return decoded<{ items: readonly T[] }>(await (await send(server, path, { method: 'GET' })).json()).items
}

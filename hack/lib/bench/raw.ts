// The raw client: the mark to beat. A process of its own (forked, told by messages) that makes the operator's writes and does nothing else:
// no cache, no decision, no check. Same rights, same HTTP library, connections kept.
import { type Server, decoded, pathOf, send, versionNow } from '../../../operator/e2e/harness/api.ts'
import { framesOf } from '../../../operator/kube/watch-stream.ts'
import type { Json, JsonObject } from '../../../operator/model/kubernetes.ts'
import { homeManager } from '../../../operator/model/names.ts'
import { serverFrom } from './cluster.ts'
import { type Target, inParallel } from './load.ts'

/** Bodies with @namespace@, @name@ and @uid@ in place of the schedule's. */
export interface Bodies {
  readonly cronJob: string
  readonly status: string
  /** The note of where the schedule is at home. */
  readonly home: string
}

/**
 * write: the three writes for all targets. follow: the CronJob of each schedule that appears, as soon as it does. release: the write that lets
 * start each Job that appears suspended. learn: reads the copies in a namespace; apply: applies the same in another.
 */
export type Order =
  | { readonly kind: 'write'; readonly kubeconfig: string; readonly bodies: Bodies; readonly inFlight: number; readonly targets: readonly Target[] }
  | { readonly kind: 'follow'; readonly kubeconfig: string; readonly bodies: Bodies }
  | { readonly kind: 'release'; readonly kubeconfig: string }
  | { readonly kind: 'learn'; readonly kubeconfig: string; readonly namespace: string }
  | { readonly kind: 'apply'; readonly kubeconfig: string; readonly namespace: string; readonly inFlight: number }

export type Answer = { readonly kind: 'running' } | { readonly kind: 'done' } | { readonly kind: 'failed'; readonly message: string }

const query = '?timeout=29s&fieldManager=integration-scheduler'

function filled(body: string, { namespace, name, uid }: Target): string {
  return body.replaceAll('@namespace@', namespace).replaceAll('@name@', name).replaceAll('@uid@', uid)
}

async function createCronJob(server: Server, body: string, target: Target): Promise<void> {
  const answer = await send(server, `${pathOf('cronjobs', target.namespace)}${query}`, { method: 'POST', body: filled(body, target) })
  await answer.dump()
}

async function writeStatus(server: Server, body: string, target: Target): Promise<void> {
  await merge(server, `${pathOf('scheduledintegrations', target.namespace, target.name)}/status${query}`, filled(body, target))
}

async function noteHome(server: Server, body: string, target: Target): Promise<void> {
  await merge(server, `${pathOf('scheduledintegrations', target.namespace, target.name)}?timeout=29s&fieldManager=${homeManager}`, filled(body, target))
}

async function merge(server: Server, path: string, body: Json): Promise<void> {
  await (await send(server, path, { method: 'PATCH', type: 'application/merge-patch+json', body })).dump()
}

async function carryOut(order: Order): Promise<void> {
  const server = serverFrom(order.kubeconfig)
  if (order.kind === 'release') return release(server)
  if (order.kind === 'learn') return learnCopies(server, order.namespace)
  if (order.kind === 'apply') return applyCopies(server, order)
  const { bodies } = order
  if (order.kind === 'follow') return follow(server, bodies)
  await inParallel(order.targets, order.inFlight, async (target) => {
    await createCronJob(server, bodies.cronJob, target)
    await writeStatus(server, bodies.status, target)
    await noteHome(server, bodies.home, target)
  })
}

function follow(server: Server, { cronJob }: Bodies): Promise<void> {
  return forEachNew(server, 'scheduledintegrations', (object) => createCronJob(server, cronJob, decoded<{ metadata: Target }>(object).metadata))
}

function release(server: Server): Promise<void> {
  return forEachNew(server, 'jobs', (object) => start(server, decoded<NewJob>(object)))
}

interface NewJob {
  readonly metadata: Target
  readonly spec: { readonly suspend?: boolean }
}

/** What the gate writes, without having asked anybody, upon whichever version. */
async function start(server: Server, { metadata: { namespace, name, uid }, spec }: NewJob): Promise<void> {
  if (spec.suspend !== true) return
  const runName = { 'integration-scheduler.io/run-name': `${name}-20260101-0000` }
  const annotations = { ...runName, 'integration-scheduler.io/released': new Date().toISOString() }
  const body = { metadata: { uid, annotations }, spec: { suspend: false, template: { metadata: { annotations: runName } } } }
  await merge(server, `${pathOf('jobs', namespace, name)}${query}`, body)
}

/** Kinds in their order, as the operator copies them. */
async function applyCopies(server: Server, { namespace, inFlight }: Order & { kind: 'apply' }): Promise<void> {
  for (const { resource, copies } of learned) {
    await inParallel(copies, inFlight, async ({ name, body }) => {
      const path = `${pathOf(resource, namespace, name)}?timeout=29s&fieldManager=integration-scheduler-clone&force=false`
      await (await send(server, path, { method: 'PATCH', type: 'application/apply-patch+yaml', body })).dump()
    })
  }
}

async function learnCopies(server: Server, namespace: string): Promise<void> {
  learned = await Promise.all(copied.map(async (resource) => ({ resource, copies: await copiesIn(server, resource, namespace) })))
}

const copied = ['integrations', 'integrationsets', 'scheduledintegrations'] as const

interface Copied {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: JsonObject; readonly annotations: JsonObject }
  readonly spec: JsonObject
}

interface Copy {
  readonly name: string
  readonly body: string
}

let learned: readonly { readonly resource: (typeof copied)[number]; readonly copies: readonly Copy[] }[] = []

/** What was applied there, as text. */
async function copiesIn(server: Server, resource: (typeof copied)[number], namespace: string): Promise<readonly Copy[]> {
  const list = await (await send(server, pathOf(resource, namespace), { method: 'GET' })).json()
  const { apiVersion, kind, items } = decoded<{ apiVersion: string; kind: string; items: readonly Copied[] }>(list)
  return items.map(({ metadata: { name, labels, annotations }, spec }) => ({
    name,
    body: JSON.stringify({ apiVersion, kind: kind.replace(/List$/, ''), metadata: { name, labels, annotations }, spec }),
  }))
}

async function forEachNew(server: Server, resource: 'scheduledintegrations' | 'jobs', work: (object: JsonObject) => Promise<void>): Promise<void> {
  const path = pathOf(resource)
  const stream = await send(server, `${path}?watch=true&resourceVersion=${await versionNow(server, path)}`, { method: 'GET' })
  tell({ kind: 'running' })
  for await (const { type, object } of framesOf(stream)) if (type === 'ADDED') void work(object).catch(failed)
}

function tell(answer: Answer): void {
  process.send?.(answer)
}

function failed(error: unknown): void {
  tell({ kind: 'failed', message: String(error) })
}

process.on('message', (order) => void carryOut(decoded<Order>(order)).then(() => tell({ kind: 'done' }), failed))
process.on('disconnect', () => process.exit())

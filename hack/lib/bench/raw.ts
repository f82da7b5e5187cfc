// The raw client: the mark to beat. A process of its own (forked, told by messages) that makes the operator's writes and does nothing else:
// no cache, no decision, no check. Same rights, same HTTP library, connections kept.
import { type Server, decoded, pathOf, send } from '../../../operator/e2e/harness/api.ts'
import { framesOf } from '../../../operator/kube/watch-stream.ts'
import { serverFrom } from './cluster.ts'
import { type Target, inParallel } from './load.ts'

/** Bodies with @namespace@, @name@ and @uid@ in place of the schedule's. */
export interface Bodies {
  readonly cronJob: string
  readonly status: string
}

/** write: both writes for all targets. follow: the CronJob of each schedule that appears, as soon as it does. */
export type Order =
  | { readonly kind: 'write'; readonly kubeconfig: string; readonly bodies: Bodies; readonly inFlight: number; readonly targets: readonly Target[] }
  | { readonly kind: 'follow'; readonly kubeconfig: string; readonly bodies: Bodies }

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
  const path = `${pathOf('scheduledintegrations', target.namespace, target.name)}/status${query}`
  const answer = await send(server, path, { method: 'PATCH', type: 'application/merge-patch+json', body: filled(body, target) })
  await answer.dump()
}

async function carryOut(order: Order): Promise<void> {
  const server = serverFrom(order.kubeconfig)
  const { bodies } = order
  if (order.kind === 'follow') return follow(server, bodies)
  await inParallel(order.targets, order.inFlight, async (target) => {
    await createCronJob(server, bodies.cronJob, target)
    await writeStatus(server, bodies.status, target)
  })
}

async function follow(server: Server, { cronJob }: Bodies): Promise<void> {
  const path = pathOf('scheduledintegrations')
  const { metadata } = decoded<{ metadata: { resourceVersion: string } }>(await (await send(server, `${path}?limit=1`, { method: 'GET' })).json())
  const stream = await send(server, `${path}?watch=true&resourceVersion=${metadata.resourceVersion}`, { method: 'GET' })
  tell({ kind: 'running' })
  for await (const { type, object } of framesOf(stream)) {
    if (type === 'ADDED') void createCronJob(server, cronJob, decoded<{ metadata: Target }>(object).metadata).catch(failed)
  }
}

function tell(answer: Answer): void {
  process.send?.(answer)
}

function failed(error: unknown): void {
  tell({ kind: 'failed', message: String(error) })
}

process.on('message', (order) => void carryOut(decoded<Order>(order)).then(() => tell({ kind: 'done' }), failed))
process.on('disconnect', () => process.exit())

import { once } from 'node:events'
import { hostname } from 'node:os'
import type { KubeConfig } from '@kubernetes/client-node'
import { type Controller, type Environment, startController } from '../controllers/controller.ts'
import { integrationRunController } from '../controllers/integration-run.ts'
import { gateController } from '../controllers/gate.ts'
import { integrationController } from '../controllers/integration.ts'
import { scheduleController } from '../controllers/schedule.ts'
import { setRunController } from '../controllers/set-run.ts'
import { type Stores, startStores } from '../controllers/stores.ts'
import { stuckRunController } from '../controllers/stuck-run.ts'
import { storeOf, tenantCloneController } from '../controllers/tenant-clone.ts'
import { unownedController, unownedJobController } from '../controllers/unowned.ts'
import { createApiClient } from '../kube/api-client.ts'
import { createApply } from '../kube/apply.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import { createConnection } from '../kube/connection.ts'
import type { CopyContext } from '../kube/copy-object.ts'
import { EventRecorder } from '../kube/event-recorder.ts'
import { workAsLeader } from '../kube/leader-election.ts'
import { contextNamespace } from '../kube/kube-config.ts'
import type { Logger } from '../kube/logger.ts'
import type { ActivationMode } from '../plan/activation.ts'
import { startHealthServer } from './health-server.ts'
import { createMetrics } from './metrics.ts'
import { tidyMemory } from './tidy-memory.ts'
import { operatorVersion } from './version.ts'

export interface OperatorOptions {
  readonly kubeConfig: KubeConfig
  readonly log: Logger
  readonly listenAddress: string
  readonly workers: number
  readonly scheduleMetrics: boolean
  readonly defaultActivation: ActivationMode
  readonly leaderElection: boolean
  /** Undefined: that of the kubeconfig's context, which in a pod is the pod's. */
  readonly leaderElectionNamespace?: string
}

/** Runs the operator until SIGTERM or SIGINT; then passes in progress end, and nothing else begins. Rejects if it cannot start. */
export async function runOperator(options: OperatorOptions): Promise<void> {
  const { kubeConfig, log } = options
  const clock = systemClock
  const stopping = stopSignal(log)
  const metrics = createMetrics()
  const connection = createConnection(kubeConfig, clock)
  const client = createApiClient({ connection, clock, userAgent: `integration-scheduler/${operatorVersion}`, observed: metrics.apiCalled })
  const { stores, ...informers } = startStores({ client, clock, log, random: Math.random })
  metrics.watchRuns(stores)
  if (options.scheduleMetrics) metrics.watchSchedules(stores)
  const isReady = () => Object.values(stores).every(({ isSynced }) => isSynced)
  const health = await startHealthServer({ address: options.listenAddress, isReady, scrape: metrics.scrape })
  const ownNamespace = contextNamespace(options.kubeConfig) ?? ''
  const events = new EventRecorder({ client, clock, log })
  const environment: Environment = { apply: createApply({ client, clock, events, log, copying: copyingOf(stores, ownNamespace) }), clock, log, reconciled: metrics.reconciled, workers: options.workers }
  const isTidy = tidiedUp(stores, { clock, signal: stopping })
  log.info({ version: operatorVersion, server: connection.origin, address: health.address, tzdata: process.versions.tz }, 'operator started')

  const lead = () => metrics.leading(startWorking(stores, environment, { ...options, ownNamespace }))
  if (options.leaderElection) await workAsLeader({ client, clock, log, random: Math.random, signal: stopping, lead, ...candidacy(options) })
  else await workUntil(stopping, lead())

  await informers.stop()
  await isTidy
  await events.drain()
  await health.close()
  await connection.close()
  log.info({}, 'operator stopped')
}

/** Node.js collects when it is told only if it was started with --expose-gc, as the image does. */
async function tidiedUp(stores: Stores, { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<void> {
  const { gc } = globalThis
  if (gc === undefined) return
  const synced = Promise.all(Object.values(stores).map((store) => store.synced))
  const cpuTime = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  await tidyMemory({ clock, signal, synced, resident: () => process.memoryUsage.rss(), cpuTime, collect: () => gc({ type: 'major', execution: 'async', flavor: 'last-resort' }) })
}

/** The controllers; the stores are warm before and after. */
function startWorking(stores: Stores, environment: Environment, { defaultActivation, ownNamespace }: Pick<OperatorOptions, 'defaultActivation'> & Pick<CopyContext, 'ownNamespace'>): { stop(): Promise<void> } {
  const start = <Observed>(controller: Controller<Observed>) => startController(controller, environment)
  const loops = [
    start(scheduleController(stores, environment.clock, defaultActivation)),
    start(gateController(stores)),
    // A thousand runs that hang for the same reason must not keep the API server from its work: their looks take turns.
    startController(stuckRunController(stores), { ...environment, workers: 2 }),
    start(unownedController(stores.cronJobs)),
    start(unownedJobController(stores)),
    start(integrationController(stores, environment.clock)),
    start(setRunController(stores)),
    start(integrationRunController(stores)),
    // Each has 16 requests in flight, which is half of all: several tenants take turns, slice by slice.
    startController(tenantCloneController(stores, environment.clock, ownNamespace), { ...environment, workers: 1 }),
  ]
  return { stop: async () => void (await Promise.all(loops.map((loop) => loop.stop()))) }
}

function copyingOf(stores: Stores, ownNamespace: string): CopyContext {
  return { ownNamespace, isThere: (kind, namespace, name) => storeOf(stores, kind).get(namespace, name) !== undefined }
}

/** In a pod the process is always number 1: a container that is started again goes on under its former name, without waiting. */
function candidacy({ kubeConfig, leaderElectionNamespace }: OperatorOptions): { readonly identity: string; readonly namespace: string } {
  const namespace = leaderElectionNamespace ?? contextNamespace(kubeConfig) ?? 'default'
  return { identity: `${hostname()}_${process.pid}`, namespace: namespace.trim() }
}

async function workUntil(stopping: AbortSignal, work: { stop(): Promise<void> }): Promise<void> {
  if (!stopping.aborted) await once(stopping, 'abort')
  await work.stop()
}

/** Aborted at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(log: Logger): AbortSignal {
  const abort = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info({ signal: name }, 'stopping')
      abort.abort()
    })
  }
  return abort.signal
}

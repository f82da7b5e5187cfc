import type { KubeConfig } from '@kubernetes/client-node'
import { type Controller, type Environment, startController } from '../controllers/controller.ts'
import { integrationController } from '../controllers/integration.ts'
import { notSupportedController } from '../controllers/not-supported.ts'
import { scheduleController } from '../controllers/schedule.ts'
import { startStores } from '../controllers/stores.ts'
import { unownedController } from '../controllers/unowned.ts'
import { createApiClient } from '../kube/api-client.ts'
import { createApply } from '../kube/apply.ts'
import { systemClock } from '../kube/clock.ts'
import { createConnection } from '../kube/connection.ts'
import { EventRecorder } from '../kube/event-recorder.ts'
import type { Logger } from '../kube/logger.ts'
import { startHealthServer } from './health-server.ts'
import { createMetrics } from './metrics.ts'
import { operatorVersion } from './version.ts'

export interface OperatorOptions {
  readonly kubeConfig: KubeConfig
  readonly log: Logger
  readonly listenAddress: string
  readonly workers: number
  readonly scheduleMetrics: boolean
}

/** Runs the operator until SIGTERM or SIGINT; then passes in progress end, and nothing else begins. Rejects if it cannot start. */
export async function runOperator({ kubeConfig, log, listenAddress, workers, scheduleMetrics }: OperatorOptions): Promise<void> {
  const clock = systemClock
  const stopped = stopSignal(log)
  const metrics = createMetrics()
  const connection = createConnection(kubeConfig, clock)
  const client = createApiClient({ connection, clock, userAgent: `integration-scheduler/${operatorVersion}`, observed: metrics.apiCalled })
  const { stores, ...informers } = startStores({ client, clock, log, random: Math.random })
  if (scheduleMetrics) metrics.watchSchedules(stores.schedules)
  const isReady = () => Object.values(stores).every(({ isSynced }) => isSynced)
  const health = await startHealthServer({ address: listenAddress, isReady, scrape: metrics.scrape })
  const events = new EventRecorder({ client, clock, log })
  const environment: Environment = { apply: createApply({ client, clock, events, log }), clock, log, reconciled: metrics.reconciled, workers }
  const start = <Observed>(controller: Controller<Observed>) => startController(controller, environment)
  const loops = [
    start(scheduleController(stores)),
    start(unownedController(stores.cronJobs)),
    start(integrationController(stores, clock)),
    start(notSupportedController('IntegrationSet', stores.sets)),
    start(notSupportedController('IntegrationRun', stores.runs)),
  ]
  log.info({ version: operatorVersion, server: connection.origin, address: health.address, tzdata: process.versions.tz }, 'operator started')
  await stopped
  await Promise.all(loops.map((loop) => loop.stop()))
  await informers.stop()
  await events.drain()
  await health.close()
  await connection.close()
  log.info({}, 'operator stopped')
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
async function stopSignal(log: Logger): Promise<void> {
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name))
  })
  log.info({ signal }, 'stopping')
}

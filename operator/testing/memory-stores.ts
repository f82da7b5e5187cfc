import { projectedResource } from '../controllers/resource.ts'
import { observedSchedule } from '../controllers/schedule.ts'
import { type Stores, cloneIndexes, grantIndexes, integrationIndexes, jobIndexes, runIndexes, scheduleIndexes, setIndexes } from '../controllers/stores.ts'
import { projectedCronJob, projectedJob, projectedLease, projectedNamespace } from '../kube/projections.ts'
import { LiveStore, type StoreWriter } from '../kube/store.ts'
import type { KubernetesObject } from '../model/kubernetes.ts'
import type { Learned } from '../plan/action.ts'
import type { ObservedSchedule } from '../plan/observed.ts'
import { type Resource, type ServerObject, acme } from './virtual-api-server.ts'

/** The operator's stores, fed by hand with objects as the API server has them: decoded and projected as informers do it. */
export class MemoryStores {
  readonly stores: Stores
  readonly #writers: Readonly<Record<Resource, (object: ServerObject) => void>>
  readonly #removers: Readonly<Record<Resource, StoreWriter<never>['remove']>>

  constructor() {
    const reportError = (error: unknown): never => {
      throw error
    }
    const none = { indexes: {}, reportError }
    const schedules = new LiveStore<NonNullable<ReturnType<typeof projectSchedule>>, keyof typeof scheduleIndexes>({ indexes: scheduleIndexes, reportError })
    const integrations = new LiveStore<NonNullable<ReturnType<typeof projectIntegration>>, keyof typeof integrationIndexes>({ indexes: integrationIndexes, reportError })
    const cronJobs = new LiveStore<NonNullable<ReturnType<typeof projectedCronJob>>>(none)
    const jobs = new LiveStore<NonNullable<ReturnType<typeof projectedJob>>, keyof typeof jobIndexes>({ indexes: jobIndexes, reportError })
    const sets = new LiveStore<NonNullable<ReturnType<typeof projectSet>>, keyof typeof setIndexes>({ indexes: setIndexes, reportError })
    const runs = new LiveStore<NonNullable<ReturnType<typeof projectRun>>, keyof typeof runIndexes>({ indexes: runIndexes, reportError })
    const leases = new LiveStore<ReturnType<typeof projectedLease>>(none)
    const namespaces = new LiveStore<ReturnType<typeof projectedNamespace>>(none)
    const clones = new LiveStore<NonNullable<ReturnType<typeof projectClone>>, keyof typeof cloneIndexes>({ indexes: cloneIndexes, reportError })
    const grants = new LiveStore<NonNullable<ReturnType<typeof projectGrant>>, keyof typeof grantIndexes>({ indexes: grantIndexes, reportError })
    this.stores = { schedules, integrations, cronJobs, jobs, leases, namespaces, sets, runs, clones, grants }
    this.#writers = {
      scheduledintegrations: writer(schedules, projectSchedule),
      integrations: writer(integrations, projectIntegration),
      integrationsets: writer(sets, projectSet),
      integrationruns: writer(runs, projectRun),
      cronjobs: writer(cronJobs, projectedCronJob),
      jobs: writer(jobs, projectedJob),
      leases: writer(leases, projectedLease),
      namespaces: writer(namespaces, projectedNamespace),
    }
    const remove = (store: { remove(namespace: string, name: string): void }) => (namespace: string, name: string) => store.remove(namespace, name)
    this.#removers = { scheduledintegrations: remove(schedules), integrations: remove(integrations), integrationsets: remove(sets), integrationruns: remove(runs), cronjobs: remove(cronJobs), jobs: remove(jobs), leases: remove(leases), namespaces: remove(namespaces) }
    for (const store of [schedules, integrations, sets, runs, cronJobs, jobs, leases, namespaces, clones, grants]) store.markSynced()
    this.put('namespaces', acme)
  }

  put(resource: Resource, object: ServerObject): void {
    this.#writers[resource](object)
  }

  remove(resource: Resource, { metadata }: ServerObject): void {
    this.#removers[resource](metadata.namespace, metadata.name)
  }

  /** What the schedule's controller sees of it. */
  observe(key: string, learned: Learned): ObservedSchedule | undefined {
    return observedSchedule(this.stores, key, learned, { defaultActivation: 'Automatic' })
  }
}

const projectSchedule = projectedResource('ScheduledIntegration')
const projectIntegration = projectedResource('Integration')
const projectSet = projectedResource('IntegrationSet')
const projectRun = projectedResource('IntegrationRun')
const projectClone = projectedResource('TenantClone')
const projectGrant = projectedResource('CloneGrant')

function writer<T extends KubernetesObject>(store: StoreWriter<T>, project: (object: KubernetesObject) => T | undefined): (object: ServerObject) => void {
  return (object) => {
    const projected = project(object)
    if (projected === undefined) throw new Error(`${object.kind} ${object.metadata.name} is not understood`)
    store.put(projected)
  }
}

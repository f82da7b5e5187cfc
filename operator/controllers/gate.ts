import type { Job, KubernetesObject, OwnerReference } from '../model/kubernetes.ts'
import { locksLease } from '../model/names.ts'
import type { Learned } from '../plan/action.ts'
import { cronJobName } from '../plan/cron-job.ts'
import { planGate } from '../plan/gate.ts'
import type { ObservedGate, SchedulableReference, SeenSchedulable } from '../plan/gate-observed.ts'
import { finalCondition, isGated, isMarked } from '../plan/run-record.ts'
import { isSetRun } from '../plan/set-run-records.ts'
import { type Controller, wakeOn } from './controller.ts'
import { type Stores, isAtGate, scheduleKey, scheduleOf } from './stores.ts'

/** Key: a namespace. Writes its lock table and what becomes of the Jobs there that wait for permission to start. */
export function gateController(stores: Stores): Controller<ObservedGate> {
  const { schedules, sets, runs, cronJobs, jobs, leases } = stores
  const ifAwaited = ({ metadata: { namespace } }: KubernetesObject) => (jobs.by('gate', namespace).length > 0 ? [namespace] : [])
  return {
    name: 'gate',
    reads: [],
    wakes: [
      wakeOn(jobs, (job) => {
        if (isAtGate(job)) return [job.metadata.namespace]
        return isSetRun(job) || finalCondition(job) !== undefined ? ifAwaited(job) : []
      }),
      wakeOn(leases, ({ metadata }) => [metadata.namespace]),
      wakeOn(schedules, ifAwaited, 'SpecChanged'),
      wakeOn(sets, ifAwaited, 'SpecChanged'),
      wakeOn(cronJobs, ifAwaited, 'SpecChanged'),
      // The end of a run that is replaced is told by its record.
      wakeOn(schedules, (schedule) => (hasReplaced(schedule) ? ifAwaited(schedule) : [])),
      wakeOn(sets, (set) => (hasReplaced(set) ? ifAwaited(set) : [])),
      wakeOn(runs, (run) => (run.status?.outcome === 'Replaced' ? ifAwaited(run) : [])),
    ],
    observe: (namespace, learned) => observedGate(stores, namespace, learned),
    plan: planGate,
  }
}

function observedGate(stores: Stores, namespace: string, learned: Learned): ObservedGate {
  const { cronJobs, jobs, leases } = stores
  return {
    namespace,
    jobs: jobs.by('gate', namespace),
    lease: leases.get(namespace, locksLease),
    jobNamed: (name) => jobs.get(namespace, name),
    unfinishedOf: (uid) => jobs.by('owner', uid).filter((job) => finalCondition(job) === undefined),
    ungatedRunsOf: (schedulable) => ungatedRunsOf(stores, namespace, schedulable),
    schedulable: (reference) => schedulableIn(stores, namespace, reference),
    cronJobOf: ({ kind, name }) => cronJobs.get(namespace, cronJobName(kind, name)),
    isToldReplaced: (job) => isToldReplaced(stores, job),
    learned,
  }
}

function schedulableIn({ schedules, sets }: Stores, namespace: string, { kind, name }: SchedulableReference): SeenSchedulable | undefined {
  return kind === 'IntegrationSet' ? sets.get(namespace, name) : schedules.get(namespace, name)
}

/** By their controllers: the CronJob of this very schedulable, or itself. */
function ungatedRunsOf({ jobs, cronJobs }: Stores, namespace: string, { kind, name, uid }: SchedulableReference): readonly Job[] {
  const cronJob = cronJobs.get(namespace, cronJobName(kind, name))
  const owners = new Set([uid, ...(cronJob !== undefined && controllerOf(cronJob)?.uid === uid ? [cronJob.metadata.uid] : [])])
  return jobs.by('schedule', scheduleKey(kind, { namespace, name })).filter((job) => !isGated(job) && finalCondition(job) === undefined && owners.has(controllerOf(job)?.uid ?? ''))
}

function controllerOf({ metadata }: KubernetesObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)
}

function hasReplaced({ status }: SeenSchedulable): boolean {
  return status?.runs?.some(({ outcome }) => outcome === 'Replaced') === true
}

function isToldReplaced({ schedules, sets, runs }: Stores, job: Job): boolean {
  const { namespace, uid } = job.metadata
  const controller = controllerOf(job)
  if (controller?.kind === 'IntegrationRun') {
    const run = runs.get(namespace, controller.name)
    return run?.metadata.uid !== controller.uid || run.status?.outcome === 'Replaced'
  }
  const schedulable = [...scheduleOf(job)].map((key) => (key.endsWith('/set') ? sets.get(namespace, nameIn(key)) : schedules.get(namespace, nameIn(key)))).find((found) => found !== undefined)
  if (schedulable === undefined) return true
  const record = schedulable.status?.runs?.find(({ jobUID }) => jobUID === uid)
  return record === undefined ? isMarked(job) : record.outcome === 'Replaced'
}

/** `namespace/name` or `namespace/name/set`. */
function nameIn(key: string): string {
  return key.split('/')[1] ?? ''
}

import { objectKey } from '../kube/store.ts'
import type { Job, KubernetesObject, OwnerReference } from '../model/kubernetes.ts'
import { accepted } from '../model/problem.ts'
import type { Learned } from '../plan/action.ts'
import { type ObservedIntegrationRun, planIntegrationRun } from '../plan/integration-run.ts'
import type { NamedSchedule } from '../plan/integration-run-request.ts'
import { schedulableOf } from '../plan/schedulable.ts'
import type { ObservedTemplates } from '../plan/templates.ts'
import { type Controller, wakeOn } from './controller.ts'
import type { Resource } from './resource.ts'
import { keyOf } from './schedule.ts'
import type { Stores } from './stores.ts'
import { templatesOf } from './templates.ts'

/** Key: `namespace/name` of an IntegrationRun. Writes its Job, its status, and its end when it asks for that. */
export function integrationRunController(stores: Stores): Controller<ObservedIntegrationRun> {
  const { runs, schedules, integrations, sets, jobs } = stores
  const unstarted = (object: KubernetesObject) => unstartedRuns(stores, object.metadata.namespace)
  return {
    name: 'run',
    reads: [],
    wakes: [
      wakeOn(runs, (run) => [keyOf(run)]),
      wakeOn(jobs, (job) => runKeys(stores, job)),
      wakeOn(schedules, unstarted, 'SpecChanged'),
      wakeOn(sets, unstarted, 'SpecChanged'),
      wakeOn(integrations, unstarted, 'SpecChanged'),
    ],
    observe: (key, learned) => observedRun(stores, key, learned),
    plan: planIntegrationRun,
  }
}

/** Runs that something could make fit to start; the others have their Job, or have ended. */
function unstartedRuns({ runs }: Stores, namespace: string): readonly string[] {
  return runs.by('namespace', namespace).filter(({ status }) => status?.jobName === undefined && status?.completionTime === undefined).map(keyOf)
}

/** Of the Job of a run, and of a Job that belongs to that: a member of a set. */
function runKeys({ jobs }: Stores, job: Job): readonly string[] {
  const owner = controllerOf(job)
  const { namespace } = job.metadata
  if (owner?.kind === 'IntegrationRun') return [objectKey(namespace, owner.name)]
  const setRun = owner?.kind === 'Job' ? controllerOf(jobs.get(namespace, owner.name)) : undefined
  return setRun?.kind === 'IntegrationRun' ? [objectKey(namespace, setRun.name)] : []
}

function controllerOf(job: Job | undefined): OwnerReference | undefined {
  return job?.metadata.ownerReferences?.find(({ controller }) => controller === true)
}

function observedRun(stores: Stores, key: string, learned: Learned): ObservedIntegrationRun | undefined {
  const [namespace = '', name = ''] = key.split('/')
  const run = stores.runs.get(namespace, name)
  if (run === undefined) return undefined
  const { metadata, object, status, rawStatus } = run
  const schedule = scheduleOf(stores, run)
  const [job] = stores.jobs.by('owner', metadata.uid)
  return {
    metadata,
    object,
    status,
    rawStatus,
    schedule,
    templates: targetsOf(stores, run, schedule),
    job,
    members: job === undefined ? [] : stores.jobs.by('owner', job.metadata.uid),
    learned,
  }
}

function scheduleOf({ schedules }: Stores, { metadata, object }: Resource<'IntegrationRun'>): NamedSchedule | undefined {
  const name = object.ok ? object.value.spec.scheduleRef?.name : undefined
  const found = name === undefined ? undefined : schedules.get(metadata.namespace, name)
  if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined
  return { metadata: found.metadata, spec: found.object.ok ? accepted(schedulableOf(found.object.value)) : found.object }
}

function targetsOf(stores: Stores, { metadata, object }: Resource<'IntegrationRun'>, schedule: NamedSchedule | undefined): ObservedTemplates {
  const own = object.ok ? object.value.spec.integrationRef : undefined
  const target = own ?? (schedule?.spec.ok === true ? schedule.spec.value.target : undefined)
  return target === undefined ? { set: undefined, integrations: new Map() } : templatesOf(stores, metadata.namespace, target)
}

import type { Job } from '../model/kubernetes.ts'
import { annotation, apiVersion, label } from '../model/names.ts'
import type { Learned, ObjectReference } from '../plan/action.ts'
import { type ObservedStart, isToBeWatched, planStuckRun } from '../plan/stuck-run.ts'
import { type Controller, wakeOn } from './controller.ts'
import { keyOf } from './schedule.ts'
import { type Stores, setRunOf } from './stores.ts'

/** Key: `namespace/name` of a Job. Says on it why its pod does not come up. */
export function stuckRunController(stores: Pick<Stores, 'jobs' | 'schedules' | 'sets'>): Controller<ObservedStart> {
  const { jobs, schedules, sets } = stores
  return {
    name: 'stuckRun',
    reads: [schedules, sets],
    wakes: [wakeOn(jobs, (job) => (isToBeWatched(job) ? [keyOf(job)] : []))],
    observe(key, learned: Learned) {
      const [namespace = '', name = ''] = key.split('/')
      const job = jobs.get(namespace, name)
      if (job === undefined) return undefined
      const run = setRunOf(stores, job) ?? job
      return { job, regarding: ownerOf(stores, run), name: nameOf(run, job), learned }
    },
    plan: planStuckRun,
  }
}

function nameOf(run: Job, job: Job): string {
  const name = run.metadata.annotations?.[annotation.runName] ?? run.metadata.name
  const member = job.metadata.labels?.[label.member]
  return member === undefined ? name : `${name}, member ${member},`
}

/** What a user looks at: the run on demand, the schedule, the set with its own schedule; or else the Job itself. */
function ownerOf({ schedules, sets }: Pick<Stores, 'schedules' | 'sets'>, { metadata }: Job): ObjectReference {
  const { namespace, labels = {}, ownerReferences = [] } = metadata
  const onDemand = ownerReferences.find(({ kind, controller }) => kind === 'IntegrationRun' && controller === true)
  if (onDemand !== undefined) return { apiVersion, kind: 'IntegrationRun', namespace, name: onDemand.name, uid: onDemand.uid }
  const { [label.schedule]: schedule, [label.set]: set = '' } = labels
  const kind = schedule === undefined ? 'IntegrationSet' : 'ScheduledIntegration'
  const found = schedule === undefined ? sets.get(namespace, set) : schedules.get(namespace, schedule)
  if (found === undefined) return { apiVersion: 'batch/v1', kind: 'Job', namespace, name: metadata.name, uid: metadata.uid }
  return { apiVersion, kind, namespace, name: found.metadata.name, uid: found.metadata.uid }
}

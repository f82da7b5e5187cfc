import { objectKey } from '../kube/store.ts'
import type { Job } from '../model/kubernetes.ts'
import { type ObservedSetRun, planSetRun } from '../plan/set-run.ts'
import { isSetRun } from '../plan/set-run-records.ts'
import { type Controller, wakeOn } from './controller.ts'
import { keyOf } from './schedule.ts'
import type { Stores } from './stores.ts'

/** Key: `namespace/name` of a Job that runs a set. Writes the Jobs of its members, and its status. */
export function setRunController({ jobs }: Pick<Stores, 'jobs'>): Controller<ObservedSetRun> {
  return {
    name: 'setRun',
    reads: [],
    wakes: [wakeOn(jobs, setRunKeys)],
    observe(key, learned) {
      const [namespace = '', name = ''] = key.split('/')
      const setRun = jobs.get(namespace, name)
      return setRun === undefined || !isSetRun(setRun) ? undefined : { setRun, jobs: jobs.by('owner', setRun.metadata.uid), learned }
    },
    plan: planSetRun,
  }
}

/** A Job that runs a set, and Jobs that belong to another Job. */
function setRunKeys(job: Job): readonly string[] {
  if (isSetRun(job)) return [keyOf(job)]
  const { namespace, ownerReferences = [] } = job.metadata
  return ownerReferences.filter(({ kind, controller }) => controller === true && kind === 'Job').map(({ name }) => objectKey(namespace, name))
}

import type { Store } from '../kube/store.ts'
import type { CronJob } from '../model/kubernetes.ts'
import { type ObservedUnowned, planUnowned } from '../plan/unowned.ts'
import { type Controller, wakeOn } from './controller.ts'
import { keyOf } from './schedule.ts'

/** Key: `namespace/name` of a CronJob. Suspends and deletes one of ours that was left behind without an owner. */
export function unownedController(cronJobs: Store<CronJob>): Controller<ObservedUnowned> {
  return {
    name: 'unowned',
    reads: [],
    wakes: [wakeOn(cronJobs, (cronJob) => ((cronJob.metadata.ownerReferences ?? []).length === 0 ? [keyOf(cronJob)] : []))],
    observe(key, learned) {
      const [namespace = '', name = ''] = key.split('/')
      const cronJob = cronJobs.get(namespace, name)
      return cronJob && { cronJob, learned }
    },
    plan: planUnowned,
  }
}

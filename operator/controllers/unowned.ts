import type { Store } from '../kube/store.ts'
import type { CronJob } from '../model/kubernetes.ts'
import { type ObservedUnowned, planUnowned } from '../plan/unowned.ts'
import { type ObservedUnownedJob, isLeftBehind, planUnownedJob } from '../plan/unowned-job.ts'
import { type Controller, wakeOn } from './controller.ts'
import { keyOf } from './schedule.ts'
import { type Stores, scheduleOf } from './stores.ts'

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

/** Key: `namespace/name` of a Job. Deletes one that has outlived its schedule, some time after its end. */
export function unownedJobController({ jobs, schedules, sets }: Pick<Stores, 'jobs' | 'schedules' | 'sets'>): Controller<ObservedUnownedJob> {
  return {
    name: 'unownedJob',
    reads: [schedules, sets],
    wakes: [wakeOn(jobs, (job) => (isLeftBehind(job) ? [keyOf(job)] : []))],
    observe(key) {
      const [namespace = '', name = ''] = key.split('/')
      const job = jobs.get(namespace, name)
      if (job === undefined) return undefined
      const tellers = scheduleOf(job).map((teller) => {
        const [, own = '', isSet] = teller.split('/')
        return isSet === undefined ? schedules.get(namespace, own) : sets.get(namespace, own)
      })
      return { job, isTold: tellers.some((teller) => teller?.status?.runs?.some(({ jobUID }) => jobUID === job.metadata.uid) === true) }
    },
    plan: planUnownedJob,
  }
}

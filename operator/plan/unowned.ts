import type { Instant } from '../model/instant.ts'
import type { CronJob } from '../model/kubernetes.ts'
import { label, manager } from '../model/names.ts'
import { type Action, type Learned, type Plan, evidenceKey } from './action.ts'
import { cronJobName, patchCronJob } from './cron-job.ts'
import { cursorOf } from './cursor.ts'

export interface ObservedUnowned {
  readonly cronJob: CronJob
  readonly learned: Learned
}

/** How old a look may be that a CronJob is deleted upon; milliseconds. */
const freshly = 5_000

/**
 * A CronJob of ours whose schedule was deleted with `--cascade=orphan`: it would fire for ever. It is suspended, and then
 * deleted; its Jobs stay. It is ours if it has our labels, our cursor and the name that its schedule's
 * CronJob has: a copy of another name is somebody else's. One more look makes sure that it has not found an owner meanwhile.
 */
export function planUnowned({ cronJob, learned }: ObservedUnowned, now: Instant): Plan {
  const nothing: Plan = { actions: [], status: undefined, events: [], requeue: { kind: 'onChange' } }
  if (!isUnowned(cronJob)) return nothing
  if (cronJob.spec.suspend !== true) return { ...nothing, actions: [suspension(cronJob)] }
  const { namespace, name, uid, resourceVersion } = cronJob.metadata
  const seen = learned.evidence.get(evidenceKey('cronjobs', namespace, name))
  if (seen === undefined || now > seen.at + freshly) return { ...nothing, actions: [{ verb: 'look', resource: 'cronjobs', namespace, name, because: 'it has no owner' }] }
  if (seen.object?.metadata.resourceVersion !== resourceVersion) return { ...nothing, requeue: { kind: 'at', at: seen.at + freshly + 1, because: 'the store lags' } }
  return { ...nothing, actions: [{ verb: 'delete', resource: 'cronjobs', namespace, name, uid, resourceVersion, propagationPolicy: 'Orphan', because: 'its schedule was deleted and it was left behind' }] }
}

function isUnowned(cronJob: CronJob): boolean {
  const { labels = {}, ownerReferences = [], deletionTimestamp, name } = cronJob.metadata
  if (ownerReferences.length > 0 || deletionTimestamp !== undefined || labels[label.managedBy] !== manager || cursorOf(cronJob) === undefined) return false
  const { [label.schedule]: schedule, [label.set]: set } = labels
  if (schedule !== undefined) return cronJobName('ScheduledIntegration', schedule) === name
  return set !== undefined && cronJobName('IntegrationSet', set) === name
}

function suspension(cronJob: CronJob): Action {
  return patchCronJob(cronJob, [{ op: 'add', path: '/spec/suspend', value: true }], 'its schedule was deleted and it was left behind')
}

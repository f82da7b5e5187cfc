// Finished runs, as they are in a cluster where schedules have run for a while, without waiting for them.
import { type Server, decoded, pathOf, send } from '../../../operator/e2e/harness/api.ts'
import type { JsonObject, ObjectMeta } from '../../../operator/model/kubernetes.ts'
import { create, inParallel, listOf, namespaces } from './load.ts'

interface CronJob {
  readonly metadata: ObjectMeta
  readonly spec: { readonly jobTemplate: { readonly metadata: JsonObject; readonly spec: JsonObject } }
}

const inFlight = 16
const minute = 60_000
const day = 24 * 60 * minute

/**
 * Jobs that every CronJob could have made on each of the last `each` days: with the name, labels, annotations, pod template and owner
 * that the CronJob controller gives them, and the status that the Job controller leaves behind. `managedBy` keeps that one away.
 */
export async function makeFinishedJobs(server: Server, each: number): Promise<void> {
  const today = Math.floor(Date.now() / day) * day
  for (const namespace of namespaces) {
    const cronJobs = await listOf<CronJob>(server, pathOf('cronjobs', namespace))
    const wanted = cronJobs.flatMap((cronJob) => Array.from({ length: each }, (_unused, index) => ({ cronJob, at: today - (index + 1) * day })))
    await inParallel(wanted, inFlight, async ({ cronJob, at }) => {
      const path = pathOf('jobs', namespace)
      const { metadata } = decoded<{ metadata: { name: string } }>(await create(server, path, jobOf(cronJob, at)))
      await (await send(server, `${path}/${metadata.name}/status`, { method: 'PATCH', type: 'application/merge-patch+json', body: { status: statusOf(at) } })).dump()
    })
  }
}

const instant = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z')

function jobOf({ metadata, spec: { jobTemplate } }: CronJob, at: number): JsonObject {
  const annotations = { ...decoded<JsonObject | undefined>(jobTemplate.metadata['annotations']), 'batch.kubernetes.io/cronjob-scheduled-timestamp': instant(at) }
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...jobTemplate.metadata, name: `${metadata.name}-${at / minute}`, annotations, ownerReferences: [owner] },
    spec: { ...jobTemplate.spec, managedBy: 'example.com/bench' },
  }
}

function statusOf(at: number): JsonObject {
  const end = instant(at + 2 * minute)
  const condition = { status: 'True', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods', lastProbeTime: end, lastTransitionTime: end }
  return {
    startTime: instant(at),
    completionTime: end,
    succeeded: 1,
    ready: 0,
    terminating: 0,
    uncountedTerminatedPods: {},
    conditions: [{ type: 'SuccessCriteriaMet', ...condition }, { type: 'Complete', ...condition }],
  }
}

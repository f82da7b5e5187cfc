// The raw client's process, as the bench sees it.
import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Server } from '../../../operator/e2e/harness/api.ts'
import { decoded, pathOf } from '../../../operator/e2e/harness/api.ts'
import type { JsonObject } from '../../../operator/model/kubernetes.ts'
import { annotation } from '../../../operator/model/names.ts'
import { atEnd } from './leaving.ts'
import { type Target, listOf } from './load.ts'
import type { Answer, Bodies, Order } from './raw.ts'

interface RawClient {
  readonly pid: number
  /** Resolves at the first answer of this kind. */
  order(order: Order, answer: Answer['kind']): Promise<void>
  /** Rejects when it fails, also after an answer. */
  readonly failed: Promise<never>
  stop(): Promise<void>
}

export async function startRawClient(): Promise<RawClient> {
  const child = fork(join(import.meta.dirname, 'raw.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const closed = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  const stop = async () => {
    if (child.connected) child.disconnect()
    await closed
  }
  const stopped = atEnd(stop)
  const failed = new Promise<never>((_resolve, reject) => {
    child.on('message', (message) => {
      const answer = decoded<Answer>(message)
      if (answer.kind === 'failed') reject(new Error(`the raw client: ${answer.message}`))
    })
  })
  failed.catch(() => undefined)
  return {
    pid: child.pid ?? 0,
    failed,
    order: (order, wanted) =>
      new Promise((resolve, reject) => {
        child.on('message', (message) => {
          if (decoded<Answer>(message).kind === wanted) resolve()
        })
        failed.catch(reject)
        void closed.then(() => reject(new Error('the raw client has ended')))
        child.send(order)
      }),
    stop: async () => {
      await stop()
      stopped()
    },
  }
}

/**
 * What the operator wrote, read back: the CronJob without what the API server adds to its metadata (its defaults stay, some 500
 * bytes), the status, and the note of its home. The raw client writes the same for other schedules.
 */
export async function learnedBodies(server: Server): Promise<Bodies> {
  const [cronJob] = await listOf<{ metadata: JsonObject & Omit<Target, 'uid'>; spec: JsonObject }>(server, `${pathOf('cronjobs')}?limit=1`)
  if (cronJob === undefined) throw new Error('the operator has written no CronJob')
  const { namespace, name, labels, annotations, ownerReferences, finalizers } = cronJob.metadata
  const [schedule] = await listOf<{ metadata: Target & { readonly annotations: JsonObject }; status: JsonObject }>(server, `${pathOf('scheduledintegrations', namespace)}?fieldSelector=metadata.name=${name}`)
  if (schedule === undefined) throw new Error(`there is no schedule for the CronJob ${namespace}/${name}`)
  const body = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name, namespace, labels, annotations, ownerReferences, finalizers }, spec: cronJob.spec }
  const blank = (value: JsonObject) =>
    JSON.stringify(value).replaceAll(schedule.metadata.uid, '@uid@').replaceAll(`"${schedule.metadata.name}"`, '"@name@"').replaceAll(`"${schedule.metadata.namespace}"`, '"@namespace@"')
  // Any UID is as long as the namespace's own.
  const home = { metadata: { uid: schedule.metadata.uid, annotations: { [annotation.home]: schedule.metadata.annotations[annotation.home] ?? '' } } }
  return { cronJob: blank(body), status: blank({ status: schedule.status }), home: blank(home) }
}

import { hashOf } from '../model/hash.ts'
import type { Instant } from '../model/instant.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject, ObjectMeta } from '../model/kubernetes.ts'
import { annotation, apiVersion, label } from '../model/names.ts'
import type { Action } from './action.ts'
import { runNameAt } from './run-record.ts'
import type { RunTerms } from './run-request.ts'

/** There has to be room for the place of a member behind it (63 characters in all). */
const longestName = 52

/** The name of the Job of an IntegrationRun: the same for ever, and no other has it. */
export function runJobName({ name, uid }: Pick<ObjectMeta, 'name' | 'uid'>): string {
  return `${name.slice(0, longestName - 11).replace(/[.-]+$/, '')}-${hashOf(uid, 10)}`
}

/** The name of the run for people: it bears the time at which it was asked for. */
export function runNameOf({ runName, timeZone }: RunTerms, created: Instant): string {
  return runNameAt(runName, timeZone, created)
}

/**
 * The Job of a run on demand. It belongs to the IntegrationRun and goes with it. It has no label of a schedule or a set: those
 * say that a Job is an occurrence.
 */
export function newRunJob(run: ObjectMeta, template: JsonObject, runName: string): Action {
  const { namespace, name, uid } = run
  const metadata = part(template, 'metadata')
  const { [label.schedule]: _schedule, [label.set]: _set, ...labels } = part(metadata, 'labels')
  const jobName = runJobName(run)
  const object = {
    ...template,
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...metadata,
      name: jobName,
      namespace,
      labels,
      annotations: { ...part(metadata, 'annotations'), [annotation.runName]: runName },
      ownerReferences: [{ apiVersion, kind: 'IntegrationRun', name, uid, controller: true }],
    },
  }
  return { verb: 'create', resource: 'jobs', namespace, name: jobName, object, because: 'it was asked for' }
}

function part(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isJsonObject(value) ? value : {}
}

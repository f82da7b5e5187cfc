import { formatInstant, parseInstant } from '../model/instant.ts'
import { isJsonObject } from '../model/json.ts'
import type { Job, JsonObject } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import { gateTermsIn } from '../model/run-terms.ts'
import type { Action } from './action.ts'
import { runNameAt, scheduledTime } from './run-record.ts'

/**
 * The Job of a member, controlled by the Job of the set. It blocks the deletion of its owner: who deletes the set in the foreground
 * (as the gate does to replace it) knows, when the Job of the set is gone, that no member runs any more.
 */
export function newMemberJob(setRun: Job, name: string, template: JsonObject): Action {
  const { namespace, uid } = setRun.metadata
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: setRun.metadata.name, uid, controller: true, blockOwnerDeletion: true }]
  const metadata = part(template, 'metadata')
  const annotations = { ...part(metadata, 'annotations'), ...runName(setRun, metadata) }
  return {
    verb: 'create',
    resource: 'jobs',
    namespace,
    name,
    object: { ...timed(setRun, template), apiVersion: 'batch/v1', kind: 'Job', metadata: { ...metadata, annotations, name, namespace, ownerReferences } },
    because: 'it is the turn of this member',
  }
}

/** All members bear the name of the run of their set, whenever they start. That run gets it from its schedule, perhaps not yet. */
function runName(setRun: Job, metadata: JsonObject): JsonObject {
  const { annotations = {}, creationTimestamp } = setRun.metadata
  const { [annotation.gate]: text } = part(metadata, 'annotations')
  const terms = gateTermsIn(typeof text === 'string' ? text : undefined)
  const at = scheduledTime(setRun) ?? parseInstant(creationTimestamp)
  const name = annotations[annotation.runName] ?? (terms === undefined || at === undefined ? undefined : runNameAt(terms.runName, terms.timeZone, at))
  return name === undefined ? {} : { [annotation.runName]: name }
}

/** Members are told the time that their set was scheduled for, as any run is (the gate would only know when this Job was made). */
function timed(setRun: Job, template: JsonObject): JsonObject {
  const at = scheduledTime(setRun)
  if (at === undefined) return template
  const spec = part(template, 'spec')
  const pod = part(spec, 'template')
  const metadata = part(pod, 'metadata')
  const annotations = { ...part(metadata, 'annotations'), [annotation.scheduledTime]: formatInstant(at) }
  return { ...template, spec: { ...spec, template: { ...pod, metadata: { ...metadata, annotations } } } }
}

function part(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isJsonObject(value) ? value : {}
}

/** `IfUnchanged`: the gate may let it start at this moment, and then it goes on. Its pods are gone when it is. */
export function stop(job: Job, when: 'IfUnchanged' | 'InAnyCase'): Action {
  const { namespace, name, uid, resourceVersion } = job.metadata
  const version = when === 'IfUnchanged' ? { resourceVersion } : {}
  const because = when === 'IfUnchanged' ? 'it waits for a turn that does not come' : 'its set is out of time'
  return { verb: 'delete', resource: 'jobs', namespace, name, uid, ...version, propagationPolicy: 'Foreground', because }
}

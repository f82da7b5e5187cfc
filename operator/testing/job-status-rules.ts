import { parseInstant } from '../model/instant.ts'
import { isSameJson } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { objectsIn, textOf } from './json-reading.ts'

/**
 * What the API server has against a change of a Job's status by whoever is its controller, in its own words: the part of
 * Kubernetes' ValidateJobStatusUpdate (pkg/apis/batch/validation, 1.36) that concerns Jobs that are not indexed.
 */
export function jobStatusProblems(after: JsonObject, before: JsonObject, isSuspended: boolean): readonly string[] {
  const rules: readonly (readonly [boolean, string])[] = [...rulesOfStatus(after), ...rulesOfChange(after, before, isSuspended)]
  return rules.flatMap(([isBroken, problem]) => (isBroken ? [problem] : []))
}

function rulesOfStatus(status: JsonObject): readonly (readonly [boolean, string])[] {
  const { startTime, completionTime } = status
  const [complete, failed, target, criteria] = ['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'].map((type) => has(status, type))
  const isFinished = complete === true || failed === true
  const began = parseInstant(textOf(startTime))
  return [
    [complete === true && failed === true, 'cannot set Complete=True and Failed=true conditions'],
    [complete === true && target === true, 'cannot set Complete=True and FailureTarget=true conditions'],
    [completionTime !== undefined && complete !== true, 'cannot set completionTime when there is no Complete=True condition'],
    [completionTime === undefined && complete === true, 'completionTime is required for Complete jobs'],
    [began !== undefined && (parseInstant(textOf(completionTime)) ?? Infinity) < began, 'completionTime must be equal to or after `startTime`'],
    [failed === true && target !== true, 'cannot set Failed=True condition without the FailureTarget=true condition'],
    [complete === true && criteria !== true, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'],
    [isFinished && number(status, 'active') > 0, 'active>0 is invalid for finished job'],
    [isFinished && began === undefined, 'startTime is required for finished job'],
    [number(status, 'ready') > number(status, 'active'), 'cannot set more ready pods than active'],
    [criteria === true && (failed === true || target === true), 'cannot set SuccessCriteriaMet=True and Failed=true or FailureTarget=true conditions'],
  ]
}

function rulesOfChange(after: JsonObject, before: JsonObject, isSuspended: boolean): readonly (readonly [boolean, string])[] {
  const disabled = ['Failed', 'Complete', 'FailureTarget', 'SuccessCriteriaMet'].filter((type) => has(before, type) && !has(after, type))
  const isMutated = (field: string) => before[field] !== undefined && !isSameJson(before[field], after[field])
  return [
    [disabled.length > 0, `cannot disable the terminal ${disabled.join(', ')}=True condition`],
    [number(after, 'failed') < number(before, 'failed'), 'cannot decrease the failed counter'],
    [number(after, 'succeeded') < number(before, 'succeeded'), 'cannot decrease the succeeded counter'],
    [isMutated('completionTime'), 'completionTime is immutable'],
    [isMutated('startTime') && !isSuspended, 'startTime is immutable for unsuspended job once set'],
  ]
}

function has(status: JsonObject, type: string): boolean {
  return objectsIn(status.conditions).some((condition) => condition.type === type && condition.status === 'True')
}

function number(status: JsonObject, field: string): number {
  const value = status[field]
  return typeof value === 'number' ? value : 0
}

import { isJsonObject } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'

/**
 * What the API server makes of a CronJob or a Job: it fills in defaults, leaves out what is empty and rewrites amounts. Not
 * all of it, but something of each sort, so that whoever compares whole objects is found out.
 */
export function withDefaults(resource: string, object: JsonObject): JsonObject {
  if (resource === 'cronjobs') {
    const defaults = { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 }
    return changed(object, ['spec'], (spec) => changed({ ...defaults, ...spec }, ['jobTemplate', 'spec', 'template', 'spec'], podDefaults))
  }
  return resource === 'jobs' ? changed(changed(object, ['spec', 'template', 'spec'], podDefaults), ['status'], withoutZeros) : object
}

/** `omitempty`: a status that says nothing new must not look like a change. */
function withoutZeros(status: JsonObject): JsonObject {
  const isEmpty = (name: string, value: Json | undefined) => (Array.isArray(value) && value.length === 0) || (value === 0 && ['active', 'succeeded', 'failed'].includes(name))
  return Object.fromEntries(Object.entries(status).filter(([name, value]) => !isEmpty(name, value)))
}

function podDefaults(pod: JsonObject): JsonObject {
  const defaults = { dnsPolicy: 'ClusterFirst', schedulerName: 'default-scheduler', terminationGracePeriodSeconds: 30, securityContext: {} }
  const containers = Array.isArray(pod.containers) ? pod.containers.map((container: Json) => (isJsonObject(container) ? containerDefaults(container) : container)) : []
  return { ...defaults, ...pod, containers }
}

function containerDefaults(container: JsonObject): JsonObject {
  const defaults = { imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', resources: {} }
  const env = Array.isArray(container.env) ? container.env.map((variable: Json) => withoutEmpty(variable)) : []
  const { args, command, ...rest } = container
  return {
    ...defaults,
    ...rest,
    ...(Array.isArray(args) && args.length > 0 ? { args } : {}),
    ...(Array.isArray(command) && command.length > 0 ? { command } : {}),
    env,
    resources: canonical(container.resources ?? {}),
  }
}

/** `omitempty`: a variable without a value has no member `value`. */
function withoutEmpty(variable: Json): Json {
  if (!isJsonObject(variable) || variable.value !== '') return variable
  const { value: _empty, ...rest } = variable
  return rest
}

/** A half is 500m, 1024Mi is 1Gi. */
function canonical(resources: Json): Json {
  if (isJsonObject(resources)) return Object.fromEntries(Object.entries(resources).map(([key, value]) => [key, value === undefined ? undefined : canonical(value)]))
  if (resources === '0.5') return '500m'
  return resources === '1024Mi' ? '1Gi' : typeof resources === 'number' ? String(resources) : resources
}

function changed(object: JsonObject, [first, ...rest]: readonly string[], change: (inner: JsonObject) => JsonObject): JsonObject {
  if (first === undefined) return change(object)
  const inner = object[first]
  return isJsonObject(inner) ? { ...object, [first]: changed(inner, rest, change) } : object
}

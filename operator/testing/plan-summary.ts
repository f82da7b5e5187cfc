import { type Instant, formatInstant, minute } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import type { Action, Plan } from '../plan/action.ts'
import { planSchedule } from '../plan/schedule.ts'
import { type World, objectsOf, observation } from './builders.ts'
import { objectOf, objectsIn, textOf } from './json-reading.ts'
import { VirtualCluster } from './virtual-cluster.ts'

/** A plan in words, short enough for a table. */
export interface Summary {
  /** `create armed [0 * * * *] Etc/UTC`, `patch: parked [0 * * * *] Etc/UTC floor 10:00:00`, `look at 10:00`, `mark 10:00 as x`, `delete 10:00`. */
  readonly actions: readonly string[]
  /** `look at acme`, `change nightly as integration-scheduler-home`. */
  readonly errands: readonly string[]
  /** `Ready=True Scheduled`, `Stalled=True IntegrationNotFound`; empty when no status is planned. */
  readonly conditions: readonly string[]
  readonly events: readonly string[]
  /** `10:00:20`, or `on change`. */
  readonly wake: string
}

export function planned(world: World, now: Instant): Plan {
  return planSchedule(observation(world), now)
}

export function summaryOf(world: World, now: Instant): Summary {
  const plan = planned(world, now)
  const conditions = objectsIn(plan.status?.status.conditions).map(({ type, status, reason }) => `${textOf(type)}=${textOf(status)} ${textOf(reason)}`)
  return {
    actions: plan.actions.map((action) => actionText(world, action)),
    errands: (plan.errands ?? []).map(({ action }) => actionText(world, action)),
    conditions,
    events: plan.events.map(({ type, reason }) => (type === 'Normal' ? reason : `${reason}!`)),
    wake: plan.requeue.kind === 'at' ? clockText(plan.requeue.at) : 'on change',
  }
}

function actionText(world: World, action: Action): string {
  switch (action.verb) {
    case 'create':
      return action.resource === 'cronjobs' ? `create ${cronJobText(action.object)}` : `create ${action.resource} ${action.name}`
    case 'patch':
      return action.resource === 'cronjobs' ? `patch: ${patchedText(world, action)}` : `mark ${jobText(action.name)} as ${markOf(world, action)}`
    case 'merge':
      return `change ${action.name}${action.fieldManager === undefined ? '' : ` as ${action.fieldManager}`}`
    case 'delete':
      return `delete ${jobText(action.name)}`
    case 'look':
    case 'lookAtPods':
    case 'copy':
      return `look at ${jobText(action.name)}`
  }
}

/** What the API server makes of a patch. */
function patched(world: World, action: Action & { readonly verb: 'patch' }): JsonObject {
  const cluster = new VirtualCluster({ now: 0 })
  for (const [resource, object] of objectsOf(world)) cluster.put(resource, object)
  const object = cluster.server.jsonPatch(action.resource === 'jobs' ? 'jobs' : 'cronjobs', action.name, action.patch)
  return { metadata: { ...object.metadata, ownerReferences: [] }, spec: object.spec }
}

function patchedText(world: World, action: Action & { readonly verb: 'patch' }): string {
  const object = patched(world, action)
  const cursor = textOf(objectOf(objectOf(object.metadata).annotations)['integration-scheduler.io/cursor'])
  const { floor, parkedAt, nudged } = objectOf(cursor === '' ? {} : JSON.parse(cursor))
  const held = objectOf(objectOf(objectOf(object.spec).jobTemplate).spec).suspend === true ? ' holding Jobs' : ''
  const parked = parkedAt === undefined ? '' : ' undecided'
  const times = objectOf(nudged).times
  return `${cronJobText(object)}${held} floor ${textOf(floor).slice(11, 19)}${parked}${typeof times === 'number' ? ` nudged ${times}` : ''}`
}

function cronJobText({ spec }: JsonObject): string {
  const { schedule, timeZone, suspend } = objectOf(spec)
  return `${suspend === true ? 'parked' : 'armed'} [${textOf(schedule)}] ${textOf(timeZone)}`
}

function markOf(world: World, action: Action & { readonly verb: 'patch' }): string {
  return textOf(objectOf(objectOf(patched(world, action).metadata).annotations)['integration-scheduler.io/run-name'])
}

/** By the minute it is for. */
function jobText(name: string): string {
  const at = Number(name.split('-').at(-1)) * minute
  return Number.isNaN(at) ? name : clockText(at).slice(0, 5)
}

function clockText(instant: Instant): string {
  return Math.abs(instant) > 8e15 ? 'never' : formatInstant(instant).slice(11, 19)
}

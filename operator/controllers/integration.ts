import type { Clock } from '../kube/clock.ts'
import { second } from '../model/instant.ts'
import { type ObservedIntegration, planIntegration } from '../plan/integration.ts'
import { lockUserName } from '../plan/lock-crowding.ts'
import { coalesced } from './coalesced.ts'
import { type Controller, wakeOn } from './controller.ts'
import type { Resource } from './resource.ts'
import { keyOf } from './schedule.ts'
import { type Stores, memberKeys, targetKeys } from './stores.ts'

/** Key: `namespace/name` of an Integration. Writes its status. */
export function integrationController({ integrations, schedules, sets }: Stores, clock: Clock): Controller<ObservedIntegration> {
  const membersOf = (set: string) => {
    const [namespace = '', name = ''] = set.split('/')
    const found = sets.get(namespace, name)
    return found === undefined ? [] : memberKeys(found)
  }
  return {
    name: 'integration',
    reads: [],
    wakes: [
      wakeOn(integrations, (integration) => [keyOf(integration)]),
      // Hundreds of schedules can come at once: they are counted once a second.
      coalesced(wakeOn(schedules, (schedule) => [...targetKeys(schedule, 'Integration'), ...targetKeys(schedule, 'IntegrationSet').flatMap(membersOf)]), clock, second),
      coalesced(wakeOn(sets, (set) => memberKeys(set)), clock, second),
    ],
    observe(key) {
      const [namespace = '', name = ''] = key.split('/')
      const found = integrations.get(namespace, name)
      if (found === undefined) return undefined
      const own = sets.by('template', key)
      const users = [...schedules.by('template', key), ...own.flatMap((set) => schedules.by('set', keyOf(set)))].flatMap(asUser)
      const all = [...users, ...own.flatMap(setAsUser)]
      return { ...found, scheduledBy: all.length, schedules: all.flatMap(({ enabled }) => enabled) }
    },
    plan: planIntegration,
  }
}

interface User {
  readonly enabled: ObservedIntegration['schedules']
}

function asUser({ metadata, object }: Resource<'ScheduledIntegration'>): readonly User[] {
  return [{ enabled: object.ok && object.value.spec.suspend !== true ? [{ name: metadata.name, schedule: object.value.spec.schedule }] : [] }]
}

/** A set counts if it has a schedule of its own. */
function setAsUser({ metadata, object }: Resource<'IntegrationSet'>): readonly User[] {
  if (!object.ok || object.value.spec.schedule === undefined) return []
  const { schedule, suspend } = object.value.spec
  return [{ enabled: suspend === true ? [] : [{ name: lockUserName('IntegrationSet', metadata), schedule }] }]
}

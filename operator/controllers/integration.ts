import type { Clock } from '../kube/clock.ts'
import { second } from '../model/instant.ts'
import { type ObservedIntegration, planIntegration } from '../plan/integration.ts'
import { type Controller, type Wake, wakeOn } from './controller.ts'
import type { Resource } from './resource.ts'
import { keyOf } from './schedule.ts'
import { type Stores, targetKeys } from './stores.ts'

/** Key: `namespace/name` of an Integration. Writes its status. */
export function integrationController({ integrations, schedules }: Stores, clock: Clock): Controller<ObservedIntegration> {
  return {
    name: 'integration',
    reads: [],
    wakes: [
      wakeOn(integrations, (integration) => [keyOf(integration)]),
      // Hundreds of schedules can come at once: they are counted once a second.
      coalesced(wakeOn(schedules, (schedule) => targetKeys(schedule, 'Integration')), clock, second),
    ],
    observe(key) {
      const [namespace = '', name = ''] = key.split('/')
      const found = integrations.get(namespace, name)
      if (found === undefined) return undefined
      const users = schedules.by('template', key)
      return { ...found, scheduledBy: users.length, schedules: users.flatMap(enabled) }
    },
    plan: planIntegration,
  }
}

function enabled({ metadata, object }: Resource<'ScheduledIntegration'>): ObservedIntegration['schedules'] {
  return object.ok && object.value.spec.suspend !== true ? [{ name: metadata.name, schedule: object.value.spec.schedule }] : []
}

/** Wakes each key at most once in `delay` milliseconds, at the end of it. */
function coalesced(wake: Wake, clock: Clock, delay: number): Wake {
  return {
    synced: wake.synced,
    subscribe(enqueue) {
      const timers = new Map<string, ReturnType<Clock['after']>>()
      const unsubscribe = wake.subscribe((key) => {
        if (timers.has(key)) return
        timers.set(key, clock.after(delay, () => {
          timers.delete(key)
          enqueue(key)
        }))
      })
      return () => {
        unsubscribe()
        for (const timer of timers.values()) timer.cancel()
      }
    },
  }
}

import type { Store } from '../kube/store.ts'
import { type ObservedUnsupported, planUnsupported } from '../plan/not-supported.ts'
import { type Controller, wakeOn } from './controller.ts'
import type { Resource } from './resource.ts'
import { keyOf } from './schedule.ts'

/** Key: `namespace/name` of an object that this version does not act on. Writes its status, which says so. */
export function notSupportedController<K extends ObservedUnsupported['kind']>(kind: K, store: Store<Resource<K>>): Controller<ObservedUnsupported> {
  return {
    name: kind === 'IntegrationSet' ? 'set' : 'run',
    reads: [],
    wakes: [wakeOn(store, (object) => [keyOf(object)])],
    observe(key) {
      const [namespace = '', name = ''] = key.split('/')
      const found = store.get(namespace, name)
      if (found === undefined) return undefined
      const { metadata, object, status, rawStatus } = found
      return { kind, metadata, rawStatus, problems: object.ok ? [] : object.problems, conditions: status?.conditions }
    },
    plan: planUnsupported,
  }
}

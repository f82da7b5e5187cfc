import type { Clock } from '../kube/clock.ts'
import type { CopyKind } from '../model/copying.ts'
import { second } from '../model/instant.ts'
import type { KubernetesObject } from '../model/kubernetes.ts'
import type { Learned } from '../plan/action.ts'
import { type ObservedTenantClone, planTenantClone } from '../plan/tenant-clone.ts'
import { coalesced } from './coalesced.ts'
import { type Controller, wakeOn } from './controller.ts'
import { keyOf } from './schedule.ts'
import type { Stores } from './stores.ts'

type Read = Pick<Stores, 'clones' | 'grants' | 'integrations' | 'sets' | 'schedules'>

/** A whole tenant is often changed at once: whether a pass is due then is asked once in so many milliseconds. */
const patience = 10 * second

/** Key: `namespace/name` of a TenantClone. Writes copies into its namespace, slice by slice, and its status. */
export function tenantCloneController(stores: Read, clock: Clock, ownNamespace: string): Controller<ObservedTenantClone> {
  const { clones, grants, integrations, sets, schedules } = stores
  const clonesOf = ({ metadata }: KubernetesObject) => clones.by('source', metadata.namespace)
  const copying = (object: KubernetesObject) => clonesOf(object).map(keyOf)
  const selecting = (source: KubernetesObject) => clonesOf(source).filter(({ object }) => object.ok && object.value.spec.source.selector !== undefined).map(keyOf)
  return {
    name: 'tenantClone',
    reads: [],
    wakes: [
      wakeOn(clones, (clone) => [keyOf(clone)]),
      wakeOn(grants, copying, 'SpecChanged'),
      ...[integrations, sets, schedules].flatMap((store) => [
        coalesced(wakeOn<KubernetesObject>(store, copying, 'SpecChanged'), clock, patience),
        coalesced(wakeOn<KubernetesObject>(store, selecting, 'LabelsChanged'), clock, patience),
      ]),
    ],
    observe: (key, learned) => observedClone(stores, key, { ownNamespace, learned }),
    plan: planTenantClone,
  }
}

function observedClone({ clones, grants, ...copied }: Read, key: string, { ownNamespace, learned }: { readonly ownNamespace: string; readonly learned: Learned }): ObservedTenantClone | undefined {
  const [namespace = '', name = ''] = key.split('/')
  const found = clones.get(namespace, name)
  if (found === undefined) return undefined
  const { metadata, object, status, rawStatus } = found
  const given = object.ok ? grants.by('namespace', object.value.spec.source.namespace) : []
  return {
    metadata,
    object,
    status,
    rawStatus,
    grants: given,
    clones: clones.by('namespace', namespace).map(({ metadata: clone }) => clone.name),
    ownNamespace,
    objectsIn: (kind, within) => storeOf(copied, kind).by('namespace', within),
    learned,
  }
}

type Copied = Pick<Stores, 'integrations' | 'sets' | 'schedules'>

/** Of a kind that is copied. */
export function storeOf({ integrations, sets, schedules }: Copied, kind: CopyKind): Copied[keyof Copied] {
  return { Integration: integrations, IntegrationSet: sets, ScheduledIntegration: schedules }[kind]
}

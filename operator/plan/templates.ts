import type { IntegrationSet } from '../model/integration-set.ts'
import type { Integration } from '../model/integration.ts'
import type { ObjectMeta } from '../model/kubernetes.ts'
import type { Checked } from '../model/problem.ts'
import type { Version } from './cursor.ts'

/** A template as the store has it: also one that cannot be read. */
export interface ObservedTemplate<T> {
  readonly metadata: ObjectMeta
  readonly object: Checked<T>
}

/** What a run is made of, as far as it exists. */
export interface ObservedTemplates {
  /** The set that is to run. */
  readonly set: ObservedTemplate<IntegrationSet> | undefined
  /** By name: the Integration that is to run, or those of the members of the set. */
  readonly integrations: ReadonlyMap<string, ObservedTemplate<Integration>>
}

/** The Integrations that a run of this consists of, each once. */
export function integrationNames({ kind, name }: { readonly kind: 'Integration' | 'IntegrationSet'; readonly name: string }, set: ObservedTemplates['set']): readonly string[] {
  if (kind === 'Integration') return [name]
  return set?.object.ok === true ? [...new Set(set.object.value.spec.members.map(({ integrationRef }) => integrationRef.name))] : []
}

export function versionOf({ uid, generation = 0 }: ObjectMeta): Version {
  return { uid, generation }
}

import { objectKey } from '../kube/store.ts'
import type { KubernetesObject } from '../model/kubernetes.ts'
import { type ObservedTemplates, integrationNames } from '../plan/templates.ts'
import type { Stores } from './stores.ts'

/** What a run of this is made of, as far as the stores have it. What is being deleted is gone. */
export function templatesOf({ integrations, sets }: Pick<Stores, 'integrations' | 'sets'>, namespace: string, target: { readonly kind: 'Integration' | 'IntegrationSet'; readonly name: string }): ObservedTemplates {
  const set = target.kind === 'IntegrationSet' ? present(sets.get(namespace, target.name)) : undefined
  const found = integrationNames(target, set).flatMap((name) => {
    const integration = present(integrations.get(namespace, name))
    return integration === undefined ? [] : [[name, integration] as const]
  })
  return { set, integrations: new Map(found) }
}

function present<T extends KubernetesObject>(object: T | undefined): T | undefined {
  return object?.metadata.deletionTimestamp === undefined ? object : undefined
}

/** `namespace/name` of the IntegrationSets that an Integration is a member of. */
export function setsWith({ sets }: Pick<Stores, 'sets'>, integrationKey: string): readonly string[] {
  return sets.by('template', integrationKey).map(({ metadata }) => objectKey(metadata.namespace, metadata.name))
}

import type { JsonObject } from '../model/kubernetes.ts'
import { group, label } from '../model/names.ts'
import { textsIn } from '../model/raw-object.ts'

/** Labels and annotations by which tools know their objects. A copy that carried them would be pruned, fought over or restored by them. */

/** Of tools that keep an object as a Git repository, a chart or a file has it: Argo, Flux, Helm, Config Sync, kubectl ApplySets, Fleet, kapp. */
const ownersDomains = [
  'argoproj.io', 'fluxcd.io', 'helm.sh', 'config.k8s.io', 'configmanagement.gke.io', 'configsync.gke.io', 'applyset.kubernetes.io',
  'objectset.rio.cattle.io', 'kapp.k14s.io',
]
/** Recommended by Kubernetes; Argo CD tracks objects by the second one unless it is told otherwise. */
const ownersKeys: ReadonlySet<string> = new Set([label.managedBy, 'app.kubernetes.io/instance'])

/** Of tools that leave traces without keeping the object, and of the operator itself: kubectl, Velero, kustomize, Rancher. */
const tracesDomains = [group, 'kubectl.kubernetes.io', 'velero.io', 'config.kubernetes.io', 'cli-utils.sigs.k8s.io', 'field.cattle.io']

/** Whether Argo CD, Flux, Helm or another tool of their kind keeps this object: whatever we wrote, it would undo, or never undo. */
export function isKeptByGitOps(object: JsonObject): boolean {
  return [...Object.keys(textsIn(object, 'labels')), ...Object.keys(textsIn(object, 'annotations'))].some(isOwnersKey)
}

/** What a copy takes over. `excluded`: keys, or beginnings of keys that end with `*`. */
export function copiedTexts(texts: Readonly<Record<string, string>>, excluded: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([key]) => !isOwnersKey(key) && !isOf(tracesDomains, key) && !excluded.some((pattern) => fits(key, pattern))))
}

function isOwnersKey(key: string): boolean {
  return ownersKeys.has(key) || isOf(ownersDomains, key)
}

function isOf(domains: readonly string[], key: string): boolean {
  const slash = key.indexOf('/')
  const domain = key.slice(0, slash)
  return slash > 0 && domains.some((known) => domain === known || domain.endsWith(`.${known}`))
}

function fits(key: string, pattern: string): boolean {
  return pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern
}

import { isJsonObject, isList } from '../model/json.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import type { CopyRequires } from './copy-order.ts'

type Named = keyof CopyRequires

const mostNames = 256

export const requiresNothing: CopyRequires = { secrets: [], configMaps: [], serviceAccounts: [], persistentVolumeClaims: [] }

/** Whatever Integration, set or schedule names and cannot run without: what is `optional` is not needed. */
export function requiresOf(object: JsonObject): CopyRequires {
  const found: Record<Named, Set<string>> = { secrets: new Set(), configMaps: new Set(), serviceAccounts: new Set(), persistentVolumeClaims: new Set() }
  collect(object['spec'], (what, name) => found[what].add(name))
  return sorted(found)
}

export function joinedRequires(one: CopyRequires, other: CopyRequires): CopyRequires {
  const both = (what: Named) => new Set([...one[what], ...other[what]])
  return sorted({ secrets: both('secrets'), configMaps: both('configMaps'), serviceAccounts: both('serviceAccounts'), persistentVolumeClaims: both('persistentVolumeClaims') })
}

function sorted(names: Readonly<Record<Named, ReadonlySet<string>>>): CopyRequires {
  const list = (what: Named) => [...names[what]].toSorted().slice(0, mostNames)
  return { secrets: list('secrets'), configMaps: list('configMaps'), serviceAccounts: list('serviceAccounts'), persistentVolumeClaims: list('persistentVolumeClaims') }
}

/** Where a field of this name says a name, and of what. Our kinds use none of these names for anything else. */
const references = new Map<string, readonly (readonly [Named, string])[]>([
  ['secretKeyRef', [['secrets', 'name']]],
  ['secretRef', [['secrets', 'name']]],
  ['nodePublishSecretRef', [['secrets', 'name']]],
  ['imagePullSecrets', [['secrets', 'name']]],
  ['secret', [['secrets', 'secretName'], ['secrets', 'name']]],
  ['configMapKeyRef', [['configMaps', 'name']]],
  ['configMapRef', [['configMaps', 'name']]],
  ['configMap', [['configMaps', 'name']]],
  ['persistentVolumeClaim', [['persistentVolumeClaims', 'claimName']]],
])

/** Maps whose keys are the user's own words. */
const freeMaps: ReadonlySet<string> = new Set(['metadata', 'nodeSelector', 'volumeAttributes', 'requests', 'limits'])

type Take = (what: Named, name: string) => void

function collect(value: Json | undefined, take: Take, within = ''): void {
  if (isList(value)) {
    for (const item of value) collect(item, take, within)
    return
  }
  if (!isJsonObject(value)) return
  if (value['optional'] !== true) {
    for (const [what, field] of references.get(within) ?? []) takeText(value[field], (name) => take(what, name))
  }
  for (const [name, member] of Object.entries(value)) {
    if (within === 'pod' && name === 'serviceAccountName') takeText(member, (account) => take('serviceAccounts', account))
    else if (!freeMaps.has(name)) collect(member, take, name)
  }
}

function takeText(value: Json | undefined, take: (text: string) => void): void {
  if (typeof value === 'string' && value !== '') take(value)
}

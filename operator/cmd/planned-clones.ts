import type { ApiClient } from '../kube/api-client.ts'
import { readObject } from '../kube/raw-objects.ts'
import { decodeManifest } from '../model/decode-manifest.ts'
import { decodeObject } from '../model/decode.ts'
import { isJsonObject } from '../model/json.ts'
import type { Problem } from '../model/problem.ts'
import type { TenantClone } from '../model/tenant-clone.ts'
import type { PlannedClone } from './clone-plan.ts'
import type { ClusterAccess } from './cluster-access.ts'
import type { ManifestDocument } from './manifest-file.ts'

/** The TenantClones of a file, with what the cluster knows of those that are there already. Throws an Error that lists every problem. */
export async function clonesOfFile(cluster: ClusterAccess, documents: readonly ManifestDocument[], isNamespaceGiven: boolean): Promise<readonly PlannedClone[]> {
  const broken = documents.flatMap(({ place, errors }) => errors.map((error) => `${place}: ${error}`))
  const found = documents.filter(({ raw }) => isJsonObject(raw) && raw.kind === 'TenantClone').map(({ place, raw }) => ({ place, decoded: decodeManifest(raw) }))
  const wrong = found.flatMap(({ place, decoded }) => (decoded.ok ? [] : decoded.problems.map((problem) => `${place}: ${textOf(problem)}`)))
  if (broken.length + wrong.length > 0) throw new Error([...broken, ...wrong].join('\n'))
  if (found.length === 0) throw new Error('there is no TenantClone in it')
  const manifests = found.flatMap(({ place, decoded }) => (decoded.ok && decoded.value.kind === 'TenantClone' ? [{ place, manifest: decoded.value }] : []))
  const elsewhere = manifests.find(({ manifest: { metadata } }) => isNamespaceGiven && metadata.namespace !== undefined && metadata.namespace !== cluster.namespace)
  if (elsewhere !== undefined) throw new Error(`${elsewhere.place}: metadata.namespace is ${elsewhere.manifest.metadata.namespace ?? ''}, but --namespace is ${cluster.namespace}`)
  return Promise.all(manifests.map(async ({ manifest: { metadata, spec } }) => {
    const namespace = metadata.namespace ?? cluster.namespace
    const live = await liveClone(cluster.client, namespace, metadata.name)
    return { namespace, name: metadata.name, uid: live?.metadata.uid ?? '', spec, status: live?.status }
  }))
}

/** One that is in the cluster. Throws an Error when it is not, or cannot be read. */
export async function cloneNamed({ client, namespace }: ClusterAccess, name: string): Promise<PlannedClone> {
  const live = await liveClone(client, namespace, name)
  if (live === undefined) throw new Error(`there is no TenantClone ${name} in namespace ${namespace}`)
  return { namespace, name, uid: live.metadata.uid, spec: live.spec, status: live.status }
}

async function liveClone(client: ApiClient, namespace: string, name: string): Promise<TenantClone | undefined> {
  const raw = await readObject(client, { resource: 'tenantclones', namespace, name })
  if (raw === undefined) return undefined
  const decoded = decodeObject('TenantClone', raw)
  if (decoded.ok) return decoded.value
  throw new Error(`TenantClone ${namespace}/${name}: ${decoded.problems.map(textOf).join('; ')}`)
}

function textOf({ path, message }: Problem): string {
  return path === '' ? message : `${path}: ${message}`
}

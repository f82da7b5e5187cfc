import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../model/kubernetes.ts'
import { kubectl } from './command.ts'
import type { Tenant } from './tenant.ts'

/** A PersistentVolumeClaim on a folder of this machine, which is the real node. */
export interface Folder {
  readonly path: string
  /** Names below it, with their folders. */
  list(): Promise<readonly string[]>
}

/** The claim is called `exchange`; it, its volume and the folder are gone when `use` has ended. */
export async function withClaim(tenant: Tenant, use: (folder: Folder) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'claim-'))
  await chmod(path, 0o777)
  const name = `${tenant.namespace}-exchange`
  try {
    await tenant.apply({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name }, spec: volumeOf(tenant, path) })
    await tenant.apply({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'exchange' }, spec: { ...wanted, volumeName: name, resources: { requests: { storage: '1Gi' } } } })
    await use({ path, list: async () => (await readdir(path, { recursive: true })).toSorted() })
  } finally {
    await tenant.kubectl('delete', 'jobs,integrationruns,pvc', '--all', '--wait=false')
    await kubectl('delete', 'persistentvolume', name, '--wait=false')
    await rm(path, { recursive: true, force: true })
  }
}

/** No class: nobody is to make a volume for it. */
const wanted = { accessModes: ['ReadWriteOnce'], storageClassName: '' }

function volumeOf(tenant: Tenant, path: string): JsonObject {
  const onAnyNode = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'Exists' }] }] } }
  return { ...wanted, capacity: { storage: '1Gi' }, persistentVolumeReclaimPolicy: 'Retain', nodeAffinity: onAnyNode, claimRef: { namespace: tenant.namespace, name: 'exchange' }, local: { path } }
}

/** Where a file is: for `files` of a schedule, a set or a run. */
export function onClaim(name: string, path: string): JsonObject {
  return { name, from: { persistentVolumeClaim: { claimName: 'exchange', path } } }
}

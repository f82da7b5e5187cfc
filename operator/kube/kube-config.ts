import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { findHomeDir, KubeConfig, type User } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { isJsonObject } from '../model/json.ts'

/**
 * The kubeconfig of a file; without one that of $KUBECONFIG, ~/.kube/config or the service account of the pod. Throws if it cannot be
 * read. A user's `tokenFile`, which client-node 2.0.1 passes over in silence, is read as kubectl does: again and again, like the
 * token of a pod, and rather than a `token` beside it.
 */
export function loadKubeConfig(file: string | undefined): KubeConfig {
  const kubeConfig = new KubeConfig()
  if (file === undefined) kubeConfig.loadFromDefault()
  else kubeConfig.loadFromFile(file)
  const tokenFiles = new Map((file === undefined ? defaultFiles() : [file]).flatMap(tokenFilesIn))
  kubeConfig.users = kubeConfig.users.map((user) => withTokenFile(user, tokenFiles.get(user.name)))
  return kubeConfig
}

/** Those that client-node, like kubectl, looks at. */
function defaultFiles(): readonly string[] {
  const given = process.env.KUBECONFIG?.split(delimiter).filter((name) => name !== '') ?? []
  if (given.length > 0) return given
  const home = findHomeDir()
  return home === null ? [] : [join(home, '.kube', 'config')].filter((file) => existsSync(file))
}

/** Users with their files; a path is relative to the kubeconfig. */
function tokenFilesIn(file: string): (readonly [user: string, tokenFile: string])[] {
  const content: unknown = parse(readFileSync(file, 'utf8'))
  if (!isJsonObject(content) || !Array.isArray(content.users)) return []
  return content.users.filter(isJsonObject).flatMap(({ name, user }) => {
    if (typeof name !== 'string' || !isJsonObject(user) || typeof user.tokenFile !== 'string' || user.tokenFile === '') return []
    return [[name, resolve(dirname(file), user.tokenFile)] as const]
  })
}

function withTokenFile(user: User, tokenFile: string | undefined): User {
  return tokenFile === undefined ? user : { ...user, authProvider: { name: 'tokenFile', config: { tokenFile } } }
}

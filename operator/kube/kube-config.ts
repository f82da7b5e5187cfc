import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { findHomeDir, KubeConfig, type User } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'

/**
 * The kubeconfig of a file; without one that of $KUBECONFIG, ~/.kube/config or the service account of the pod. Throws if it cannot be
 * read, or has no such context; without `context` its current one counts. A user's `tokenFile`, which client-node 2.0.1 passes over in
 * silence, is read as kubectl does: again and again, like the token of a pod, and rather than a `token` beside it. What client-node would
 * leave out of an impersonation is refused: the operator would have other rights than its kubeconfig says.
 */
export function loadKubeConfig(file: string | undefined, context?: string): KubeConfig {
  const kubeConfig = new KubeConfig()
  if (file === undefined) kubeConfig.loadFromDefault()
  else kubeConfig.loadFromFile(file)
  if (context !== undefined) chooseContext(kubeConfig, context)
  const users = (file === undefined ? defaultFiles() : [file]).flatMap(usersIn)
  refuseHalfAnImpersonation(users, kubeConfig.getCurrentUser()?.name)
  const tokenFiles = new Map(users.flatMap(tokenFileOf))
  kubeConfig.users = kubeConfig.users.map((user) => withTokenFile(user, tokenFiles.get(user.name)))
  return kubeConfig
}

/** The namespace of its context, which in a pod is the pod's. Undefined: it says none. */
export function contextNamespace(kubeConfig: KubeConfig): string | undefined {
  const namespace = kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace?.trim()
  return namespace === '' ? undefined : namespace
}

function chooseContext(kubeConfig: KubeConfig, context: string): void {
  const known = kubeConfig.getContexts().map(({ name }) => name)
  if (!known.includes(context)) throw new Error(`the kubeconfig has no context "${context}": it has ${known.join(', ')}`)
  kubeConfig.setCurrentContext(context)
}

/** Those that client-node, like kubectl, looks at. */
function defaultFiles(): readonly string[] {
  const given = process.env.KUBECONFIG?.split(delimiter).filter((name) => name !== '') ?? []
  if (given.length > 0) return given
  const home = findHomeDir()
  return home === null ? [] : [join(home, '.kube', 'config')].filter((file) => existsSync(file))
}

interface UserInFile {
  readonly file: string
  readonly name: string
  readonly user: JsonObject
}

function usersIn(file: string): readonly UserInFile[] {
  const content: unknown = parse(readFileSync(file, 'utf8'))
  if (!isJsonObject(content) || !Array.isArray(content.users)) return []
  return content.users.filter(isJsonObject).flatMap(({ name, user }) => (typeof name === 'string' && isJsonObject(user) ? [{ file, name, user }] : []))
}

/** A path is relative to the kubeconfig. */
function tokenFileOf({ file, name, user: { tokenFile } }: UserInFile): readonly (readonly [user: string, tokenFile: string])[] {
  return typeof tokenFile === 'string' && tokenFile !== '' ? [[name, resolve(dirname(file), tokenFile)]] : []
}

function refuseHalfAnImpersonation(users: readonly UserInFile[], current: string | undefined): void {
  for (const { name, user } of users) {
    const left = ['as-groups', 'as-uid', 'as-user-extra'].find((field) => user[field] !== undefined)
    if (name === current && left !== undefined) throw new Error(`the kubeconfig's user ${name} has ${left}, which is not supported: give it credentials of the account itself`)
  }
}

function withTokenFile(user: User, tokenFile: string | undefined): User {
  return tokenFile === undefined ? user : { ...user, authProvider: { name: 'tokenFile', config: { tokenFile } } }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { request } from 'undici'
import { kubectl, root } from './command.ts'
import { imageStart } from './image.ts'
import { namespace, retried } from './install.ts'

/** The operator's bundle as a process of this machine. */

const bundle = join(root, 'dist/operator.mjs')

const running = new Set<ChildProcess>()
// With the parent gone nobody would stop them: a killed test run must leave nothing.
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

interface ChildOptions {
  readonly kubeconfig: string
  /** Its lines are appended to this file. */
  readonly log: string
  readonly environment?: Readonly<Record<string, string>>
  /** Arguments of Node.js in place of the bundle: flags, and another bundle. */
  readonly program?: readonly string[]
  readonly logLevel?: string
}

export interface OperatorChild {
  readonly process: ChildProcess
  /** Where it serves health and metrics, once it has said so; never, if it ends before. */
  readonly address: Promise<string>
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>
}

export async function startOperatorChild({ kubeconfig, log, environment = {}, program, logLevel = 'debug' }: ChildOptions): Promise<OperatorChild> {
  if (!existsSync(bundle)) throw new Error('there is no dist/operator.mjs: npm run build')
  const file = await open(log, 'a')
  const image = imageStart()
  const args = [...(program ?? [...image.flags, bundle]), 'run', '--kubeconfig', kubeconfig, '--listen-address', '127.0.0.1:0', '--log-level', logLevel]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', file.fd], env: { ...process.env, ...image.environment, ...environment } })
  running.add(child)
  const { promise: address, resolve } = Promise.withResolvers<string>()
  let written = Promise.resolve()
  child.stdout?.on('data', (chunk: Buffer) => {
    written = written.then(() => file.appendFile(chunk))
    const said = /"address":"([^"]+)"/.exec(chunk.toString('utf8'))?.[1]
    if (said !== undefined) resolve(said)
  })
  const closed = new Promise<void>((gone) => child.once('close', () => gone()))
  const end = async (): Promise<void> => {
    await closed
    running.delete(child)
    await written
    await file.close()
  }
  return { process: child, address, ended: end() }
}

/** Resolves when the operator at this address has complete caches. */
export async function untilReady(address: () => Promise<string>): Promise<void> {
  await retried(async () => {
    const { statusCode, body } = await request(`http://${await address()}/readyz`)
    await body.dump()
    if (statusCode !== 200) throw new Error(`/readyz answers ${statusCode}`)
  }, 60_000)
}

/** What the cluster of KUBECONFIG is reached by, without credentials. */
export async function clusterOfKubeconfig(): Promise<{ readonly server: string; readonly 'certificate-authority-data': string }> {
  const field = async (name: string) => (await kubectl('config', 'view', '--raw', '--minify', '--output', `jsonpath={.clusters[0].cluster.${name}}`)).trim()
  return { server: await field('server'), 'certificate-authority-data': await field('certificate-authority-data') }
}

/** A token of a ServiceAccount of the operator's namespace, valid for a day unless `options` say otherwise. */
export async function serviceAccountToken(account: string, ...options: readonly string[]): Promise<string> {
  return (await kubectl('create', 'token', account, '--namespace', namespace, '--duration=24h', ...options)).trim()
}

export function kubeconfigWith(cluster: object, user: object): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster }],
    users: [{ name: 'operator', user }],
    contexts: [{ name: 'operator', context: { cluster: 'cluster', user: 'operator', namespace } }],
    'current-context': 'operator',
  })
}

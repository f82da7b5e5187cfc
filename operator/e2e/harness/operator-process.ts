import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { kubectl, root } from './command.ts'
import { namespace, retried } from './install.ts'

/**
 * The operator as a process of this machine, with the rights of the chart's ServiceAccount and nothing else, started again whenever
 * it ends, as a Deployment does. Its state is in files beside the kubeconfig, so that stories in other processes can interfere:
 * `pid`, `address`, `log`, and `hold`, while which exists it is not started again.
 */
export function operatorFile(name: 'pid' | 'address' | 'log' | 'hold' | 'kubeconfig'): string {
  const kubeconfig = process.env['KUBECONFIG']
  if (kubeconfig === undefined) throw new Error('KUBECONFIG is not set: eval "$(hack/cluster env)"')
  return join(dirname(kubeconfig), 'operator', name)
}

export async function operatorPid(): Promise<number> {
  return Number(await readFile(operatorFile('pid'), 'utf8'))
}

export function isGone(pid: number): boolean {
  try {
    return !process.kill(pid, 0)
  } catch {
    return true
  }
}

/** Resolves when a process other than `former` runs and its caches are complete. */
export async function untilOperatorReady(former?: number): Promise<number> {
  return retried(async () => {
    const pid = await operatorPid()
    if (pid === former) throw new Error('the operator has not been started again')
    const { statusCode, body } = await request(`http://${await readFile(operatorFile('address'), 'utf8')}/readyz`)
    await body.dump()
    if (statusCode !== 200) throw new Error(`/readyz answers ${statusCode}`)
    return pid
  }, 60_000)
}

interface Supervised {
  stop(): Promise<void>
}

export async function superviseOperator(): Promise<Supervised> {
  if (!existsSync(join(root, 'dist/operator.mjs'))) throw new Error('there is no dist/operator.mjs: npm run build')
  await rm(dirname(operatorFile('log')), { recursive: true, force: true })
  await mkdir(dirname(operatorFile('log')), { recursive: true })
  await writeFile(operatorFile('kubeconfig'), await kubeconfigOfServiceAccount(), { mode: 0o600 })
  const state: { child: ChildProcess | undefined; isStopping: boolean } = { child: undefined, isStopping: false }
  const ended = keepRunning(state)
  await untilOperatorReady()
  return {
    async stop() {
      state.isStopping = true
      state.child?.kill('SIGTERM')
      await ended
    },
  }
}

async function keepRunning(state: { child: ChildProcess | undefined; isStopping: boolean }): Promise<void> {
  while (!state.isStopping) {
    if (existsSync(operatorFile('hold'))) {
      await sleep(50)
      continue
    }
    await rm(operatorFile('address'), { force: true })
    await runOnce(state)
  }
}

/** Resolves when the process has ended. */
async function runOnce(state: { child: ChildProcess | undefined }): Promise<void> {
  const log = await open(operatorFile('log'), 'a')
  const child = spawn(process.execPath, [join(root, 'dist/operator.mjs'), 'run', '--kubeconfig', operatorFile('kubeconfig'), '--listen-address', '127.0.0.1:0', '--log-level', 'debug'], { stdio: ['ignore', 'pipe', log.fd] })
  state.child = child
  // With the parent gone nobody would stop it: a killed test run must leave nothing.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.stdout?.on('data', (chunk: Buffer) => {
    void log.appendFile(chunk)
    const address = /"address":"([^"]+)"/.exec(chunk.toString('utf8'))?.[1]
    if (address !== undefined) void writeFile(operatorFile('address'), address)
  })
  await writeFile(operatorFile('pid'), String(child.pid))
  await new Promise<void>((resolve) => child.once('close', () => resolve()))
  process.off('exit', kill)
  await log.close()
}

async function kubeconfigOfServiceAccount(): Promise<string> {
  const token = (await kubectl('create', 'token', namespace, '--namespace', namespace, '--duration=24h')).trim()
  const cluster = async (field: string) => (await kubectl('config', 'view', '--raw', '--minify', '--output', `jsonpath={.clusters[0].cluster.${field}}`)).trim()
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: { server: await cluster('server'), 'certificate-authority-data': await cluster('certificate-authority-data') } }],
    users: [{ name: 'operator', user: { token } }],
    contexts: [{ name: 'operator', context: { cluster: 'cluster', user: 'operator' } }],
    'current-context': 'operator',
  })
}

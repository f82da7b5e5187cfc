import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { namespace, retried } from './install.ts'
import { clusterOfKubeconfig, kubeconfigWith, serviceAccountToken, startOperatorChild, untilReady } from './operator-child.ts'

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
  const pid = await retried(async () => {
    const now = await operatorPid()
    if (now === former) throw new Error('the operator has not been started again')
    return now
  }, 60_000)
  await untilReady(() => readFile(operatorFile('address'), 'utf8'))
  return pid
}

/** With the rights of a ServiceAccount of the operator's namespace and nothing else; by default the chart's. */
export async function kubeconfigOfServiceAccount(account = namespace): Promise<string> {
  return kubeconfigWith(await clusterOfKubeconfig(), { token: await serviceAccountToken(account) })
}

interface Supervised {
  stop(): Promise<void>
}

export async function superviseOperator(): Promise<Supervised> {
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
    const { process: child, address, ended } = await startOperatorChild({ kubeconfig: operatorFile('kubeconfig'), log: operatorFile('log') })
    state.child = child
    void address.then((said) => writeFile(operatorFile('address'), said))
    await writeFile(operatorFile('pid'), String(child.pid))
    await ended
  }
}

import { spawn } from 'node:child_process'
import { open, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isGone } from './operator-process.ts'
import { sleep } from './tenant.ts'

/** kube-controller-manager of a cluster of hack/cluster on this machine, which is stopped as hack/lib/process.sh would find it again. */

function folder(): string {
  const kubeconfig = process.env['KUBECONFIG']
  if (kubeconfig === undefined) throw new Error('KUBECONFIG is not set: eval "$(hack/cluster env)"')
  return dirname(kubeconfig)
}

const pidFile = (): string => join(folder(), 'kube-controller-manager.pid')

async function pidOf(): Promise<number> {
  return Number(await readFile(pidFile(), 'utf8'))
}

/** As on a machine that is suspended: it goes on where it was. Resolves with how to let it. */
export async function pauseControllerManager(): Promise<() => void> {
  const pid = await pidOf()
  process.kill(pid, 'SIGSTOP')
  return () => process.kill(pid, 'SIGCONT')
}

/** As when its machine fails: it knows nothing of before. Resolves with how to start it again. */
export async function killControllerManager(): Promise<() => Promise<void>> {
  const pid = await pidOf()
  const [command = '', ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1)
  process.kill(pid, 'SIGKILL')
  while (!isGone(pid)) await sleep(20)
  return async () => {
    const log = await open(join(folder(), 'log/kube-controller-manager.log'), 'a')
    const env = { PATH: process.env['PATH'], HOME: join(folder(), 'home') }
    const child = spawn(command, args, { cwd: folder(), env, detached: true, stdio: ['ignore', log.fd, log.fd] })
    await writeFile(pidFile(), String(child.pid))
    child.unref()
    await log.close()
  }
}

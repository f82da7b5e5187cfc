// The operator as a process of this machine, as its image starts it.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, open, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { output, root } from '../../../operator/e2e/harness/command.ts'
import { atEnd, refuseWhenLeaving } from './leaving.ts'

/** A bundle of the present sources, in a folder of its own: the one in dist/ may be built anew by somebody else meanwhile. */
export interface Program {
  readonly file: string
  readonly flags: readonly string[]
  readonly log: string
}

export async function builtProgram(flags: readonly string[] | undefined): Promise<Program> {
  await output(process.execPath, ['hack/build.mjs'])
  const folder = await mkdtemp(join(tmpdir(), 'integration-scheduler-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'operator.mjs')
  await copyFile(join(root, 'dist/operator.mjs'), file)
  return { file, flags: flags ?? (await flagsOfImage()), log: join(folder, 'operator.log') }
}

/** Flags of Node.js, from the Dockerfile. */
async function flagsOfImage(): Promise<readonly string[]> {
  const entrypoint = /^ENTRYPOINT \[(.*)\]$/m.exec(await readFile(join(root, 'Dockerfile'), 'utf8'))?.[1] ?? ''
  return [...entrypoint.matchAll(/"(--[^"]+)"/g)].map(([, flag = '']) => flag)
}

/** Instants are of performance.now. */
export interface OperatorProcess {
  readonly pid: number
  readonly spawned: number
  /** Its log line `operator started`. */
  readonly started: number
  /** When /readyz first answered 200. */
  ready(): Promise<number>
  stop(): Promise<void>
}

export async function startOperator({ file, flags, log }: Program, kubeconfig: string): Promise<OperatorProcess> {
  refuseWhenLeaving()
  const logFile = await open(log, 'w')
  const spawned = performance.now()
  const child = spawn(process.execPath, [...flags, file, 'run', '--kubeconfig', kubeconfig, '--listen-address', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', logFile.fd] })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async () => {
    child.kill('SIGTERM')
    await closed
    process.off('exit', kill)
    await logFile.close()
  }
  const stopped = atEnd(stop)
  const { address, started } = await new Promise<{ address: string; started: number }>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      void logFile.write(text)
      const found = /"address":"([^"]+)".*"operator started"/.exec(text)?.[1]
      if (found !== undefined) resolve({ address: found, started: performance.now() })
    })
    void closed.then(async () => reject(new Error(`the operator has ended: ${await readFile(log, 'utf8')}`)))
  })
  return {
    pid: child.pid ?? 0,
    spawned,
    started,
    ready: () => untilReady(address),
    stop: async () => {
      await stop()
      stopped()
    },
  }
}

async function untilReady(address: string): Promise<number> {
  for (;;) {
    const { statusCode, body } = await request(`http://${address}/readyz`)
    await body.dump()
    if (statusCode === 200) return performance.now()
    await sleep(10)
  }
}

// The operator as a process of this machine, started as its image starts it.
import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { output, root } from '../../../operator/e2e/harness/command.ts'
import { imageStart } from '../../../operator/e2e/harness/image.ts'
import { startOperatorChild } from '../../../operator/e2e/harness/operator-child.ts'
import { atEnd } from './leaving.ts'

/** A bundle of the present sources, in a folder of its own: the one in dist/ may be built anew by somebody else meanwhile. */
export interface Program {
  readonly file: string
  readonly flags: readonly string[]
  readonly log: string
}

/** With the flags of the image, unless others are given. */
export async function builtProgram(flags: readonly string[] | undefined): Promise<Program> {
  await output(process.execPath, ['hack/build.mjs'])
  const folder = await mkdtemp(join(tmpdir(), 'integration-scheduler-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'operator.mjs')
  await copyFile(join(root, 'dist/operator.mjs'), file)
  return { file, flags: flags ?? imageStart().flags, log: join(folder, 'operator.log') }
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
  const child: { end?: () => Promise<void> } = {}
  const stopped = atEnd(() => child.end?.())
  const spawned = performance.now()
  const { process: operator, address, ended } = await startOperatorChild({ kubeconfig, log, program: [...flags, file], logLevel: 'info' })
  const stop = async () => {
    operator.kill('SIGTERM')
    await ended
  }
  child.end = stop
  const died = ended.then(async () => Promise.reject(new Error(`the operator has ended: ${await readFile(log, 'utf8')}`)))
  died.catch(() => undefined)
  const where = await Promise.race([address, died])
  const started = performance.now()
  return {
    pid: operator.pid ?? 0,
    spawned,
    started,
    ready: () => untilReady(where),
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

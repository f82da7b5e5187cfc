// Programs that run side by side, announced, with their output kept and told in full when they fail.
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Count {
  readonly passed: number
  readonly failed: number
}

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** From what it printed and its exit code (null: killed). Absent: it is no test; failing counts as one failure. */
  readonly count?: (output: string, code: number | null) => Count
  /** Shown while it runs, not only when it fails. */
  readonly isShown?: boolean
}

const longest = 40 * 60_000
const patience = 15_000

export class Steps {
  readonly #folder: string
  readonly #running = new Map<string, ChildProcess>()
  readonly #counts = new Map<string, Count>()
  readonly #began = Date.now()
  #isStopped = false

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  get running(): readonly string[] {
    return [...this.#running.keys()]
  }

  get counts(): ReadonlyMap<string, Count> {
    return this.#counts
  }

  get total(): Count {
    const counts = [...this.#counts.values()]
    return { passed: counts.reduce((sum, { passed }) => sum + passed, 0), failed: counts.reduce((sum, { failed }) => sum + failed, 0) }
  }

  say(text: string): void {
    const seconds = Math.round((Date.now() - this.#began) / 1000)
    console.log(`${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}  ${text}`)
  }

  /** A failure that no program reports. */
  fail(name: string, reason: string): void {
    this.#counts.set(name, { passed: 0, failed: 1 })
    this.say(`✘ ${name}: ${reason}`)
  }

  /** Whether it succeeded. Never rejects; once stopped, nothing is started any more. */
  async run(name: string, program: Program): Promise<boolean> {
    if (this.#isStopped) return false
    const began = Date.now()
    this.say(`▸ ${name}`)
    const file = join(this.#folder, `${name.replaceAll(/\W+/g, '-')}.log`)
    const code = await this.#spawned(name, program, file)
    const output = readFileSync(file, 'utf8')
    const count = program.count?.(output, code) ?? { passed: 0, failed: code === 0 ? 0 : 1 }
    this.#counts.set(name, count)
    const seconds = `${Math.round((Date.now() - began) / 1000)} s`
    const result = program.count === undefined ? '' : `: ${count.passed} passed, ${count.failed} failed`
    const isGood = count.failed === 0 && code === 0
    if (!isGood && program.isShown !== true && !this.#isStopped) console.log(output.trimEnd().replaceAll(/^/gm, '       | '))
    this.say(`${isGood ? '✔' : '✘'} ${name}${result} (${seconds}${code === 0 ? '' : `, exit code ${code ?? 'none: it was killed'}`})`)
    return isGood
  }

  async #spawned(name: string, { command, args, isShown = false }: Program, file: string): Promise<number | null> {
    const log = createWriteStream(file)
    // A process group of its own, which can be stopped whole, and which a Ctrl-C does not reach before us.
    const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#running.set(name, child)
    const limit = setTimeout(() => void stopGroup(child), longest)
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        log.write(text)
        if (isShown) process.stdout.write(text.replaceAll(/^(?=.)/gm, '       | '))
      })
    }
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', (error) => {
        log.write(`${command}: ${error.message}\n`)
        resolve(null)
      })
      child.once('close', (exitCode) => resolve(exitCode))
    })
    clearTimeout(limit)
    this.#running.delete(name)
    await new Promise<void>((resolve) => log.end(resolve))
    return code
  }

  /** Stops what runs, whole process groups, and lets nothing else begin. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#running.values()].map((child) => stopGroup(child)))
  }
}

async function stopGroup(child: ChildProcess): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  signalGroup(pid, 'SIGTERM')
  const end = Date.now() + patience
  while (signalGroup(pid, 0) && Date.now() < end) await sleep(100)
  signalGroup(pid, 'SIGKILL')
}

/** Whether there still is such a group. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}

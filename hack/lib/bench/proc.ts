// What the kernel knows of a process (Linux).
import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** In MB (10^6 bytes). */
export interface Memory {
  /** All that is in memory, also what is mapped from Node's binary. */
  readonly rss: number
  /** The highest rss so far. */
  readonly peak: number
  /** Without what is mapped from files. */
  readonly anonymous: number
}

export async function memoryOf(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const megabytes = (field: string) => Math.round(Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 0.1024) / 100
  return { rss: megabytes('VmRSS'), peak: megabytes('VmHWM'), anonymous: megabytes('RssAnon') }
}

/** Milliseconds of CPU time that its threads have used. */
export async function cpuOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`)
  // A thread may end meanwhile; Node's do not.
  const used = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0')))
  return used.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0) / 1e6
}

const step = 20
const quiet = { during: 500, atMost: 15 }

/** When (performance.now) the process began to be at rest: half a second in which it used no more than 3 % of one core. */
export async function untilAtRest(pid: number): Promise<number> {
  const samples: { readonly at: number; readonly cpu: number }[] = []
  for (;;) {
    const now = { at: performance.now(), cpu: await cpuOf(pid) }
    samples.push(now)
    while (samples[1] !== undefined && samples[1].at <= now.at - quiet.during) samples.shift()
    const first = samples[0] ?? now
    if (now.at - first.at >= quiet.during && now.cpu - first.cpu <= quiet.atMost) return first.at
    await sleep(step)
  }
}

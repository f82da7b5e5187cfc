import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { output, root } from './command.ts'

export const namespace = 'integration-scheduler'
const chart = join(root, 'charts/integration-scheduler')

/** The chart as a user installs it, as release `integration-scheduler` in the namespace of that name. */
export async function install(...settings: readonly string[]): Promise<void> {
  const values = settings.flatMap((setting) => ['--set', setting])
  await output('helm', ['upgrade', '--install', 'integration-scheduler', chart, '--namespace', namespace, '--create-namespace', '--wait', '--timeout', '3m', ...values])
}

/** Resolves when `attempt` no longer rejects. */
export async function retried<T>(attempt: () => Promise<T>, within: number): Promise<T> {
  const end = Date.now() + within
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() >= end) throw error
      await sleep(250)
    }
  }
}

import { install } from './install.ts'
import { superviseOperator } from './operator-process.ts'

const done = 'INTEGRATION_SCHEDULER_E2E_IS_SET_UP'

/**
 * Before the stories on played nodes: the chart without a pod, since no image runs there, and the operator beside the cluster. Once for
 * all projects of a run: it is asked for by each of them, so that each can also be run alone.
 */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[done] !== undefined) return undefined
  process.env[done] = 'yes'
  await install('replicas=0')
  const operator = await superviseOperator()
  return () => operator.stop()
}

import { install } from './install.ts'
import { superviseOperator } from './operator-process.ts'

/** Before the stories on played nodes: the chart without a pod, since no image runs there, and the operator beside the cluster. */
export async function setup(): Promise<() => Promise<void>> {
  await install('replicas=0')
  const operator = await superviseOperator()
  return () => operator.stop()
}

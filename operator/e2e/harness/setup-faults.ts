import { install } from './install.ts'

/** Before the stories that bring operators of their own: the chart without a pod, for its rights and resources. */
export async function setup(): Promise<void> {
  await install('replicas=0')
}

import { install } from './install.ts'

/** Before the stories on a real node: the chart as it is, with the image that hack/image made and hack/cluster load brought in. */
export async function setup(): Promise<void> {
  await install('replicas=2', 'image.repository=integration-scheduler/operator', 'image.tag=dev', 'image.pullPolicy=Never', 'logLevel=debug')
}

import type { Job, JsonObject } from '../../model/kubernetes.ts'
import type { Tenant } from './tenant.ts'

/** Real containers, made by kube-controller-manager and kubelet, in namespaces that enforce the Pod Security profile "restricted". */

/** A shell script in busybox, whose image knows no user: "restricted" wants one that is not root. */
export function script(text: string): JsonObject {
  return { image: 'localhost/busybox:test', imagePullPolicy: 'Never', command: ['sh', '-c', text], securityContext: { runAsUser: 65_532 } }
}

/** What the container of a run has printed. */
export async function logOf(tenant: Tenant, job: Job): Promise<string> {
  const { code, stdout, stderr } = await tenant.kubectl('logs', `job/${job.metadata.name}`, '--container', 'main')
  if (code !== 0) throw new Error(stderr)
  return stdout
}

export function isOver({ status }: Job): boolean {
  return status?.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed') === true
}

export function isComplete({ status }: Job): boolean {
  return status?.conditions?.some(({ type }) => type === 'Complete') === true
}

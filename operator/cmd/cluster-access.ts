import { type ApiClient, createApiClient } from '../kube/api-client.ts'
import { systemClock } from '../kube/clock.ts'
import { createConnection } from '../kube/connection.ts'
import { contextNamespace, loadKubeConfig } from '../kube/kube-config.ts'
import { operatorVersion } from './version.ts'

/** Which cluster a person means, by the flags that kubectl has for it; a plugin is not told those given before its name. */
export interface ClusterFlags {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

export interface ClusterAccess {
  readonly client: ApiClient
  readonly namespace: string
}

/** Lets `work` talk to that cluster with the person's own rights. Throws when the kubeconfig cannot be used. */
export async function withCluster<T>({ kubeconfig, context, namespace }: ClusterFlags, work: (cluster: ClusterAccess) => Promise<T>): Promise<T> {
  const kubeConfig = loadKubeConfig(kubeconfig, context)
  const connection = createConnection(kubeConfig, systemClock)
  const client = createApiClient({ connection, clock: systemClock, userAgent: `kubectl-integrations/${operatorVersion}`, observed: () => undefined })
  try {
    return await work({ client, namespace: namespace ?? contextNamespace(kubeConfig) ?? 'default' })
  } finally {
    await connection.close()
  }
}

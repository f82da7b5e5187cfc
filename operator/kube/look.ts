import { type Kind, decodeMetadata, decodeObject, decodeStatus } from '../model/decode.ts'
import type { KubernetesObject } from '../model/kubernetes.ts'
import { type Evidence, type Look, type SeenObject, evidenceKey } from '../plan/action.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFailure } from './api-failure.ts'
import type { Clock } from './clock.ts'
import { asKubernetesObject } from './kubernetes-object.ts'
import { projectedCronJob, projectedJob, projectedNamespace } from './projections.ts'
import { readObject } from './raw-objects.ts'
import type { Target } from './target.ts'

/** What an uncached read sees, with its `evidenceKey`. Throws ApiFailures. */
export async function look({ client, clock }: { readonly client: ApiClient; readonly clock: Clock }, { resource, namespace, name, about }: Look): Promise<readonly [string, Evidence]> {
  const at = clock.now()
  const raw = await read(client, resource === 'namespaces' ? { resource, name } : { resource, namespace, name })
  const seen = <T>(project: (object: KubernetesObject) => T | undefined): T | undefined => raw && understood(project(raw))
  return [evidenceKey(resource, namespace, name, about), evidence()]

  function evidence(): Evidence {
    switch (resource) {
      case 'jobs':
        return { resource, at, object: seen(projectedJob) }
      case 'cronjobs':
        return { resource, at, object: seen(projectedCronJob) }
      case 'scheduledintegrations':
        return { resource, at, object: seen(decoded('ScheduledIntegration')) }
      case 'integrationsets':
        return { resource, at, object: seen(decoded('IntegrationSet')) }
      case 'integrationruns':
        return { resource, at, object: seen(decoded('IntegrationRun')) }
      case 'namespaces':
        return { resource, at, object: seen(projectedNamespace) }
    }
  }
}

function decoded<K extends Kind>(kind: K): (raw: KubernetesObject) => SeenObject<K> | undefined {
  return (raw) => {
    const metadata = decodeMetadata(raw.metadata)
    if (metadata === undefined) return undefined
    const status = decodeStatus(kind, 'status' in raw ? raw.status : undefined)
    return { metadata, object: decodeObject(kind, raw, { metadata, status }), status }
  }
}

async function read(client: ApiClient, target: Target): Promise<KubernetesObject | undefined> {
  const raw = await readObject(client, target)
  return raw && understood(asKubernetesObject(raw))
}

function understood<T>(decoded: T | undefined): T {
  if (decoded === undefined) throw new ApiFailure('malformed', 'the answer is not an object of its kind')
  return decoded
}

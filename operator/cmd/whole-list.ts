import type { ApiClient } from '../kube/api-client.ts'
import { type RawList, type RawPage, readPage } from '../kube/raw-objects.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { metadataOf } from '../model/raw-object.ts'

/** All objects of a list, whatever their number: for a person's command, which ends. Throws ApiFailures. */
export async function readAll(client: ApiClient, list: Pick<RawList, 'resource' | 'namespace' | 'labelSelector'>): Promise<readonly JsonObject[]> {
  const objects = new Map<unknown, JsonObject>()
  for (let from: string | undefined = ''; from !== undefined; ) {
    const page: RawPage = await readPage(client, { ...list, limit: 500, from })
    // A list that expires on the way may begin again.
    for (const object of page.items) objects.set(metadataOf(object)['name'], object)
    from = page.next
  }
  return [...objects.values()]
}

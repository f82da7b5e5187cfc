import { isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFailure } from './api-failure.ts'
import { pageOf } from './list-page.ts'
import type { Target } from './target.ts'

/** Objects as the API server has them, read past every store. */
export interface RawPage {
  readonly items: readonly JsonObject[]
  /** Where the next page begins; undefined: this was the last. */
  readonly next: string | undefined
}

export interface RawList {
  readonly resource: Target['resource']
  readonly namespace: string
  readonly labelSelector?: string | undefined
  /** Objects in a page at most. */
  readonly limit: number
  /** `next` of the page before; empty: from the beginning. */
  readonly from: string
}

/**
 * One page. A list that has expired meanwhile (the API server remembers five minutes) goes on where it was, in what is there by now:
 * what existed all the time is in exactly one page. Throws ApiFailures.
 */
export async function readPage(client: ApiClient, list: RawList): Promise<RawPage> {
  try {
    return await pageFrom(client, list, list.from)
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.code !== 410 || list.from === '') throw error
    // A server that names no place to go on is asked for everything again: whoever reads it knows what it has had.
    return pageFrom(client, list, error.continuation ?? '')
  }
}

async function pageFrom(client: ApiClient, { resource, namespace, labelSelector = '', limit }: RawList, from: string): Promise<RawPage> {
  const query = { limit: String(limit), ...(from !== '' && { continue: from }), ...(labelSelector !== '' && { labelSelector }) }
  const { items, token } = pageOf((await client.request({ verb: 'list', target: { resource, namespace }, query })).body)
  return { items: items.filter(isJsonObject), next: token === '' ? undefined : token }
}

/**
 * One uncached read (no resourceVersion: the newest there is). Undefined only when the API server says that this very object is
 * not there: a 404 of anything on the way, or of a server that does not know the kind yet, is a failure. Throws ApiFailures.
 */
export async function readObject(client: ApiClient, target: Target): Promise<JsonObject | undefined> {
  try {
    return (await client.request({ verb: 'get', target })).body
  } catch (error) {
    if (error instanceof ApiFailure && error.reason === 'NotFound' && error.objectName === target.name) return undefined
    throw error
  }
}

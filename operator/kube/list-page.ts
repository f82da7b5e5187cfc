import type { Json, JsonObject } from '../model/kubernetes.ts'
import { isJsonObject } from '../model/json.ts'
import { ApiFailure } from './api-failure.ts'

export interface ListPage {
  readonly items: readonly Json[]
  readonly resourceVersion: string
  /** Asks for the next page; empty when there is none. */
  readonly token: string
}

/** A list that comes in pages, as far as it is there. */
export interface Listing<T> {
  readonly whole: boolean
  readonly present: Map<string, T>
  /** Of all pages; empty before the first. */
  version: string
  /** Asks for the next page; empty when there is none. */
  token: string
}

/** The answer to a list request. Throws an ApiFailure of kind malformed. */
export function pageOf(body: JsonObject): ListPage {
  const metadata = isJsonObject(body.metadata) ? body.metadata : {}
  const items = body.items ?? []
  if (!Array.isArray(items)) throw new ApiFailure('malformed', 'the answer is not a list')
  return { items, resourceVersion: versionOf(body), token: typeof metadata.continue === 'string' ? metadata.continue : '' }
}

/** Throws an ApiFailure of kind malformed. */
export function versionOf({ metadata }: JsonObject): string {
  const version = isJsonObject(metadata) ? metadata.resourceVersion : undefined
  if (typeof version !== 'string' || version === '') throw new ApiFailure('malformed', 'a list or bookmark has no resourceVersion')
  return version
}

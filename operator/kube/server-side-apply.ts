import type { JsonObject } from '../model/kubernetes.ts'
import { metadataOf, textOf } from '../model/raw-object.ts'
import type { JsonPatch } from '../plan/action.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFailure } from './api-failure.ts'
import { failureOf } from './failure.ts'
import type { Target } from './target.ts'
import { versionFence } from './version-fence.ts'

export interface ServerSideApply {
  readonly target: Target
  readonly manifest: JsonObject
  /** The very version of an object that was decided upon. Undefined: there must be none of this name. */
  readonly upon: JsonObject | undefined
  /**
   * Sent before it, upon the same version; the manifest then goes upon the one that this makes. Left out of a dry run, which would not
   * find it. `back` is sent when the manifest was not accepted, upon that version as well: who has written meanwhile has seen it as it was.
   */
  readonly before?: { readonly patch: JsonPatch; readonly back: JsonPatch } | undefined
  readonly fieldManager: string
  /** Takes over fields that others own, instead of being refused. */
  readonly force: boolean
  /** The API server does everything but write. */
  readonly dryRun: boolean
}

/**
 * - applied: `isChanged` says whether that made a difference.
 * - conflict: others own these fields (paths as the API server writes them: `.spec.suspend`), and want other values.
 * - changed: the object is not there any more, or there now, or in another version. Nothing was written.
 * - internal: the API server failed at it. Nothing says whether it will pass.
 * - refused: it never will. `message` names fields and never quotes their values.
 */
export type ApplyResult =
  | { readonly kind: 'applied'; readonly isChanged: boolean }
  | { readonly kind: 'conflict'; readonly fields: readonly string[] }
  | { readonly kind: 'changed' }
  | { readonly kind: 'internal'; readonly failure: ApiFailure }
  | { readonly kind: 'refused'; readonly isTooLarge: boolean; readonly message: string | undefined }

/**
 * No object has it: the first write of a store has the second version. An object that is there has another version, so the API server
 * refuses; one that is not there it makes, whatever version was named. By itself, server-side apply would merge into a stranger.
 */
const noVersion = '1'

/**
 * Throws the ApiFailures that do not concern this object: no connection, too much to do, no such namespace. Whatever comes of it, an
 * object that does not become as it should be stays as it was; but for a crash, a lost connection, or a write of somebody else's, between
 * `before` and the manifest.
 */
export async function serverSideApply(client: ApiClient, apply: ServerSideApply): Promise<ApplyResult> {
  const { dryRun, before, upon } = apply
  if (dryRun || before === undefined || upon === undefined) return outcomeOf(() => sent(client, apply, upon))
  return outcomeOf(async () => {
    const prepared = await patched(client, apply, { upon, patch: before.patch })
    try {
      return await sent(client, apply, prepared)
    } catch (error) {
      await outcomeOf(() => patched(client, apply, { upon: prepared, patch: before.back }))
      throw error
    }
  })
}

async function outcomeOf<T>(attempt: () => Promise<T>): Promise<T | ApplyResult> {
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error
    return resultOf(error)
  }
}

async function sent(client: ApiClient, { target, manifest, fieldManager, force, dryRun }: ServerSideApply, upon: JsonObject | undefined): Promise<ApplyResult> {
  const query = { fieldManager, force: String(force), ...(dryRun && { dryRun: 'All' }) }
  const { body } = await client.request({ verb: 'patch', target, query, body: { type: 'application/apply-patch+yaml', value: fenced(manifest, upon) } })
  return { kind: 'applied', isChanged: upon === undefined || versionOf(body) !== versionOf(upon) }
}

async function patched(client: ApiClient, { target, fieldManager }: ServerSideApply, { upon, patch }: { readonly upon: JsonObject; readonly patch: JsonPatch }): Promise<JsonObject> {
  const fence = versionFence({ uid: textOf(metadataOf(upon)['uid']), resourceVersion: versionOf(upon) })
  const { body } = await client.request({ verb: 'patch', target, query: { fieldManager }, body: { type: 'application/json-patch+json', value: [...fence, ...patch] } })
  return body
}

function fenced(manifest: JsonObject, upon: JsonObject | undefined): JsonObject {
  const metadata = metadataOf(manifest)
  const fence = upon === undefined ? { resourceVersion: noVersion } : { uid: metadataOf(upon)['uid'], resourceVersion: versionOf(upon) }
  return { ...manifest, metadata: { ...metadata, ...fence } }
}

function versionOf(object: JsonObject): string {
  return textOf(metadataOf(object)['resourceVersion'])
}

function resultOf(failure: ApiFailure): ApplyResult {
  const { code, reason, causes, retryAfter } = failure
  if (failure.kind === 'status' && code === 409 && !causes.some((cause) => cause.reason === 'NamespaceTerminating')) {
    const fields = causes.flatMap((cause) => (cause.reason === 'FieldManagerConflict' ? [cause.field] : []))
    return fields.length > 0 ? { kind: 'conflict', fields } : { kind: 'changed' }
  }
  if (failure.kind === 'status' && code === 500 && retryAfter === undefined) return { kind: 'internal', failure }
  const meaning = failureOf(failure)
  if (meaning.kind !== 'stalled') throw failure
  // Without causes only the words of the server are left, and of an object that is invalid they quote what is wrong.
  const message = causes.length > 0 || code === 403 ? meaning.message : undefined
  return { kind: 'refused', isTooLarge: code === 413 || reason === 'RequestEntityTooLarge', message }
}

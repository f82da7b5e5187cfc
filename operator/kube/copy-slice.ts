import { decodeMetadata, decodeObject } from '../model/decode.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { apiVersion } from '../model/names.ts'
import { metadataOf, textOf } from '../model/raw-object.ts'
import { evidenceKey } from '../plan/action.ts'
import { copiedMemory } from '../plan/copied-memory.ts'
import { type Authorization, type AuthorizationQuestion, authorizeSource } from '../plan/copy-authorization.ts'
import type { CopyEvidence, CopySlice, CopySliceSeen } from '../plan/copy-order.ts'
import { joinedRequires, requiresNothing } from '../plan/copy-requires.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFailure } from './api-failure.ts'
import type { Clock } from './clock.ts'
import { type CopyContext, type ObjectCopied, copyObject, resourceOf } from './copy-object.ts'
import type { EventRecorder } from './event-recorder.ts'
import { readPage } from './raw-objects.ts'
import { sideBySide } from './side-by-side.ts'

export interface CopySliceOptions {
  readonly client: ApiClient
  readonly clock: Clock
  readonly events: Pick<EventRecorder, 'record'>
  readonly copying: CopyContext
}

/** So much of a namespace is in memory at a time. */
const pageSize = 250
/** Enough to hide how long one request takes; more only wait for each other. */
const inFlight = 16
/** A namespace with more CloneGrants than this has them one by one. */
const grantsInPage = 100

/**
 * Copies one page of one kind, with its `evidenceKey`. Whether the source consents is read first, past every store. What it writes is
 * decided upon what the API server has: done twice, after a crash or a lost answer, the second time finds what the first has made, and tells it.
 * Throws ApiFailures that concern the whole slice; then it is to be done again.
 */
export async function copySlice(options: CopySliceOptions, slice: CopySlice): Promise<readonly [string, CopyEvidence]> {
  const { resource, namespace, name, pass, kind, from } = slice
  const at = options.clock.now()
  return [evidenceKey(resource, namespace, name), { resource, at, object: undefined, slice: { pass, kind, from, outcome: await outcomeOf(options, slice) } }]
}

async function outcomeOf(options: CopySliceOptions, slice: CopySlice): Promise<CopySliceSeen['outcome']> {
  const answer = await authorization(options, slice)
  if (!answer.isAuthorized) return { kind: 'unauthorized', answer }
  const { source } = slice.order.spec
  const list = { resource: resourceOf[slice.kind], namespace: source.namespace, labelSelector: selectorText(source.selector?.matchLabels), limit: pageSize, from: slice.from }
  const { items, next } = await readPage(options.client, list)
  const copied = await copyAll(options, slice, items)
  return { kind: 'done', next, items: copied.map(({ item }) => item), requires: copied.reduce((all, { requires }) => joinedRequires(all, requires), requiresNothing) }
}

/** The same door as in the plan, on the newest grants there are: the one that allowed it may be gone since. */
async function authorization({ client, copying: { ownNamespace } }: CopySliceOptions, { namespace: target, order: { spec } }: CopySlice): Promise<Authorization> {
  const question = { target, spec, grants: [], ownNamespace }
  const withoutGrants = authorizeSource(question)
  if (withoutGrants.isAuthorized || withoutGrants.reason !== 'NoGrant') return withoutGrants
  const grants: AuthorizationQuestion['grants'][number][] = []
  for (let from: string | undefined = ''; from !== undefined; ) {
    const page = await readPage(client, { resource: 'clonegrants', namespace: spec.source.namespace, limit: grantsInPage, from })
    grants.push(...page.items.flatMap(grantIn).filter(({ object }) => !object.ok || object.value.spec.to.some(({ namespace }) => namespace === target)))
    from = page.next
  }
  return authorizeSource({ ...question, grants })
}

function grantIn(raw: JsonObject): AuthorizationQuestion['grants'] {
  const metadata = decodeMetadata(raw['metadata'])
  return metadata === undefined ? [] : [{ metadata, object: decodeObject('CloneGrant', raw) }]
}

function selectorText(labels: Readonly<Record<string, string>> = {}): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join(',')
}

async function copyAll({ client, events, copying }: CopySliceOptions, { order, kind, memory }: CopySlice, sources: readonly JsonObject[]): Promise<readonly ObjectCopied[]> {
  const { namespace } = order.clone
  const remembered = copiedMemory(memory)
  const copied: ObjectCopied[] = []
  await sideBySide([...sources.entries()], inFlight, async ([index, source]) => {
    const name = textOf(metadataOf(source)['name'])
    const wasCopied = remembered.has(kind, name)
    const mayBeThere = wasCopied || copying.isThere(kind, namespace, name)
    copied[index] = await copyObject({ client, events, order, source: { ...source, apiVersion, kind }, target: { resource: resourceOf[kind], namespace, name }, wasCopied, mayBeThere })
  })
  throwIfAllFailed(copied)
  return copied
}

/** Then it is not about the objects: a policy engine that is down, say. */
function throwIfAllFailed(copied: readonly ObjectCopied[]): void {
  const failures = copied.flatMap(({ failure }) => failure ?? [])
  const [first] = failures
  if (failures.length > 1 && failures.length === copied.length && first instanceof ApiFailure) throw first
}

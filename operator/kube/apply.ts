import type { Instant } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { type Action, type Errand, type Evidence, type Learned, type Plan, type Postponement, type StatusPatch, isHistory, isRefused, postponement, writeKey } from '../plan/action.ts'
import { mergePatchOf } from '../plan/merge-patch.ts'
import { type ActOptions, act } from './act.ts'
import { ApiFailure, failureFields } from './api-failure.ts'
import { type Failure, failureOf } from './failure.ts'
import type { Logger } from './logger.ts'
import { sideBySide } from './side-by-side.ts'

/**
 * - done: all actions were carried out and, if there were none, the status is as planned.
 * - looked: there is new evidence, plan again.
 * - refused: the next action was refused lately and was not sent; if it was the first, the status is as planned.
 * - outrun: the plan was made before the stores showed what an earlier write did. Nothing of it was sent in vain.
 * - failed: at this action, or (undefined) when the status was written, or with an errand.
 */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'looked' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'outrun' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly action: Action | undefined }

export interface Applied {
  readonly outcome: Outcome
  /** By `evidenceKey`. */
  readonly evidence: ReadonlyMap<string, Evidence>
  /** Writes that succeeded, by `writeKey`. */
  readonly written: ReadonlyMap<string, Instant>
  /** Errands that were refused, by `writeKey`. */
  readonly postponed: ReadonlyMap<string, Postponement>
}

/** What one pass learns. */
interface Lessons {
  readonly evidence: Map<string, Evidence>
  readonly written: Map<string, Instant>
  readonly postponed: Map<string, Postponement>
}

/** Throws only on a bug. */
export type Apply = (plan: Plan, learned: Learned) => Promise<Applied>

/**
 * Carries plans out: the actions in order, up to the first failure. Status tells what was observed, so it is written only in
 * a pass that has nothing else to do: after an action, the pass that sees what it did writes it. Events go with the status:
 * out when it is as planned.
 */
export function createApply(options: ActOptions): Apply {
  return async (plan, learned) => {
    const lessons: Lessons = { evidence: new Map(), written: new Map(), postponed: new Map() }
    return { outcome: await carryOut(options, plan, learned, lessons), ...lessons }
  }
}

async function carryOut(options: ActOptions, plan: Plan, learned: Learned, lessons: Lessons): Promise<Outcome> {
  const now = options.clock.now()
  const { refused, written } = learned
  if (plan.actions.some((action) => isHistory(action, written, now))) return { kind: 'outrun' }
  const blocked = plan.actions.findIndex((action) => isRefused(action, refused, now))
  const actions = blocked === -1 ? plan.actions : plan.actions.slice(0, blocked)
  for (const action of actions) {
    const outcome = await carryOutAction(options, action, lessons)
    if (outcome !== undefined) return outcome
    remember(lessons, action, now)
  }
  const errands = blocked === -1 ? readyErrands(plan.errands ?? [], learned, now) : nothingToRun
  if (errands.ready.length > 0) return runErrands(options, errands.ready, lessons)
  if (errands.isOutrun) return { kind: 'outrun' }
  const change = plan.status && changeOf(plan.status)
  if (actions.length === 0 && plan.status !== undefined && change !== undefined) {
    if (isHistory(plan.status, written, now)) return { kind: 'outrun' }
    const outcome = await carryOutStatus(options, plan.status, change)
    if (outcome !== undefined) return outcome
    remember(lessons, plan.status, now)
  }
  if (actions.length === 0 || change === undefined) for (const event of plan.events) options.events.record(event)
  if (lessons.evidence.size > 0) return { kind: 'looked' }
  return { kind: blocked === -1 && !errands.isRefused ? 'done' : 'refused' }
}

/** Enough to hide how long one request takes; more only wait for each other. */
const inFlight = 16

interface Errands {
  readonly ready: readonly Errand[]
  readonly isOutrun: boolean
  readonly isRefused: boolean
}

const nothingToRun: Errands = { ready: [], isOutrun: false, isRefused: false }

/** Those that were carried out already, or refused lately, are left out. */
function readyErrands(errands: readonly Errand[], { written, postponed }: Learned, now: Instant): Errands {
  const fresh = errands.filter(({ action }) => !isHistory(action, written, now))
  const ready = fresh.filter(({ action }) => postponement(action, postponed, now) === undefined)
  return { ready, isOutrun: fresh.length < errands.length, isRefused: ready.length < fresh.length }
}

/** Those that fail do not stop the others. What became of them is told by the one that has to be seen to first. */
async function runErrands(options: ActOptions, errands: readonly Errand[], lessons: Lessons): Promise<Outcome> {
  const now = options.clock.now()
  const failures: Failure[] = []
  await sideBySide(errands, inFlight, async ({ action, event }) => {
    const outcome = await carryOutAction(options, action, lessons)
    if (outcome?.kind === 'failed') {
      failures.push(postponedUntil(outcome.failure, { action, now, lessons }))
      if (outcome.failure.kind === 'waiting') await lookAtChanged(options, action, lessons)
      return
    }
    remember(lessons, action, now)
    if (event !== undefined) options.events.record(event)
  })
  const failure = failures.find(({ kind }) => kind === 'transient')
  if (failure !== undefined) return { kind: 'failed', failure, action: undefined }
  if (lessons.evidence.size > 0) return { kind: 'looked' }
  const waiting = failures.find(({ kind }) => kind === 'waiting')
  if (waiting !== undefined) return { kind: 'failed', failure: waiting, action: undefined }
  return { kind: failures.length > 0 ? 'refused' : 'done' }
}

/** Somebody has changed a Job, or removed it, and the store does not show it yet: what became of it is looked at, once. */
async function lookAtChanged(options: ActOptions, action: Action, lessons: Lessons): Promise<void> {
  if (action.verb !== 'merge' || action.resource !== 'jobs') return
  const { resource, namespace, name, uid } = action
  await carryOutAction(options, { verb: 'look', resource, namespace, name, about: uid, because: 'it has changed' }, lessons)
}

function postponedUntil(failure: Failure, { action, now, lessons }: { readonly action: Action; readonly now: Instant; readonly lessons: Lessons }): Failure {
  const key = writeKey(action)
  if (failure.kind === 'stalled' && key !== undefined) lessons.postponed.set(key, { message: failure.message, retryAt: now + failure.retryAfter })
  return failure
}

function remember({ written }: Lessons, write: Action | StatusPatch, now: Instant): void {
  const key = writeKey(write)
  if (key !== undefined) written.set(key, now)
}

/** Undefined: go on. */
async function carryOutAction(options: ActOptions, action: Action, lessons: Lessons): Promise<Outcome | undefined> {
  const { verb, resource, namespace, name, because } = action
  const fields = { verb, resource, namespace, name, because }
  try {
    const isTaken = await act(options, action, lessons.evidence)
    options.log.info(fields, isTaken ? 'name is taken, looked at what has it' : 'carried out')
    return isTaken ? { kind: 'looked' } : undefined
  } catch (error) {
    const outcome = failed(options.log, error, { action, fields })
    // The object is not as the plan saw it, and never will be again: what is planned on that version is in vain.
    if ((verb === 'merge' || verb === 'delete') && outcome.kind === 'failed' && outcome.failure.kind === 'waiting') remember(lessons, action, options.clock.now())
    return outcome
  }
}

/** Merge patches of what differs; undefined: all is as it should be. */
function changeOf({ live, status, annotation }: StatusPatch): StatusChange | undefined {
  const change = mergePatchOf(live, status)
  if (annotation === undefined || annotation.value === annotation.live) return change && { status: change }
  return { annotations: { [annotation.name]: annotation.value }, status: change ?? {} }
}

interface StatusChange {
  readonly annotations?: JsonObject
  readonly status: JsonObject
}

async function carryOutStatus({ client, log }: ActOptions, patch: StatusPatch, change: StatusChange): Promise<Outcome | undefined> {
  const { resource, namespace, name, uid, resourceVersion } = patch
  try {
    // The version is the fence: a pass that saw an older object must not overwrite what a newer one wrote, nor write upon a
    // recreated object. It costs nothing but a second pass in the rare case of a race: 409, and the watch tells.
    const { annotations, status } = change
    const value = { metadata: { uid, resourceVersion, ...(annotations && { annotations }) }, status }
    const target = { resource, namespace, name, subresource: 'status' } as const
    await client.request({ verb: 'patch', target, body: { type: 'application/merge-patch+json', value } })
    return undefined
  } catch (error) {
    return failed(log, error, { action: undefined, fields: { verb: 'patch', resource, namespace, name, subresource: 'status' } })
  }
}

function failed(log: Logger, error: unknown, { action, fields }: { action: Action | undefined; fields: object }): Outcome {
  if (!(error instanceof ApiFailure)) throw error
  const failure = failureOf(error)
  const message = 'the API server did not carry it out'
  if (failure.kind === 'stalled') log.warn({ ...fields, ...failureFields(error), outcome: failure.kind }, message)
  else log.info({ ...fields, ...failureFields(error), outcome: failure.kind }, message)
  return { kind: 'failed', failure, action }
}

import type { ApiClient } from '../kube/api-client.ts'
import { ApiFailure } from '../kube/api-failure.ts'
import { sideBySide } from '../kube/side-by-side.ts'
import { isJsonObject } from '../model/json.ts'
import type { ClusterAccess } from './cluster-access.ts'
import { type ChosenSchedule, type ScheduleChoice, chosenSchedules } from './schedule-choice.ts'
import { type SwitchOrder, pipelineOfSuspend, switchManager, switchStep } from './schedule-switch.ts'

export interface SwitchRequest {
  readonly direction: SwitchOrder['direction']
  readonly choice: ScheduleChoice
  /** Of enabling: those that say `suspend: true` stay so. */
  readonly keepSuspended: boolean
  readonly dryRun: boolean
}

export interface Switched {
  readonly title: string
  readonly result: string
  readonly note: string
}

export interface SwitchedAll {
  readonly rows: readonly Switched[]
  readonly isDone: boolean
}

/** Writes at the same time: the API server serves a person beside others. */
const inFlight = 8

/**
 * Enables or disables schedules, and goes on after one that fails. Done twice it changes nothing the second time.
 * Throws when nothing could be begun: no rights to look, no such namespace, nothing chosen.
 */
export async function switchSchedules({ client, namespace }: ClusterAccess, request: SwitchRequest): Promise<SwitchedAll> {
  // Disabling is the emergency brake: it asks for no right but those on schedules.
  const order: SwitchOrder = request.direction === 'disable' ? { direction: 'disable' } : { direction: 'enable', namespaceUid: await uidOf(client, namespace), keepSuspended: request.keepSuspended }
  const chosen = await chosenSchedules(client, namespace, request.choice)
  if (chosen.length === 0) throw new Error(`there are no schedules in namespace ${namespace}${request.choice.by === 'label' ? ` with ${request.choice.selector}` : ''}`)
  const outcomes = new Map<ChosenSchedule, Outcome>()
  await sideBySide(chosen, inFlight, async (one) => void outcomes.set(one, await switchOne({ client, namespace, dryRun: request.dryRun }, one, order)))
  const rows = chosen.map((one) => ({ title: one.title, ...(outcomes.get(one) ?? failed('was not tried')) }))
  return { rows: rows.map(({ title, result, note }) => ({ title, result, note })), isDone: rows.every(({ isDone }) => isDone) }
}

type Outcome = Omit<Switched, 'title'> & { readonly isDone: boolean }

interface Where extends ClusterAccess {
  readonly dryRun: boolean
}

async function switchOne({ client, namespace, dryRun }: Where, one: ChosenSchedule, order: SwitchOrder): Promise<Outcome> {
  if (one.kind === 'missing') return failed(one.problem)
  const step = switchStep(one.object, order)
  if (step.kind === 'leave') return { result: step.result, note: '', isDone: true }
  try {
    await client.request({
      verb: 'patch',
      target: { resource: one.resource, namespace, name: one.name },
      query: { fieldManager: switchManager[order.direction], ...(dryRun && { dryRun: 'All' }) },
      body: { type: 'application/merge-patch+json', value: step.patch },
    })
  } catch (error) {
    if (error instanceof ApiFailure) return failed(error.message)
    throw error
  }
  const pipeline = pipelineOfSuspend(one.object)
  const note = pipeline === undefined ? '' : `${pipeline} has set suspend, and may set it again: change it there too`
  return { result: dryRun ? `${step.result} (dry run)` : step.result, note, isDone: true }
}

function failed(problem: string): Outcome {
  return { result: 'failed', note: problem.replaceAll(/\s+/g, ' '), isDone: false }
}

async function uidOf(client: ApiClient, name: string): Promise<string> {
  const { body: { metadata } } = await client.request({ verb: 'get', target: { resource: 'namespaces', name } }).catch((error: unknown) => {
    if (!(error instanceof ApiFailure)) throw error
    if (error.code === 404) throw new Error(`there is no namespace ${name}`, { cause: error })
    throw new Error(`the namespace ${name} cannot be read, and enabling in it needs its UID: ${error.message}`, { cause: error })
  })
  const uid = isJsonObject(metadata) ? metadata.uid : undefined
  if (typeof uid !== 'string') throw new Error(`the namespace ${name} has no UID`)
  return uid
}

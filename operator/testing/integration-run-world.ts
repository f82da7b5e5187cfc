import { integrationRunController } from '../controllers/integration-run.ts'
import { formatInstant } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, apiVersion, label, manager } from '../model/names.ts'
import type { Action, Evidence, Learned, Plan } from '../plan/action.ts'
import { evidenceKey } from '../plan/action.ts'
import { planIntegrationRun } from '../plan/integration-run.ts'
import { runJobName } from '../plan/integration-run-job.ts'
import { at, nothingLearned } from './builders.ts'
import { objectsIn, textOf } from './json-reading.ts'
import { MemoryStores } from './memory-stores.ts'
import { type Resource, type ServerObject, namespace, serverObject } from './virtual-api-server.ts'

/** An IntegrationRun, its Job and what it names, as the API server has them. */

export const runName = 'correction'
export const runJob = runJobName({ name: runName, uid: 'run-uid' })

export function integrationRun(spec: JsonObject, given: { readonly status?: JsonObject; readonly deletionTimestamp?: string } = {}): ServerObject {
  const metadata = { name: runName, namespace, uid: 'run-uid', resourceVersion: '1', generation: 1, creationTimestamp: '2026-03-02T10:00:00Z' }
  const { status, deletionTimestamp } = given
  return serverObject({ apiVersion, kind: 'IntegrationRun', metadata: { ...metadata, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) }, spec, ...(status === undefined ? {} : { status }) })
}

/** `status`, `annotations`, `spec`, `owner` (its UID): what is not as of a Job that was just made. */
export function jobOfRun(given: { readonly status?: JsonObject; readonly annotations?: JsonObject; readonly spec?: JsonObject; readonly owner?: string; readonly deletionTimestamp?: string } = {}): ServerObject {
  const { status = {}, annotations, spec, owner = 'run-uid', deletionTimestamp } = given
  return serverObject({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: runJob,
      namespace,
      uid: 'job-uid',
      resourceVersion: '1',
      creationTimestamp: '2026-03-02T10:00:00Z',
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      labels: { [label.managedBy]: manager },
      annotations: { [annotation.runName]: 'export-20260302-1000', ...annotations },
      ownerReferences: [{ apiVersion, kind: 'IntegrationRun', name: runName, uid: owner, controller: true }],
    },
    spec: { suspend: false, ...spec },
    status,
  })
}

/** What looks saw. */
export function looks(...seen: readonly Evidence[]): Learned {
  const nameOf = ({ resource }: Evidence) => (resource === 'integrationruns' ? runName : runJob)
  return { ...nothingLearned, evidence: new Map(seen.map((one) => [evidenceKey(one.resource === 'pods' ? 'jobs' : one.resource, namespace, nameOf(one)), one])) }
}

export interface RunWorld {
  readonly run: ServerObject
  readonly others?: readonly (readonly [Resource, ServerObject])[]
  readonly job?: ServerObject | undefined
  readonly learned?: Learned
}

export function plannedRun({ run, others = [], job, learned = nothingLearned }: RunWorld, now: string): Plan {
  const memory = new MemoryStores()
  for (const [resource, object] of [...others, ['integrationruns', run] as const, ...(job === undefined ? [] : [['jobs', job] as const])]) memory.put(resource, object)
  const observed = integrationRunController(memory.stores).observe(`${namespace}/${runName}`, learned)
  if (observed === undefined) throw new Error('the run is not in the store')
  return planIntegrationRun(observed, at(now))
}

export interface RunSummary {
  /** `create job`, `look at job`, `look at run`, `delete run`. */
  readonly does: readonly string[]
  /** `Succeeded=Unknown RunRunning`; empty when no status is planned. */
  readonly condition: string
  /** `Running`, `Failed JobRefused`. */
  readonly outcome: string
  readonly message: string
  /** `people Succeeded` */
  readonly members: readonly string[]
  readonly events: readonly string[]
  readonly wake: string
}

export function summaryOfRun({ actions, status, events, requeue }: Plan): RunSummary {
  const said = status?.status ?? {}
  return {
    does: actions.map(text),
    condition: objectsIn(said.conditions).map(({ type, status: value, reason }) => `${textOf(type)}=${textOf(value)} ${textOf(reason)}`).join(' '),
    outcome: `${textOf(said.outcome)} ${textOf(said.reason)}`.trim(),
    message: textOf(said.message),
    members: objectsIn(said.members).map(({ name, outcome }) => `${textOf(name)} ${textOf(outcome)}`),
    events: events.map(({ reason }) => reason),
    wake: requeue.kind === 'at' ? formatInstant(requeue.at).slice(11, 19) : 'on change',
  }
}

function text({ verb, resource, name }: Action): string {
  if (name !== runName && name !== runJob) throw new Error(`${verb} of another object: ${resource} ${name}`)
  return `${verb === 'look' ? 'look at' : verb} ${resource === 'integrationruns' ? 'run' : 'job'}`
}

import { setRunController } from '../controllers/set-run.ts'
import { projectedJob } from '../kube/projections.ts'
import { type Instant, formatInstant } from '../model/instant.ts'
import { asJson } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label, manager, setRunManager } from '../model/names.ts'
import { type GateTerms, type MemberProgress, type SetTerms, gateTermsText, progressText, setTermsText } from '../model/run-terms.ts'
import { type Action, type Learned, type Plan, evidenceKey } from '../plan/action.ts'
import { planSetRun } from '../plan/set-run.ts'
import { at, nothingLearned } from './builders.ts'
import { objectsIn, textOf } from './json-reading.ts'
import { MemoryStores } from './memory-stores.ts'
import { type ServerObject, namespace, serverObject } from './virtual-api-server.ts'

/** A run of a set and the Jobs of its members, as the API server has them. */

export const setRunName = 'nightly-29541720'
const setRunUid = 'set-uid'

function gateText(locks: GateTerms['locks']): string {
  return gateTermsText({ v: 1, overlapPolicy: 'Allow', locks, maxWaitSeconds: 3600, startingDeadlineSeconds: 3600, runName: 'nightly', timeZone: 'Etc/UTC' })
}

/** The Job of a member that is born suspended, as its set carries it. */
function template(member: string, locks: GateTerms['locks']): JsonObject {
  const labels = { [label.managedBy]: manager, [label.set]: 'nightly', [label.member]: member, [label.integration]: member }
  const container = { name: 'main', image: `registry.example.com/${member}:1` }
  return { metadata: { labels, annotations: { [annotation.gate]: gateText(locks) } }, spec: { suspend: true, backoffLimit: 0, template: { metadata: { labels }, spec: { restartPolicy: 'Never', containers: [container] } } } }
}

/** `locked`: members that need the lock which somebody else has. */
export function setTerms(given: Partial<Omit<SetTerms, 'members'>> & { readonly members?: readonly string[]; readonly locked?: readonly string[] } = {}): SetTerms {
  const { members = ['structure', 'people', 'payroll'], locked = [], ...rest } = given
  const job = (name: string) => template(name, locked.includes(name) ? [lock] : [])
  return { v: 1, execution: 'Sequential', onMemberFailure: 'Abort', ...rest, members: members.map((name) => ({ name, integration: name, job: job(name) })) }
}

const lock = { name: 'db/people', mode: 'Exclusive' } as const

/** A run in progress that has the lock. */
export const lockHolder: ServerObject = serverObject({
  ...template('', [lock]),
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    ...metadataOf('reorganisation', 'holder'),
    labels: { [label.managedBy]: manager },
    annotations: { [annotation.released]: '2026-03-02T09:59:00Z', [annotation.gate]: gateText([lock]) },
  },
  spec: { suspend: false },
})

export interface SetRunGiven {
  readonly terms?: SetTerms | 'unreadable'
  readonly progress?: readonly MemberProgress[]
  readonly suspend?: boolean
  readonly status?: JsonObject
  readonly deletionTimestamp?: string
}

export function setRunJob({ terms = setTerms(), progress, suspend = false, status, deletionTimestamp }: SetRunGiven = {}): ServerObject {
  return serverObject({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...metadataOf(setRunName, setRunUid),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      labels: { [label.managedBy]: manager, [label.schedule]: 'nightly', [label.set]: 'nightly' },
      annotations: { [annotation.members]: terms === 'unreadable' ? '{' : setTermsText(terms), ...(progress === undefined ? {} : { [annotation.progress]: progressText(progress) }) },
    },
    spec: { suspend, managedBy: setRunManager },
    ...(status === undefined ? {} : { status }),
  })
}

/** `waiting`: at the gate. `released`: by the gate. `running`: with a pod that is up. Else the reason of a failed Job. */
export type MemberState = 'waiting' | 'released' | 'running' | 'succeeded' | 'skipped' | 'deleting' | 'BackoffLimitExceeded' | 'PodFailurePolicy'

const released = { [annotation.released]: '2026-03-02T10:01:00Z' }
const startTime = '2026-03-02T10:01:00Z'
const completionTime = '2026-03-02T10:05:00Z'

export function memberJob(index: number, state: MemberState, given: { readonly uid?: string; readonly owner?: string } = {}): ServerObject {
  const { uid = `m${index}`, owner = setRunUid } = given
  const skipped = { [annotation.skipped]: JSON.stringify({ outcome: 'Skipped', reason: 'WaitedTooLong', message: 'it waited for 3600 s' }) }
  const annotations = { [annotation.gate]: gateText([]), ...(state === 'waiting' ? {} : state === 'skipped' ? skipped : released) }
  return serverObject({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...metadataOf(`${setRunName}-${index}`, uid),
      ...(state === 'deleting' ? { deletionTimestamp: '2026-03-02T10:04:00Z' } : {}),
      labels: { [label.managedBy]: manager, [label.member]: 'any' },
      annotations,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: owner === setRunUid ? setRunName : 'another', uid: owner, controller: true }],
    },
    spec: { suspend: state === 'waiting' || state === 'skipped' },
    status: statusOf(state),
  })
}

function statusOf(state: MemberState): JsonObject {
  const ended = (type: string, reason?: string) => ({ startTime, conditions: [{ type, status: 'True', lastTransitionTime: completionTime, ...(reason === undefined ? {} : { reason, message: 'as Kubernetes says' }) }] })
  switch (state) {
    case 'waiting':
    case 'skipped':
    case 'released':
      return {}
    case 'running':
    case 'deleting':
      return { startTime, active: 1, ready: 1 }
    case 'succeeded':
      return { ...ended('Complete'), completionTime }
    case 'BackoffLimitExceeded':
    case 'PodFailurePolicy':
      return ended('Failed', state)
  }
}

function metadataOf(name: string, uid: string): JsonObject {
  return { name, namespace, uid, resourceVersion: '1', generation: 1, creationTimestamp: '2026-03-02T10:00:00Z' }
}

/** What a look at the Job of a member saw, five seconds before `now` at most. */
export function lookedAt(index: number, sawAt: string, object?: ServerObject): Learned {
  const evidence = { resource: 'jobs' as const, at: at(sawAt), object: object && projectedJob(object) }
  return { ...nothingLearned, evidence: new Map([[evidenceKey('jobs', namespace, `${setRunName}-${index}`), evidence]]) }
}

export function plannedSetRun(setRun: ServerObject, jobs: readonly ServerObject[], { now, learned = nothingLearned }: { readonly now: Instant; readonly learned?: Learned }): Plan {
  const memory = new MemoryStores()
  for (const job of [setRun, ...jobs]) memory.put('jobs', job)
  const observed = setRunController(memory.stores).observe(`${namespace}/${setRun.metadata.name}`, learned)
  if (observed === undefined) throw new Error('the Job runs no set')
  return planSetRun(observed, now)
}

export interface SetRunSummary {
  /** `create 0`, `look at 0`, `stop 0`, `stop 0 if unchanged`, by place of the member. */
  readonly does: readonly string[]
  /** `active 1 ready 1 succeeded 1 failed 1`, without zeros. */
  readonly counts: string
  /** `Failed MemberFailed: people failed`. */
  readonly conditions: readonly string[]
  /** `structure: Succeeded`, `people: begun`, `payroll: -`. */
  readonly members: readonly string[]
  readonly events: readonly string[]
  readonly wake: string
}

export function summaryOfSetRun({ errands = [], status, events, requeue }: Plan): SetRunSummary {
  const said = status?.status ?? {}
  const counts = ['active', 'ready', 'succeeded', 'failed'].flatMap((name) => (typeof said[name] === 'number' && said[name] > 0 ? [`${name} ${said[name]}`] : []))
  const list: unknown = JSON.parse(status?.annotation?.value ?? '[]')
  return {
    does: errands.map(({ action }) => text(action)),
    counts: counts.join(' '),
    conditions: objectsIn(said.conditions).map(({ type, reason, message }) => `${textOf(type)} ${textOf(reason)}: ${textOf(message)}`),
    members: objectsIn(Array.isArray(list) ? list.map(asJson) : []).map(memberText),
    events: events.map(({ reason, message }) => `${reason}: ${message}`),
    wake: requeue.kind === 'at' ? formatInstant(requeue.at).slice(11, 19) : 'on change',
  }
}

function memberText({ name, uid, outcome, reason }: JsonObject): string {
  const why = reason === undefined ? '' : ` ${textOf(reason)}`
  return `${textOf(name)}: ${outcome === undefined ? (uid === undefined ? '-' : 'begun') : textOf(outcome)}${why}`
}

function text(action: Action): string {
  const place = action.name.split('-').at(-1) ?? ''
  if (action.verb === 'create') return `create ${place}`
  if (action.verb === 'look') return `look at ${place}`
  if (action.verb === 'delete') return `stop ${place}${action.resourceVersion === undefined ? '' : ' if unchanged'}`
  return action.verb
}

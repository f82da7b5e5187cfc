import { gateController } from '../controllers/gate.ts'
import { projectedCronJob, projectedJob, projectedNamespace } from '../kube/projections.ts'
import { projectedResource } from '../controllers/resource.ts'
import type { Instant } from '../model/instant.ts'
import { formatInstant } from '../model/instant.ts'
import { annotation, apiVersion, label, manager, scheduledTimestampAnnotation } from '../model/names.ts'
import { type GateTerms, gateTermsText } from '../model/run-terms.ts'
import { type Action, type Evidence, type Learned, type Look, type Plan, evidenceKey } from '../plan/action.ts'
import { planGate } from '../plan/gate.ts'
import { type LockTable, type Want, emptyTable, lockTableOf, lockTableText } from '../plan/lock-table.ts'
import { at, nothingLearned } from './builders.ts'
import { objectOf, textOf } from './json-reading.ts'
import { MemoryStores } from './memory-stores.ts'
import { type Resource, type ServerObject, namespace } from './virtual-api-server.ts'

/** What comes to the gate of a namespace. What a test does not say is as in the smallest example. */
export interface RunGiven {
  /** `HH:MM` of 2026-03-02; absent: made by hand. */
  readonly due?: string
  /** Name of its schedule; absent: it has none. */
  readonly of?: string
  readonly policy?: GateTerms['overlapPolicy']
  /** `name` or `name:Shared`. */
  readonly locks?: readonly string[]
  readonly created?: string
  /** `HH:MM:SS`: when it ended, if anybody knows. */
  readonly ended?: string
  readonly state?: 'waits' | 'runs' | 'ended' | 'ungated' | 'suspendedByHand' | 'leaving'
  readonly terms?: Partial<GateTerms>
  readonly annotations?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
}

export function run(name: string, given: RunGiven = {}): ServerObject {
  const { due, of, created = due ?? '10:00', ended, state = ended === undefined ? 'waits' : 'ended', annotations, labels } = given
  const isSuspended = state === 'waits' || state === 'suspendedByHand' || state === 'leaving'
  const isReleased = state === 'runs' || state === 'ended' || state === 'suspendedByHand'
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      uid: `${name}-uid`,
      resourceVersion: '1',
      creationTimestamp: `2026-03-02T${created}:01Z`,
      ...(state === 'leaving' ? { deletionTimestamp: '2026-03-02T10:00:00Z' } : {}),
      labels: { [label.managedBy]: manager, ...(of === undefined ? {} : { [label.schedule]: of }), ...labels },
      annotations: {
        ...(state === 'ungated' ? {} : { [annotation.gate]: gateTermsText(termsOf(given)) }),
        ...(due === undefined ? {} : { [scheduledTimestampAnnotation]: formatInstant(today(due)) }),
        ...(isReleased ? { [annotation.released]: `2026-03-02T${created}:02Z` } : {}),
        ...annotations,
      },
      ...(of === undefined ? {} : { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: of, uid: `${of}-cj-uid`, controller: true }] }),
    },
    spec: { suspend: isSuspended },
    ...(state === 'ended' ? { status: { conditions: [{ type: 'Complete', status: 'True', ...(ended === undefined ? {} : { lastTransitionTime: `2026-03-02T${ended}Z` }) }] } } : {}),
  }
}

function termsOf({ of, policy = 'Allow', locks = [], terms }: RunGiven): GateTerms {
  return {
    v: 1,
    overlapPolicy: policy,
    locks: locks.map((lock) => ({ name: lock.split(':')[0] ?? '', mode: lock.endsWith(':Shared') ? 'Shared' : 'Exclusive' })),
    maxWaitSeconds: 3600,
    startingDeadlineSeconds: 3600,
    runName: of ?? 'once',
    timeZone: 'Etc/UTC',
    ...(of === undefined ? {} : { schedulable: { kind: 'ScheduledIntegration', name: of, uid: `${of}-uid` } }),
    ...terms,
  }
}

export function today(time: string): Instant {
  return at(`2026-03-02T${time}Z`)
}

/** That it waits since a time, and for what. */
export function told(since: string, on: { readonly lock?: string; readonly holder?: string; readonly reason?: string } = {}): Readonly<Record<string, string>> {
  return { [annotation.waiting]: JSON.stringify({ since: `2026-03-02T${since}:00Z`, reason: 'WaitingForLock', message: 'waits', ...on }) }
}

/** Lines `job: lock lock:Shared`; `=x` is the own lock of the schedule x. */
export function table(holders: readonly string[], rest: Partial<LockTable> = {}): ServerObject {
  const parsed = holders.map((line) => {
    const [job = '', wants = ''] = line.split(': ')
    return { uid: `${job}-uid`, job, wants: wants.split(' ').filter(Boolean).map((text): Want => ({ lock: lockName(text.split(':')[0] ?? ''), mode: text.endsWith(':Shared') ? 'Shared' : 'Exclusive' })) }
  })
  return leaseWith(lockTableText({ ...emptyTable, holders: new Map(parsed.map((holder) => [holder.uid, holder])), ...rest }))
}

function lockName(text: string): string {
  return text.startsWith('=') ? `${text}-uid` : text
}

export function leaseWith(text: string | undefined): ServerObject {
  const annotations = text === undefined ? {} : { [annotation.locks]: text }
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'integration-scheduler-locks', namespace, uid: 'lease-uid', resourceVersion: '1', creationTimestamp: '2026-03-01T00:00:00Z', annotations }, spec: {} }
}

export function cronJobOf(schedule: string, cursor?: string): ServerObject {
  const metadata = {
    name: schedule,
    namespace,
    uid: `${schedule}-cj-uid`,
    resourceVersion: '1',
    creationTimestamp: '2026-03-01T00:00:00Z',
    ...(cursor === undefined ? {} : { annotations: { [annotation.cursor]: cursor } }),
    ownerReferences: [{ apiVersion, kind: 'ScheduledIntegration', name: schedule, uid: `${schedule}-uid`, controller: true }],
  }
  return { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec: { schedule: '* * * * *', jobTemplate: {} } }
}

export interface Situation {
  /** What the stores show. */
  readonly seen: readonly (readonly [Resource, ServerObject])[]
  /** What the API server has besides, or instead; null: it is gone. By `resource/name`. */
  readonly really?: Readonly<Record<string, ServerObject | null>>
  readonly learned?: Learned
}

/** What the gate plans when it has looked at everything that it wants to look at, and what it has looked at. */
export function plannedGate(situation: Situation, now: Instant): { readonly plan: Plan; readonly looks: readonly string[] } {
  const memory = new MemoryStores()
  for (const [resource, object] of situation.seen) memory.put(resource, object)
  const controller = gateController(memory.stores)
  const looks: string[] = []
  let learned = situation.learned ?? nothingLearned
  for (let round = 0; round < 6; round++) {
    const observed = controller.observe(namespace, learned)
    if (observed === undefined) throw new Error('a gate observes every namespace')
    const plan = planGate(observed, now)
    const asked = (plan.errands ?? []).flatMap(({ action }) => (action.verb === 'look' ? [action] : []))
    if (asked.length === 0) return { plan, looks }
    looks.push(...asked.map(({ resource, name }) => `${resource}/${name}`))
    learned = { ...learned, evidence: new Map([...learned.evidence, ...asked.map((look) => answer(situation, look, now))]) }
  }
  throw new Error('it looks for ever')
}

function answer({ seen, really = {} }: Situation, { resource, name, about }: Look, now: Instant): readonly [string, Evidence] {
  const other = really[`${resource}/${name}`]
  const object = other === null ? undefined : (other ?? seen.findLast(([kind, { metadata }]) => kind === resource && metadata.name === name)?.[1])
  return [evidenceKey(resource, namespace, name, about), evidenceOf(resource, object, now)]
}

function evidenceOf(resource: Look['resource'], object: ServerObject | undefined, now: Instant): Evidence {
  switch (resource) {
    case 'jobs':
      return { resource, at: now, object: object && projectedJob(object) }
    case 'cronjobs':
      return { resource, at: now, object: object && projectedCronJob(object) }
    case 'scheduledintegrations':
      return { resource, at: now, object: object && projectedResource('ScheduledIntegration')(object) }
    case 'integrationsets':
      return { resource, at: now, object: object && projectedResource('IntegrationSet')(object) }
    case 'integrationruns':
      return { resource, at: now, object: object && projectedResource('IntegrationRun')(object) }
    case 'namespaces':
      return { resource, at: now, object: object && projectedNamespace(object) }
  }
}

/**
 * A plan in words: `release a`, `skip a: StillRunning`, `tell a: WaitingForLock x b`, `replace a by b`, `delete a`, and the lock table when it
 * is written: `locks a, b`.
 */
export function wordsOf({ actions, errands = [] }: Plan): readonly string[] {
  return [...actions, ...errands.map(({ action }) => action)].map(wordOf)
}

function wordOf(action: Action): string {
  if (action.verb === 'delete') return `delete ${action.name} ${action.propagationPolicy}`
  if (action.verb === 'create') return `create locks ${holdersIn(textOf(objectOf(objectOf(action.object.metadata).annotations)[annotation.locks]))}`
  if (action.verb !== 'merge') return action.verb
  const { annotations } = objectOf(action.merge.metadata)
  const said = Object.fromEntries(Object.entries(objectOf(annotations)).map(([key, value]) => [key, textOf(value)]))
  const jsonOf = (text: string | undefined) => objectOf(text === undefined ? {} : JSON.parse(text))
  if (action.resource === 'leases') return `locks ${holdersIn(said[annotation.locks] ?? '')}`
  if (said[annotation.released] !== undefined) return `release ${action.name}`
  if (said[annotation.skipped] !== undefined) return `skip ${action.name}: ${textOf(jsonOf(said[annotation.skipped]).reason)}`
  if (said[annotation.replaced] !== undefined) return `replace ${action.name} by ${textOf(jsonOf(said[annotation.replaced]).by)}`
  const { reason, lock, holder } = jsonOf(said[annotation.waiting])
  return ['tell', `${action.name}:`, textOf(reason), textOf(lock), textOf(holder)].filter((word) => word !== '').join(' ')
}

function holdersIn(text: string): string {
  const seen = lockTableOf({ metadata: { ...leaseWith(text).metadata } })
  return seen.kind === 'table' ? [...seen.table.holders.values()].map(({ job }) => job).join(', ') || 'nobody' : seen.kind
}


import { describe, expect, it } from 'vitest'
import type { CopyItem, CopyKind, CopyResult } from '../model/copying.ts'
import { decodeObject, decodeStatus } from '../model/decode.ts'
import type { Instant } from '../model/instant.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject, KubernetesObject, ObjectMeta } from '../model/kubernetes.ts'
import { apiVersion } from '../model/names.ts'
import { at, nothingLearned } from '../testing/builders.ts'
import { objectOf, objectsIn, textOf } from '../testing/json-reading.ts'
import { type Evidence, type Learned, type Plan, evidenceKey } from './action.ts'
import { copiedMemory } from './copied-memory.ts'
import type { CopySlice, CopySliceSeen } from './copy-order.ts'
import { requiresNothing } from './copy-requires.ts'
import { mergePatchOf } from './merge-patch.ts'
import { type ObservedTenantClone, planTenantClone } from './tenant-clone.ts'

type Source = Readonly<Partial<Record<CopyKind, readonly string[]>>>

interface World {
  readonly spec: JsonObject
  readonly generation: number
  readonly status: JsonObject | undefined
  readonly granted: readonly string[]
  readonly source: Source
  /** In the target, with our label, and with this request. */
  readonly copies: Source
  readonly request?: string
  readonly learned: Learned
}

const start: World = { spec: {}, generation: 1, status: undefined, granted: ['acme-test'], source: { Integration: ['export'], ScheduledIntegration: ['payroll'] }, copies: {}, learned: nothingLearned }
const noon = at('2026-03-02T12:00:00Z')
const everything = ['Integration', 'IntegrationSet', 'ScheduledIntegration'] as const
const asked = (id: string, action: string, dryRun = false): JsonObject => ({ request: { id, action, dryRun } })

function metadata(name: string, namespace: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  return { name, namespace, uid: `${name}-uid`, resourceVersion: '1', generation: 1, creationTimestamp: '2026-03-01T00:00:00Z', ...more }
}

function observed(world: World): ObservedTenantClone {
  const meta = metadata('from-acme', 'acme-test', { generation: world.generation })
  const raw = { apiVersion, kind: 'TenantClone', metadata: meta, spec: { source: { namespace: 'acme' }, ...world.spec }, status: world.status }
  const grant = { apiVersion, kind: 'CloneGrant', metadata: metadata('allow', 'acme'), spec: { to: world.granted.map((namespace) => ({ namespace })), kinds: [...everything] } }
  const objectsIn = (kind: CopyKind, namespace: string): readonly KubernetesObject[] => {
    if (namespace === 'acme') {
      if (world.granted.length === 0) throw new Error('the source was read without a grant')
      return (world.source[kind] ?? []).map((name) => ({ metadata: metadata(name, 'acme') }))
    }
    const marks = { labels: { 'integration-scheduler.io/clone': 'from-acme' }, annotations: { 'integration-scheduler.io/source-namespace': 'acme', ...(world.request !== undefined && { 'integration-scheduler.io/request': world.request }) } }
    return (world.copies[kind] ?? []).map((name) => ({ metadata: metadata(name, 'acme-test', marks) }))
  }
  return {
    metadata: meta, object: decodeObject('TenantClone', raw), status: decodeStatus('TenantClone', world.status), rawStatus: world.status,
    grants: world.granted.length === 0 ? [] : [{ metadata: grant.metadata, object: decodeObject('CloneGrant', grant) }],
    clones: ['from-acme'], ownNamespace: 'scheduling', objectsIn, learned: world.learned,
  }
}

const planned = (world: World, now: Instant = noon) => planTenantClone(observed(world), now)

/** What the API server has once the status is written; undefined: there is nothing to write. */
function written(world: World, plan: Plan): World | undefined {
  if (plan.status === undefined || plan.actions.length > 0 || mergePatchOf(world.status, plan.status.status) === undefined) return undefined
  const status: unknown = JSON.parse(JSON.stringify(plan.status.status))
  if (!isJsonObject(status)) throw new Error('a status is an object')
  expect(decodeStatus('TenantClone', status)).toEqual(status)
  return { ...world, status }
}

function sliceIn({ actions }: Plan): CopySlice | undefined {
  const [action] = actions
  return action?.verb === 'copy' ? action : undefined
}

function seen(world: World, { pass, kind, from }: Pick<CopySliceSeen, 'pass' | 'kind' | 'from'>, outcome: CopySliceSeen['outcome'], when: Instant = noon): World {
  const evidence: Evidence = { resource: 'tenantclones', at: when, object: undefined, slice: { pass, kind, from, outcome } }
  return { ...world, learned: { ...nothingLearned, evidence: new Map([[evidenceKey('tenantclones', 'acme-test', 'from-acme'), evidence]]) } }
}

interface Told {
  readonly world: World
  /** `Clone Integration`, `Reset r1 ScheduledIntegration @token`, ... */
  readonly slices: readonly string[]
  readonly events: readonly string[]
  readonly statuses: number
  readonly last: Plan
}

interface Engine {
  readonly now?: Instant
  /** What becomes of the objects of a page; default: each was created. */
  readonly result?: (slice: CopySlice, name: string) => CopyResult | CopyItem
  readonly pageSize?: number
  /** Stops before this slice is carried out. */
  readonly until?: number
}

/** Carries out what is planned until nothing is. */
function settled(given: World, { now = noon, result = () => 'Created', pageSize = 250, until = Infinity }: Engine = {}): Told {
  let world = given
  const slices: string[] = []
  const events: string[] = []
  for (let passes = 0, statuses = 0; passes < 500; passes++) {
    const plan = planned(world, now)
    const slice = sliceIn(plan)
    const next = written(world, plan)
    if (next !== undefined) {
      world = next
      statuses++
      events.push(...plan.events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`))
      continue
    }
    if (slice === undefined || slices.length >= until) return { world, slices, events, statuses, last: plan }
    const { action, requestId, dryRun } = slice.order
    slices.push([action, requestId, dryRun ? 'dry' : undefined, slice.kind, slice.from === '' ? undefined : `@${slice.from}`].filter((part) => part !== undefined).join(' '))
    world = seen(world, slice, pageOf(world, slice, { result, pageSize }), now)
  }
  throw new Error('it never ends')
}

function pageOf(world: World, slice: CopySlice, { result, pageSize }: Required<Pick<Engine, 'result' | 'pageSize'>>): CopySliceSeen['outcome'] {
  const begin = Number(slice.from)
  const names = world.source[slice.kind] ?? []
  const items = names.slice(begin, begin + pageSize).map((name): CopyItem => {
    const became = result(slice, name)
    return typeof became === 'string' ? { kind: slice.kind, name, result: became } : became
  })
  return { kind: 'done', next: begin + pageSize < names.length ? String(begin + pageSize) : undefined, items, requires: { ...requiresNothing, secrets: names.map((name) => `secret-of-${name}`) } }
}

function conditions({ status }: World): readonly string[] {
  return objectsIn(status?.['conditions']).map((one) => `${textOf(one['type'])}=${textOf(one['status'])} ${textOf(one['reason'])}: ${textOf(one['message'])}`)
}

const cloned = settled(start).world
const later = noon + 10 * 60_000

describe('the first pass', () => {
  const told = settled(start)

  it('copies what is named by others before them', () => {
    expect(told.slices).toEqual(['Clone Integration', 'Clone IntegrationSet', 'Clone ScheduledIntegration'])
  })

  it('ends with what became of everything, and one event', () => {
    expect(told.world.status).toMatchObject({
      observedGeneration: 1, summary: { created: 2 }, completionTime: '2026-03-02T12:00:00Z',
      items: [{ kind: 'Integration', name: 'export', result: 'Created' }, { kind: 'ScheduledIntegration', name: 'payroll', result: 'Created' }],
      requires: { secrets: ['secret-of-export', 'secret-of-payroll'] },
    })
    expect(told.world.status).not.toHaveProperty('progress')
    expect(told.world.status).not.toHaveProperty('lastRequest')
    expect(told.events).toEqual(['Normal CloneFinished: Clone: 2 created'])
    expect(conditions(told.world)).toEqual(['Ready=True Cloned: 2 created', 'Authorized=True Granted: a CloneGrant of the source namespace allows it'])
  })

  it('writes its status when it begins and once for each slice', () => {
    expect(told.statuses).toBe(4)
  })

  it('remembers what it has copied', () => {
    const memory = copiedMemory(textOf(told.world.status?.['copied']))
    expect([memory.has('Integration', 'export'), memory.has('ScheduledIntegration', 'payroll'), memory.has('IntegrationSet', 'payroll')]).toEqual([true, true, false])
  })

  it('says how far it has come', () => {
    const { world } = settled({ ...start, source: { Integration: ['a', 'b', 'c'] } }, { pageSize: 2, until: 1 })
    expect(world.status).toMatchObject({ progress: { action: 'Clone', kind: 'Integration', next: '2', done: 2 }, summary: { created: 2 } })
    expect(conditions(world).slice(0, 2)).toEqual(['Ready=False Progressing: has gone through 2 objects', 'Reconciling=True Progressing: has gone through 2 objects'])
  })

  it('copies only kinds that it is asked for', () => {
    expect(settled({ ...start, spec: { kinds: ['ScheduledIntegration'] } }).slices).toEqual(['Clone ScheduledIntegration'])
  })

  it('of a source in which there is nothing ends as well', () => {
    expect(settled({ ...start, source: {} }).events).toEqual(['Normal CloneFinished: Clone: there is nothing to copy'])
  })

  it('in which something fails goes on, and says so', () => {
    const told2 = settled({ ...start, source: { Integration: ['a', 'b'], ScheduledIntegration: ['c'] } }, { result: ({ kind }, name) => (name === 'b' ? { kind, name, result: 'Failed', reason: 'Refused', message: 'no' } : 'Created') })
    expect(told2.world.status).toMatchObject({ summary: { created: 2, failed: 1 }, items: [{ name: 'b', result: 'Failed' }, { name: 'a' }, { name: 'c' }] })
    expect(told2.events).toEqual(['Warning CloneFailed: Clone: 1 failed, 2 created'])
    expect(conditions(told2.world).slice(0, 2)).toEqual(['Ready=False PartlyFailed: 1 failed, 2 created; status.items says why', 'Stalled=True PartlyFailed: 1 failed, 2 created; status.items says why'])
  })
})

describe('a pass over 5,000 objects', () => {
  const names = Array.from({ length: 5_000 }, (_, index) => `s${String(index).padStart(4, '0')}`)
  const large: World = { ...start, source: { ScheduledIntegration: names } }

  it('goes on where it was when the operator is back, and counts each object once', () => {
    const halfWay = settled(large, { until: 12 })
    const after = settled({ ...halfWay.world, learned: nothingLearned }, { now: noon + 60_000 })
    expect(halfWay.slices.length + after.slices.length).toBe(22)
    expect(after.slices[0]).toBe('Clone ScheduledIntegration @2500')
    expect(after.world.status).toMatchObject({ summary: { created: 5_000 } })
  })

  it('keeps its status within bounds: failures first, 256 in all', () => {
    const { world } = settled(large, { result: ({ kind }, name) => (name === 's4999' ? { kind, name, result: 'Failed', reason: 'Refused' } : 'Created') })
    const items = world.status?.['items']
    expect(items).toHaveLength(256)
    expect(Array.isArray(items) && items[0]).toMatchObject({ name: 's4999', result: 'Failed' })
    expect(objectOf(world.status?.['requires'])['secrets']).toHaveLength(256)
    expect(JSON.stringify(world.status).length).toBeLessThan(100_000)
  })
})

describe('what was folded into the status', () => {
  it('is not folded again, whatever is still known of it', () => {
    const halfWay = settled({ ...start, source: { Integration: ['a', 'b', 'c'] } }, { pageSize: 2, until: 1 })
    expect(sliceIn(halfWay.last)).toMatchObject({ kind: 'Integration', from: '2' })
    expect(halfWay.world.learned.evidence.size).toBe(1)
  })

  it('and of another pass is not taken for one of this', () => {
    const begun = settled(start, { until: 0 }).world
    const slice = { pass: '2026-03-01T00:00:00Z', kind: 'Integration', from: '' } as const
    expect(sliceIn(planned(seen(begun, slice, { kind: 'done', next: undefined, items: [], requires: requiresNothing })))).toMatchObject({ kind: 'Integration' })
  })
})

describe('after a pass', () => {
  it('nothing is done, and nothing written', () => {
    expect(settled({ ...cloned, learned: nothingLearned }, { now: later })).toMatchObject({ slices: [], statuses: 0, events: [], last: { requeue: { kind: 'onChange' } } })
  })

  it('a source that changes is looked through again, ten minutes later at the earliest', () => {
    const more = { ...cloned, learned: nothingLearned, source: { ...start.source, Integration: ['export', 'import'] } }
    expect(settled(more, { now: later - 1 })).toMatchObject({ slices: [], last: { requeue: { kind: 'at', at: later } } })
    const again = settled(more, { now: later, result: (_slice, name) => (name === 'import' ? 'Created' : 'Unchanged') })
    expect(again.slices).toEqual(['Clone Integration', 'Clone IntegrationSet', 'Clone ScheduledIntegration'])
    expect(again.events).toEqual([])
    expect(conditions(again.world)[0]).toBe('Ready=True Cloned: 1 created, 2 unchanged')
  })

  it('what is done again makes it no less ready meanwhile', () => {
    const again = settled({ ...cloned, learned: nothingLearned, source: {} }, { now: later, until: 1 })
    expect(conditions(again.world)).toEqual(['Ready=True Cloned: 2 created', 'Authorized=True Granted: a CloneGrant of the source namespace allows it'])
  })

  it('a change of the TenantClone counts as well', () => {
    expect(settled({ ...cloned, learned: nothingLearned, generation: 2, spec: { onConflict: 'Adopt' } }, { now: later }).slices).toHaveLength(3)
  })

  it('copies whose source is gone are reported, and stay', () => {
    const { world } = settled({ ...cloned, learned: nothingLearned, source: { Integration: ['export'] }, copies: { ScheduledIntegration: ['payroll'] } }, { now: later, result: () => 'Unchanged' })
    expect(world.status).toMatchObject({ summary: { unchanged: 1, skipped: 1 }, items: [{ kind: 'ScheduledIntegration', name: 'payroll', result: 'Skipped', reason: 'OrphanedInTarget' }, { name: 'export' }] })
  })

  it('a copy that is deleted there stays remembered', () => {
    const { world } = settled({ ...cloned, learned: nothingLearned, generation: 2 }, { now: later, result: ({ kind }, name) => ({ kind, name, result: 'Skipped', reason: 'DeletedInTarget' }) })
    expect(copiedMemory(textOf(world.status?.['copied'])).has('Integration', 'export')).toBe(true)
  })

  it('an override of what has been copied is not told, though its source is not there, or not seen yet', () => {
    const spec = { overrides: [{ kind: 'ScheduledIntegration', name: 'payroll', runName: 'test' }] }
    const { world } = settled({ ...cloned, learned: nothingLearned, generation: 2, spec, source: { Integration: ['export'] } }, { now: later, result: () => 'Unchanged' })
    expect(world.status).toMatchObject({ summary: { unchanged: 1 } })
    expect(world.status?.['summary']).not.toHaveProperty('failed')
  })

  it.each(['Refused', 'Conflict'] as const)('what failed (%s) is tried again after a while', (reason) => {
    const failed = settled(start, { result: ({ kind }, name) => ({ kind, name, result: 'Failed', reason }) })
    expect(failed.last.requeue).toMatchObject({ kind: 'at', at: noon + 600_000 })
    expect(settled({ ...failed.world, learned: nothingLearned }, { now: noon + 600_000 }).slices[0]).toBe('Clone Integration')
  })

  it('what can only fail again is not tried again', () => {
    const failed = settled(start, { result: ({ kind }, name) => ({ kind, name, result: 'Failed', reason: 'TooLarge' }) })
    expect(failed.last.requeue).toEqual({ kind: 'onChange' })
  })

  it('an override that names nothing is told: its object would have come as it is in the source', () => {
    const { world } = settled({ ...start, spec: { overrides: [{ kind: 'ScheduledIntegration', name: 'payrol', runName: 'test' }, { kind: 'ScheduledIntegration', name: 'payroll', runName: 'test' }] } })
    expect(objectsIn(world.status?.['items'])[0]).toMatchObject({ kind: 'ScheduledIntegration', name: 'payrol', result: 'Failed', reason: 'OverrideUnused' })
    expect(world.status).toMatchObject({ summary: { created: 2, failed: 1 } })
  })

  it('what was left to others is not remembered as a copy', () => {
    const { world } = settled(start, { result: ({ kind }, name) => ({ kind, name, result: 'Skipped', reason: kind === 'Integration' ? 'NotOurs' : 'FieldsKept' }) })
    const memory = copiedMemory(textOf(world.status?.['copied']))
    expect([memory.has('Integration', 'export'), memory.has('ScheduledIntegration', 'payroll')]).toEqual([false, true])
  })
})

describe('a request', () => {
  const reset = { ...cloned, learned: nothingLearned, generation: 2, spec: asked('r1', 'Reset') }
  const done = settled(reset, { result: () => 'Updated' })

  it('is done at once, and once, and marked as done', () => {
    expect(done.slices).toEqual(['Reset r1 ScheduledIntegration', 'Reset r1 IntegrationSet', 'Reset r1 Integration'])
    expect(done.world.status).toMatchObject({ lastRequest: { id: 'r1', action: 'Reset', completionTime: '2026-03-02T12:00:00Z' }, summary: { updated: 2 } })
    expect(done.events).toEqual(['Normal CloneFinished: Reset r1: 2 updated'])
    expect(settled({ ...done.world, learned: nothingLearned }, { now: later }).slices).toEqual([])
  })

  it('with a new id asks again', () => {
    expect(settled({ ...done.world, learned: nothingLearned, generation: 3, spec: asked('r2', 'Refresh') }).slices).toEqual(['Refresh r2 Integration', 'Refresh r2 IntegrationSet', 'Refresh r2 ScheduledIntegration'])
  })

  it('that was done before another is not done again when the file goes back to it', () => {
    const second = settled({ ...done.world, learned: nothingLearned, generation: 3, spec: asked('r2', 'Refresh') }, { now: noon + 1_000 })
    expect(settled({ ...second.world, learned: nothingLearned, generation: 4, spec: asked('r1', 'Reset') }, { now: later }).slices.filter((slice) => slice.startsWith('Reset'))).toEqual([])
  })

  it('that copies carry was done before the TenantClone was applied again: only what is missing is copied', () => {
    const again = settled({ ...start, spec: asked('r1', 'Reset'), copies: start.source, request: 'r1' }, { result: () => 'Unchanged' })
    expect(again.slices).toEqual(['Clone r1 Integration', 'Clone r1 IntegrationSet', 'Clone r1 ScheduledIntegration'])
    expect(again.world.status).toMatchObject({ lastRequest: { id: 'r1', action: 'Clone' } })
    expect(settled({ ...again.world, learned: nothingLearned }, { now: later }).slices).toEqual([])
  })

  it('that begins in the second in which another ended is not taken for that', () => {
    const dry = settled({ ...cloned, generation: 2, spec: asked('r1', 'Reset', true) }, { result: () => 'WouldResuspend' })
    expect(settled({ ...dry.world, generation: 3, spec: asked('r2', 'Reset') }, { result: () => 'Resuspended' }).slices).toHaveLength(3)
  })

  it('comes before what nobody asked for, and in its place', () => {
    expect(settled({ ...start, spec: asked('r1', 'Reset') }).slices[0]).toBe('Reset r1 ScheduledIntegration')
  })

  it('leaves its id on what is copied later, so that it is not done to that', () => {
    const more = { ...done.world, learned: nothingLearned, source: { Integration: ['new'] } }
    expect(settled(more, { now: later }).slices[0]).toBe('Clone r1 Integration')
  })

  it('that comes in the middle of a pass ends that', () => {
    const halfWay = settled(start, { until: 1 }).world
    const told = settled({ ...halfWay, generation: 2, spec: asked('r1', 'Refresh') }, { now: noon + 1_000, result: () => 'Unchanged' })
    expect(told.slices).toEqual(['Refresh r1 Integration', 'Refresh r1 IntegrationSet', 'Refresh r1 ScheduledIntegration'])
    expect(told.world.status).toMatchObject({ summary: { unchanged: 2 } })
  })

  it('that is a dry run is told, and nothing else is done while it is there', () => {
    const dry = settled({ ...start, spec: asked('r1', 'Clone', true) }, { result: () => 'WouldCreate' })
    expect(dry.slices[0]).toBe('Clone r1 dry Integration')
    expect(dry.world.status).toMatchObject({ lastRequest: { id: 'r1', dryRun: true }, summary: { wouldCreate: 2 } })
    expect(copiedMemory(textOf(dry.world.status?.['copied'])).has('Integration', 'export')).toBe(false)
    expect(dry.events).toEqual(['Normal CloneFinished: Clone r1 (dry run): 2 would be created'])
    expect(settled({ ...dry.world, learned: nothingLearned, source: { Integration: ['new'] } }, { now: later }).slices).toEqual([])
    expect(settled({ ...dry.world, learned: nothingLearned, generation: 2, spec: {} }).slices[0]).toBe('Clone Integration')
  })
})

describe('without a grant', () => {
  const message = 'no CloneGrant in namespace acme allows this'

  it.each<[string, readonly string[]]>([['at all', []], ['for this namespace', ['acme-prod']]])('%s nothing is asked for, and nothing told of the source', (_name, granted) => {
    const told = settled({ ...start, granted })
    expect(told).toMatchObject({ slices: [], events: [] })
    expect(conditions(told.world)).toEqual([`Ready=False NoGrant: ${message}`, `Stalled=True NoGrant: ${message}`, `Authorized=False NoGrant: ${message}`])
    expect(JSON.stringify(told.world.status)).not.toMatch(/export|payroll/)
  })

  it('the answer is the same for a namespace that does not exist', () => {
    expect(settled({ ...start, granted: ['acme-prod'], source: {} }).world.status).toEqual(settled({ ...start, granted: [] }).world.status)
  })

  it('that there was, it is revoked: what was done stays told, and no more is done', () => {
    const told = settled({ ...cloned, learned: nothingLearned, granted: [], generation: 1 }, { now: later })
    expect(conditions(told.world)[2]).toBe(`Authorized=False GrantRevoked: ${message} any more`)
    expect(told.world.status).toMatchObject({ summary: { created: 2 }, completionTime: '2026-03-02T12:00:00Z' })
    expect(settled({ ...told.world, learned: nothingLearned }, { now: later }).statuses).toBe(0)
  })

  it('that allowed less than what is asked for since, nothing was revoked', () => {
    expect(conditions(settled({ ...cloned, learned: nothingLearned, granted: [], generation: 2 }).world)[2]).toBe(`Authorized=False NoGrant: ${message}`)
  })

  it('half-way, the pass stops, and goes on where it was when there is one again', () => {
    const halfWay = settled(start, { until: 2 }).world
    const revoked = settled({ ...halfWay, granted: [] })
    expect(revoked.slices).toEqual([])
    expect(conditions(revoked.world)[2]).toMatch(/GrantRevoked/)
    expect(settled({ ...revoked.world, granted: ['acme-test'] }).slices).toEqual(['Clone ScheduledIntegration'])
  })

  it('that no store misses yet, the answer to the slice counts', () => {
    const halfWay = settled(start, { until: 1 })
    const slice = sliceIn(halfWay.last)
    if (slice === undefined) throw new Error('there is more to be done')
    const told = settled(seen(halfWay.world, slice, { kind: 'unauthorized', answer: { isAuthorized: false, reason: 'NoGrant', message } }))
    expect(told).toMatchObject({ slices: [], last: { requeue: { kind: 'at', at: noon + 10_000 } } })
    expect(conditions(told.world)[2]).toBe(`Authorized=False GrantRevoked: ${message} any more`)
    expect(settled(told.world, { now: noon + 10_000 }).slices).toEqual(['Clone IntegrationSet', 'Clone ScheduledIntegration'])
  })
})

it('a namespace is not copied onto itself, nor one of Kubernetes', () => {
  expect(conditions(settled({ ...start, spec: { source: { namespace: 'acme-test' } } }).world)[2]).toMatch(/Authorized=False SameNamespace/)
  expect(conditions(settled({ ...start, spec: { source: { namespace: 'kube-system' } } }).world)[2]).toMatch(/Authorized=False SourceProtected/)
})

it('a TenantClone that cannot be read says why', () => {
  const told = settled({ ...start, spec: { kinds: ['Secret'] } })
  expect(told.slices).toEqual([])
  expect(conditions(told.world)).toEqual([expect.stringMatching(/^Ready=False InvalidSpec: spec.kinds/), expect.stringMatching(/^Stalled=True InvalidSpec/), expect.stringMatching(/^Authorized=Unknown InvalidSpec/)])
})

it('a TenantClone that is being deleted does nothing: what was copied stays', () => {
  const world = observed(start)
  expect(planTenantClone({ ...world, metadata: { ...world.metadata, deletionTimestamp: '2026-03-02T12:00:00Z' } }, noon)).toEqual({ actions: [], status: undefined, events: [], requeue: { kind: 'onChange' } })
})

it('a slice that the API server refuses is told, and asked for again', () => {
  const begun = settled(start, { until: 0 })
  const [action] = begun.last.actions
  if (action === undefined) throw new Error('a slice is asked for')
  const plan = planned({ ...begun.world, learned: { ...nothingLearned, refused: { action, message: 'forbidden', retryAt: noon + 60_000 } } })
  expect(plan.actions).toEqual([action])
  expect(JSON.stringify(plan.status?.status)).toContain('it is refused, and tried again: forbidden')
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import type { Action, EventDraft, Plan, StatusPatch } from '../plan/action.ts'
import { clientOf, FakeApiServer } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { recordedLog } from '../testing/recorded-log.ts'
import { nothingLearned } from '../testing/builders.ts'
import { type Apply, createApply } from './apply.ts'
import { EventRecorder } from './event-recorder.ts'

const because = 'a test wants it'
const create: Action = { verb: 'create', resource: 'cronjobs', namespace: 'acme', name: 'a', object: { spec: { schedule: '* * * * *' } }, because }
const patch: Action = {
  verb: 'patch',
  resource: 'cronjobs',
  namespace: 'acme',
  name: 'a',
  uid: 'u',
  resourceVersion: '7',
  patch: [{ op: 'replace', path: '/spec/suspend', value: true }],
  because,
}
const remove: Action = { verb: 'delete', resource: 'jobs', namespace: 'acme', name: 'j', uid: 'u', propagationPolicy: 'Orphan', because }
const look: Action = { verb: 'look', resource: 'jobs', namespace: 'acme', name: 'j', because }
const status: StatusPatch = {
  resource: 'scheduledintegrations',
  namespace: 'acme',
  name: 's',
  uid: 'su',
  resourceVersion: '9',
  live: { suspended: false, gone: 1 },
  status: { suspended: true },
}
const event: EventDraft = {
  regarding: { apiVersion: 'v1', kind: 'Thing', namespace: 'acme', name: 's', uid: 'su' },
  type: 'Normal',
  reason: 'Suspended',
  message: 'because',
  action: 'Suspend',
}
const metadata = { name: 'j', namespace: 'acme', uid: 'u', resourceVersion: '3', creationTimestamp: '2026-01-01T00:00:00Z' }
const job: JsonObject = { metadata: { ...metadata, managedFields: [] }, spec: { suspend: true, template: { secret: 1 } }, status: { active: 1, ready: 1 } }

let server: FakeApiServer
let clock: FakeClock
let close: () => Promise<void>
let events: EventRecorder
let apply: Apply
let lines: { level: string; message: string; fields: object }[]

beforeEach(async () => {
  server = await FakeApiServer.start()
  clock = new FakeClock()
  const fake = clientOf(server, clock)
  close = fake.close
  const recorded = recordedLog()
  lines = recorded.lines
  const options = { client: fake.client, clock, log: recorded.log }
  events = new EventRecorder(options)
  apply = createApply({ ...options, events, copying: { ownNamespace: 'integration-scheduler', isThere: () => false } })
})

afterEach(async () => {
  await close()
  await server.stop()
})

const plan = (parts: Partial<Plan>): Plan => ({ actions: [], status: undefined, events: [], requeue: { kind: 'onChange' }, ...parts })
const fenced = [
  { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
  { op: 'replace', path: '/metadata/uid', value: 'u' },
]

describe('an action', () => {
  const rows: Record<string, [Action, object]> = {
    'create is a POST to the collection': [create, { method: 'POST', path: '/apis/batch/v1/namespaces/acme/cronjobs', body: { spec: { schedule: '* * * * *' } } }],
    'patch is a JSON patch behind its fence': [
      patch,
      { method: 'PATCH', path: '/apis/batch/v1/namespaces/acme/cronjobs/a', body: [...fenced, { op: 'replace', path: '/spec/suspend', value: true }] },
    ],
    'delete names the uid': [
      remove,
      { method: 'DELETE', path: '/apis/batch/v1/namespaces/acme/jobs/j', body: { propagationPolicy: 'Orphan', preconditions: { uid: 'u' } } },
    ],
    'delete names the version if it is given': [
      { ...remove, resourceVersion: '8' },
      { method: 'DELETE', body: { preconditions: { uid: 'u', resourceVersion: '8' } } },
    ],
  }
  it.each(Object.entries(rows))('%s', async (_, [action, want]) => {
    const applied = apply(plan({ actions: [action] }), nothingLearned)
    const exchange = await server.next()
    exchange.answer(200, {})
    expect(exchange).toMatchObject(want)
    expect(await applied).toEqual({ outcome: { kind: 'done' }, evidence: new Map(), written: expect.any(Map), postponed: new Map() })
    expect(lines.map(({ message, fields }) => ({ message, fields }))).toEqual([
      { message: 'carried out', fields: { verb: action.verb, resource: action.resource, namespace: 'acme', name: action.name, because } },
    ])
  })

  it('follows the one before it, and is not sent when that one failed', async () => {
    const applied = apply(plan({ actions: [create, patch, remove], status, events: [event] }), nothingLearned)
    ;(await server.next()).answer(201, {})
    const second = await server.next()
    expect(second.method).toBe('PATCH')
    second.refuse(409, 'Conflict')
    expect(await applied).toMatchObject({ outcome: { kind: 'failed', failure: { kind: 'waiting' }, action: patch } })
    await events.drain()
    expect(server.unexpected).toEqual([])
  })

  it('that was refused lately is not sent, nor any after it; the status tells', async () => {
    const refused = { action: { ...create, because: 'said otherwise' }, message: 'no', retryAt: clock.now() + 1 }
    const applied = apply(plan({ actions: [create, remove], status, events: [event] }), { ...nothingLearned, refused })
    const exchange = await server.next()
    expect(exchange.path).toBe('/apis/integration-scheduler.io/v1alpha1/namespaces/acme/scheduledintegrations/s/status')
    exchange.answer(200, {})
    ;(await server.next(({ path }) => path.endsWith('/events'))).answer(201, {})
    expect(await applied).toEqual({ outcome: { kind: 'refused' }, evidence: new Map(), written: expect.any(Map), postponed: new Map() })
  })

  it('on a version that the same key has written before is not sent: the stores have not shown it yet', async () => {
    const first = apply(plan({ actions: [patch] }), nothingLearned)
    ;(await server.next()).answer(200, {})
    const { written } = await first
    const again = await apply(plan({ actions: [look, patch], status }), { ...nothingLearned, written })
    expect(again.outcome).toEqual({ kind: 'outrun' })
    clock.advance(10_000)
    const later = apply(plan({ actions: [patch] }), { ...nothingLearned, written })
    ;(await server.next()).refuse(409, 'Conflict')
    expect((await later).outcome).toMatchObject({ kind: 'failed', failure: { kind: 'waiting' } })
    expect(server.unexpected).toEqual([])
  })

  it.each([
    ['when its time has come', create, 0],
    ['when its content has changed', { ...create, object: { spec: {} } }, 1],
    ['when its basis has changed', { ...create, basis: 'generation 2' }, 1],
  ])('that was refused is sent again %s', async (_, action: Action, left) => {
    const refused = { action: { ...create, ...('basis' in action && { basis: 'generation 1' }) }, message: 'no', retryAt: clock.now() + left }
    const applied = apply(plan({ actions: [action] }), { ...nothingLearned, refused })
    ;(await server.next()).answer(201, {})
    expect((await applied).outcome).toEqual({ kind: 'done' })
  })

  it('that was refused is the same one if its basis is, whatever time its content tells', async () => {
    const refused = { action: { ...create, basis: 'generation 1' }, message: 'no', retryAt: clock.now() + 1 }
    const applied = apply(plan({ actions: [{ ...create, object: { now: clock.now() }, basis: 'generation 1' }] }), { ...nothingLearned, refused })
    expect((await applied).outcome).toEqual({ kind: 'refused' })
  })
})

describe('a look', () => {
  it('tells what is there, without what nobody reads, as of when it was asked for', async () => {
    const at = clock.now()
    const applied = apply(plan({ actions: [look], status }), nothingLearned)
    const exchange = await server.next()
    expect(exchange).toMatchObject({ method: 'GET', path: '/apis/batch/v1/namespaces/acme/jobs/j', query: {} })
    clock.advance(1_000)
    exchange.answer(200, job)
    const { outcome, evidence } = await applied
    expect(outcome).toEqual({ kind: 'looked' })
    expect([...evidence]).toEqual([['jobs/acme/j', { resource: 'jobs', at, object: { metadata, spec: { suspend: true }, status: { active: 1, ready: 1 } } }]])
    expect(server.unexpected).toEqual([])
  })

  it('at a namespace asks for what is in none, and keeps one label of it', async () => {
    const at = clock.now()
    const applied = apply(plan({ actions: [{ verb: 'look', resource: 'namespaces', namespace: 'acme', name: 'acme', about: 'nightly-uid', because }] }), nothingLearned)
    const exchange = await server.next()
    expect(exchange).toMatchObject({ method: 'GET', path: '/api/v1/namespaces/acme' })
    const { namespace: _none, ...own } = metadata
    exchange.answer(200, { metadata: { ...own, name: 'acme', labels: { 'integration-scheduler.io/activation': 'Required', team: 'x' }, annotations: { note: 'x' } }, spec: {} })
    const object = { metadata: { ...metadata, name: 'acme', namespace: '', labels: { 'integration-scheduler.io/activation': 'Required' } } }
    expect([...(await applied).evidence]).toEqual([['namespaces/acme/acme#nightly-uid', { resource: 'namespaces', at, object }]])
  })

  it('tells that there is nothing only if the API server names the very object', async () => {
    const absent = apply(plan({ actions: [look] }), nothingLearned)
    ;(await server.next()).refuse(404, 'NotFound', { details: { name: 'j', kind: 'jobs' } })
    expect([...(await absent).evidence.values()]).toEqual([{ resource: 'jobs', at: clock.now(), object: undefined }])

    for (const details of [{}, { name: 'other' }]) {
      const unknown = apply(plan({ actions: [look] }), nothingLearned)
      ;(await server.next()).refuse(404, 'NotFound', { details })
      expect(await unknown).toMatchObject({ outcome: { kind: 'failed' }, evidence: new Map(), written: expect.any(Map), postponed: new Map() })
    }
  })

  it('fails when the answer is not an object of its kind', async () => {
    const applied = apply(plan({ actions: [look] }), nothingLearned)
    ;(await server.next()).answer(200, { metadata })
    expect(await applied).toMatchObject({ outcome: { kind: 'failed', failure: { kind: 'transient' } }, evidence: new Map(), written: expect.any(Map), postponed: new Map() })
  })

  it('is taken at what has the name of an object that could not be created', async () => {
    const applied = apply(plan({ actions: [create, remove] }), nothingLearned)
    ;(await server.next()).refuse(409, 'AlreadyExists')
    const exchange = await server.next()
    expect(exchange).toMatchObject({ method: 'GET', path: '/apis/batch/v1/namespaces/acme/cronjobs/a' })
    exchange.answer(200, { metadata: { ...metadata, name: 'a' }, spec: { schedule: '1 1 1 1 1' } })
    const { outcome, evidence } = await applied
    expect(outcome).toEqual({ kind: 'looked' })
    expect(evidence.get('cronjobs/acme/a')).toMatchObject({ object: { spec: { schedule: '1 1 1 1 1' } } })
    expect(server.unexpected).toEqual([])
  })

  it('is not taken at a Lease: its store sees all of them', async () => {
    const applied = apply(plan({ actions: [{ ...create, resource: 'leases' }] }), nothingLearned)
    ;(await server.next()).refuse(409, 'AlreadyExists')
    expect((await applied).outcome).toMatchObject({ kind: 'failed', failure: { kind: 'waiting' } })
  })
})

describe('a status', () => {
  it('is written as the smallest change, upon the version that was observed', async () => {
    const applied = apply(plan({ status }), nothingLearned)
    const exchange = await server.next()
    exchange.answer(200, {})
    expect(exchange).toMatchObject({ method: 'PATCH', body: { metadata: { uid: 'su', resourceVersion: '9' }, status: { suspended: true, gone: null } } })
    expect(exchange.headers.get('content-type')).toBe('application/merge-patch+json')
    expect((await applied).outcome).toEqual({ kind: 'done' })
  })

  it('is not written when it is as it should be; then events go out', async () => {
    const applied = apply(plan({ status: { ...status, live: status.status }, events: [event] }), nothingLearned)
    const exchange = await server.next()
    expect(exchange.path).toBe('/api/v1/namespaces/acme/events')
    exchange.answer(201, {})
    expect((await applied).outcome).toEqual({ kind: 'done' })
  })

  it('waits, with its events, for the pass that sees what an action did', async () => {
    const applied = apply(plan({ actions: [create], status, events: [event] }), nothingLearned)
    ;(await server.next()).answer(201, {})
    expect((await applied).outcome).toEqual({ kind: 'done' })
    await events.drain()
    expect(server.unexpected).toEqual([])
  })

  it('that could not be written is told by no event', async () => {
    const applied = apply(plan({ status, events: [event] }), nothingLearned)
    ;(await server.next()).refuse(409, 'Conflict')
    expect((await applied).outcome).toEqual({ kind: 'failed', failure: { kind: 'waiting' }, action: undefined })
    await events.drain()
    expect(server.unexpected).toEqual([])
  })
})

describe('an event', () => {
  it('of an action goes out after it when there is no status to wait for', async () => {
    const applied = apply(plan({ actions: [create], events: [event] }), nothingLearned)
    ;(await server.next()).answer(201, {})
    ;(await server.next(({ path }) => path.endsWith('/events'))).answer(201, {})
    expect((await applied).outcome).toEqual({ kind: 'done' })
  })
})

describe('errands', () => {
  const change = (name: string): Action & { readonly verb: 'merge' } => ({ verb: 'merge', resource: 'jobs', namespace: 'acme', name, uid: `${name}-uid`, resourceVersion: '7', merge: { metadata: { annotations: { x: 'y' } } }, because })
  const conflict = { kind: 'Status', status: 'Failure', reason: 'Conflict', code: 409 }
  const invalid = { kind: 'Status', status: 'Failure', reason: 'Invalid', code: 422, message: 'no' }
  const job = (name: string) => ({ kind: 'Job', metadata: { name, namespace: 'acme', uid: `${name}-uid`, resourceVersion: '8', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: { suspend: false } })

  /** In flight at the same time, and in no certain order. */
  const both = async () => {
    const [first, second] = [await server.next(), await server.next()]
    return first.path.endsWith('/a') ? ([first, second] as const) : ([second, first] as const)
  }

  it('follow the actions, side by side, as merges of the very version that was decided upon', async () => {
    const applied = apply(plan({ actions: [patch], errands: [{ action: change('a') }, { action: change('b') }] }), nothingLearned)
    ;(await server.next()).answer(200, {})
    const [one, other] = await both()
    expect(one).toMatchObject({ method: 'PATCH', path: '/apis/batch/v1/namespaces/acme/jobs/a', body: { metadata: { annotations: { x: 'y' }, uid: 'a-uid', resourceVersion: '7' } } })
    other.answer(200, {})
    one.answer(200, {})
    expect(await applied).toMatchObject({ outcome: { kind: 'done' } })
  })

  it('can be written in the name of another field manager', async () => {
    const applied = apply(plan({ errands: [{ action: { ...change('a'), resource: 'scheduledintegrations', fieldManager: 'integration-scheduler-home' } }] }), nothingLearned)
    const exchange = await server.next()
    expect(exchange).toMatchObject({ method: 'PATCH', path: expect.stringContaining('/namespaces/acme/scheduledintegrations/a'), query: { fieldManager: 'integration-scheduler-home' } })
    exchange.answer(200, {})
    expect(await applied).toMatchObject({ outcome: { kind: 'done' } })
  })

  it('are not begun when an action fails', async () => {
    const applied = apply(plan({ actions: [patch], errands: [{ action: change('a') }] }), nothingLearned)
    ;(await server.next()).answer(409, conflict)
    expect(await applied).toMatchObject({ outcome: { kind: 'failed', failure: { kind: 'waiting' } } })
  })

  it('that fail do not stop the others, nor their events', async () => {
    const applied = apply(plan({ errands: [{ action: change('a') }, { action: change('b'), event }] }), nothingLearned)
    const [one, other] = await both()
    one.answer(422, invalid)
    other.answer(200, {})
    expect(await server.next()).toMatchObject({ method: 'POST', path: '/api/v1/namespaces/acme/events', body: { reason: 'Suspended' } })
    const { outcome, written, postponed } = await applied
    expect(outcome).toEqual({ kind: 'refused' })
    expect([...written.keys()]).toEqual(['b-uid@7'])
    expect([...postponed]).toEqual([['a-uid@7', { message: 'no', retryAt: clock.now() + 600_000 }]])
  })

  it('that were refused lately are left out, and the status is told', async () => {
    const postponed = new Map([['a-uid@7', { message: 'no', retryAt: clock.now() + 1 }]])
    const applied = apply(plan({ errands: [{ action: change('a') }], status }), { ...nothingLearned, postponed })
    const exchange = await server.next()
    expect(exchange).toMatchObject({ method: 'PATCH', path: expect.stringContaining('/status') })
    exchange.answer(200, {})
    expect(await applied).toMatchObject({ outcome: { kind: 'refused' } })
  })

  it('that were carried out already are not sent again until a store shows them', async () => {
    const written = new Map([['a-uid@7', clock.now()]])
    expect(await apply(plan({ errands: [{ action: change('a') }] }), { ...nothingLearned, written })).toMatchObject({ outcome: { kind: 'outrun' } })
  })

  it('that meet a Job which has changed look what became of it, and that version counts as gone', async () => {
    const applied = apply(plan({ errands: [{ action: change('a') }] }), nothingLearned)
    ;(await server.next()).answer(409, conflict)
    const look = await server.next()
    expect(look).toMatchObject({ method: 'GET', path: '/apis/batch/v1/namespaces/acme/jobs/a' })
    look.answer(200, job('a'))
    const { outcome, evidence, written } = await applied
    expect(outcome).toEqual({ kind: 'looked' })
    expect([...evidence.keys()]).toEqual(['jobs/acme/a#a-uid'])
    expect([...written.keys()]).toEqual(['a-uid@7'])
  })

  it('that the API server had no time for are planned again soon', async () => {
    const applied = apply(plan({ errands: [{ action: change('a') }, { action: { verb: 'look', resource: 'jobs', namespace: 'acme', name: 'b', because } }] }), nothingLearned)
    const [one, other] = await both()
    one.answer(503, { kind: 'Status', status: 'Failure', reason: 'ServiceUnavailable', code: 503 })
    other.answer(200, job('b'))
    expect(await applied).toMatchObject({ outcome: { kind: 'failed', failure: { kind: 'transient' }, action: undefined } })
  })
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventDraft } from '../plan/action.ts'
import { clientOf, type Exchange, FakeApiServer } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { recordedLog } from '../testing/recorded-log.ts'
import { EventRecorder } from './event-recorder.ts'

const draft: EventDraft = {
  regarding: { apiVersion: 'integration-scheduler.io/v1alpha1', kind: 'ScheduledIntegration', namespace: 'acme', name: 'payroll', uid: 'u' },
  type: 'Warning',
  reason: 'RunMissed',
  message: 'the operator was down',
  action: 'Observe',
}

let server: FakeApiServer
let clock: FakeClock
let close: () => Promise<void>
let events: EventRecorder
let lines: { message: string; fields: object }[]
let create: () => EventRecorder

beforeEach(async () => {
  server = await FakeApiServer.start()
  clock = new FakeClock(Date.UTC(2026, 0, 1))
  const fake = clientOf(server, clock)
  close = fake.close
  const recorded = recordedLog()
  lines = recorded.lines
  create = () => new EventRecorder({ client: fake.client, clock, log: recorded.log })
  events = create()
})

afterEach(async () => {
  await close()
  await server.stop()
})

async function written(code = 201): Promise<Exchange> {
  const exchange = await server.next()
  exchange.answer(code, {})
  await events.drain()
  return exchange
}

describe('an event', () => {
  it('is written as core/v1 has it', async () => {
    events.record(draft)
    const { path, body } = await written()
    expect(path).toBe('/api/v1/namespaces/acme/events')
    expect(body).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: expect.stringMatching(/^payroll\.[0-9a-f]{16}$/), namespace: 'acme' },
      involvedObject: draft.regarding,
      type: 'Warning',
      reason: 'RunMissed',
      message: 'the operator was down',
      action: 'Observe',
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      source: { component: 'integration-scheduler' },
      reportingComponent: 'integration-scheduler',
      reportingInstance: 'integration-scheduler',
    })
  })

  it('that is recorded again within ten minutes is counted', async () => {
    events.record(draft)
    const first = await written()
    clock.advance(599_999)
    events.record(draft)
    const { method, path, body } = await written(200)
    expect({ method, body }).toEqual({ method: 'PATCH', body: { count: 2, lastTimestamp: '2026-01-01T00:09:59Z' } })
    expect(first.body).toMatchObject({ metadata: { name: path.split('/').at(-1) } })
  })

  it('that is recorded again later is another one', async () => {
    events.record(draft)
    const first = await written()
    clock.advance(600_000)
    events.record(draft)
    const second = await written()
    expect(second.method).toBe('POST')
    expect(second.body).not.toMatchObject({ metadata: { name: first.path } })
  })

  it('that is recorded often while it is being written costs one more write', async () => {
    for (let time = 0; time < 5; time += 1) events.record(draft)
    const first = await server.next()
    expect(first.body).toMatchObject({ count: 1 })
    first.answer(201, {})
    expect((await written(200)).body).toMatchObject({ count: 5 })
    expect(server.unexpected).toEqual([])
  })

  it('has the same name in the next process: then it has been told already', async () => {
    events.record(draft)
    const first = await written()
    events = create()
    events.record(draft)
    const again = await server.next()
    expect(again.body).toEqual(first.body)
    again.refuse(409, 'AlreadyExists')
    await events.drain()
    expect(lines).toEqual([])
  })

  it('differs by object, type, reason, message and action', async () => {
    const names = new Set<unknown>()
    const others = [
      {},
      { regarding: { ...draft.regarding, uid: 'v' } },
      { type: 'Normal' },
      { reason: 'RunFailed' },
      { message: 'another' },
      { action: 'Plan' },
    ] as const
    for (const other of others) {
      events.record({ ...draft, ...other })
      const { method, body } = await written()
      expect(method).toBe('POST')
      names.add(JSON.stringify(body).match(/payroll\.[0-9a-f]+/)?.[0])
    }
    expect(names.size).toBe(others.length)
  })

  it('with a long message is cut', async () => {
    events.record({ ...draft, message: 'x'.repeat(2_000) })
    expect((await written()).body).toMatchObject({ message: `${'x'.repeat(1_023)}…` })
  })

  it('that cannot be written is dropped, reported, and does not keep others from being written', async () => {
    events.record(draft)
    events.record({ ...draft, reason: 'RunFailed' })
    ;(await server.next()).refuse(403, 'Forbidden')
    expect((await written()).body).toMatchObject({ reason: 'RunFailed' })
    expect(lines).toMatchObject([{ message: 'event dropped', fields: { event: 'RunMissed', code: 403 } }])
  })

  it('that the API server puts off is written later, after the others, with what was recorded meanwhile', async () => {
    events.record(draft)
    events.record({ ...draft, reason: 'RunFailed' })
    const first = await server.next()
    events.record(draft)
    first.refuse(429, 'TooManyRequests', { headers: { 'retry-after': '7' } })
    expect(await clock.timer((delay) => delay === 7_000)).toBe(7_000)
    expect(server.unexpected).toEqual([])
    clock.advance(7_000)
    const second = await server.next()
    expect(second.body).toMatchObject({ reason: 'RunFailed' })
    second.answer(201, {})
    expect((await written()).body).toMatchObject({ reason: 'RunMissed', count: 2 })
    expect(lines).toEqual([])
  })

  it('that could not be written three times is dropped', async () => {
    events.record(draft)
    for (let time = 0; time < 2; time += 1) {
      ;(await server.next()).refuse(503, 'ServiceUnavailable')
      await clock.timer((delay) => delay === 1_000)
      clock.advance(1_000)
    }
    ;(await server.next()).refuse(503, 'ServiceUnavailable')
    await events.drain()
    expect(lines).toMatchObject([{ message: 'event dropped', fields: { event: 'RunMissed', code: 503 } }])
  })

  it('is the last of twenty about one object in ten minutes', async () => {
    for (let time = 0; time < 30; time += 1) events.record({ ...draft, message: String(time) })
    events.record({ ...draft, regarding: { ...draft.regarding, uid: 'another' } })
    for (let time = 0; time < 21; time += 1) (await server.next()).answer(201, {})
    await events.drain()
    expect(server.unexpected).toEqual([])
    expect(lines).toHaveLength(10)
    clock.advance(600_000)
    events.record(draft)
    await written()
  })

  it('waits for others when there are very many: fifty at once, then twenty a second, and the rest at the end', async () => {
    for (let index = 0; index < 70; index += 1) events.record({ ...draft, regarding: { ...draft.regarding, uid: String(index) } })
    const answered = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) (await server.next()).answer(201, {})
    }
    await answered(50)
    for (let index = 0; index < 5; index += 1) {
      await clock.timer((delay) => delay === 50)
      expect(server.unexpected).toEqual([])
      clock.advance(50)
      await answered(1)
    }
    const drained = events.drain()
    await answered(15)
    await drained
  })

  it('is one of a thousand that wait; further ones are dropped, and that is told once', async () => {
    for (let index = 0; index < 1_200; index += 1) events.record({ ...draft, regarding: { ...draft.regarding, uid: String(index) } })
    expect(lines).toMatchObject([{ message: 'event dropped', fields: { why: 'too many events, this one and others' } }])
    await server.next()
  })

  it('is waited for at the end, but not for ever', async () => {
    events.record(draft)
    await server.next()
    const drained = events.drain()
    clock.advance(5_000)
    await drained
    expect(clock.timers).toEqual([5_000])
  })
})

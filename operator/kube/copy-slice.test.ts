import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CopyItem } from '../model/copying.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import type { EventDraft } from '../plan/action.ts'
import { remembering } from '../plan/copied-memory.ts'
import type { CopyOrder, CopySlice, CopySliceSeen } from '../plan/copy-order.ts'
import { CopyingApiServer } from '../testing/copying-api-server.ts'
import { type Exchange, clientOf } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { objectOf } from '../testing/json-reading.ts'
import type { ApiClient } from './api-client.ts'
import { copySlice } from './copy-slice.ts'

const kinds = ['Integration', 'IntegrationSet', 'ScheduledIntegration'] as const
const grant = (name = 'consent', spec: JsonObject = {}) => ({ kind: 'CloneGrant', metadata: { name }, spec: { to: [{ namespace: 'acme-test' }], kinds, ...spec } })
const schedule = (name: string, spec: JsonObject = {}, labels: JsonObject = {}) => ({
  kind: 'ScheduledIntegration',
  metadata: { name, labels },
  spec: { integrationRef: { name: 'export' }, schedule: { recurrence: { cron: '* * * * *' } }, runName: 'source', ...spec },
})

let server: CopyingApiServer
let client: ApiClient
let close: () => Promise<void>
let there: Set<string>
let events: EventDraft[]
const clock = new FakeClock()

beforeEach(async () => {
  server = await CopyingApiServer.start()
  ;({ client, close } = clientOf(server.fake, clock))
  there = new Set()
  events = []
  server.put('clonegrants', 'acme', grant())
})

afterEach(async () => {
  await close()
  await server.stop()
})

const order: CopyOrder = {
  clone: { namespace: 'acme-test', name: 'from-acme', uid: 'clone-uid' },
  clones: ['from-acme'],
  spec: { source: { namespace: 'acme' }, onConflict: 'Skip' },
  action: 'Clone',
  requestId: undefined,
  dryRun: false,
}

async function copied(different: Partial<CopyOrder> = {}, slice: Partial<CopySlice> = {}): Promise<CopySliceSeen['outcome']> {
  const question: CopySlice = {
    verb: 'copy', resource: 'tenantclones', namespace: 'acme-test', name: 'from-acme', order: { ...order, ...different }, kind: 'ScheduledIntegration',
    from: '', pass: '2026-01-01T00:00:00Z', memory: undefined, because: 'a test wants it', ...slice,
  }
  const copying = { ownNamespace: 'integration-scheduler', isThere: (_kind: string, namespace: string, name: string) => there.has(`${namespace}/${name}`) }
  const [key, { slice: seen }] = await copySlice({ client, clock, events: { record: (event) => events.push(event) }, copying }, question)
  expect(key).toBe('tenantclones/acme-test/from-acme')
  expect(seen).toMatchObject({ pass: question.pass, kind: question.kind, from: question.from })
  return seen.outcome
}

async function items(different: Partial<CopyOrder> = {}, slice: Partial<CopySlice> = {}): Promise<readonly CopyItem[]> {
  const outcome = await copied(different, slice)
  if (outcome.kind !== 'done') throw new Error(outcome.answer.message)
  return outcome.items
}

const copy = (name: string) => server.get('scheduledintegrations', 'acme-test', name)
const specOf = (name: string) => objectOf(copy(name)?.['spec'])
const versionOf = (name: string) => objectOf(copy(name)?.['metadata'])['resourceVersion']
const requests = (text: string) => server.asked.filter((one) => one.includes(text))

describe('what is missing', () => {
  it('is made in one request each, suspended, without a read before it', async () => {
    server.put('scheduledintegrations', 'acme', schedule('payroll', { suspend: false }))
    server.put('scheduledintegrations', 'acme', schedule('report'))
    expect(await items()).toEqual([
      { kind: 'ScheduledIntegration', name: 'payroll', result: 'Created' },
      { kind: 'ScheduledIntegration', name: 'report', result: 'Created' },
    ])
    expect(requests('acme-test').toSorted()).toEqual(['payroll', 'report'].map((name) => `PATCH /apis/integration-scheduler.io/v1alpha1/namespaces/acme-test/scheduledintegrations/${name}`))
    expect(specOf('payroll')).toMatchObject({ suspend: true, runName: 'source' })
    expect(copy('payroll')).toMatchObject({ metadata: { labels: { 'integration-scheduler.io/clone': 'from-acme' }, managedFields: [{ manager: 'integration-scheduler-clone', operation: 'Apply' }] } })
  })

  it('according to a store that lags is found, and neither merged into nor overwritten', async () => {
    server.put('scheduledintegrations', 'acme', schedule('payroll'))
    // The same in all that both say: without a fence it would be merged into, and suspended.
    server.put('scheduledintegrations', 'acme-test', schedule('payroll'))
    const version = versionOf('payroll')
    expect(await items()).toMatchObject([{ result: 'Skipped', reason: 'NotOurs' }])
    expect(versionOf('payroll')).toBe(version)
  })

  it('is not made where the memory says that it was made before and was deleted', async () => {
    server.put('scheduledintegrations', 'acme', schedule('payroll'))
    const memory = remembering(undefined, { copies: [{ kind: 'ScheduledIntegration', name: 'payroll' }] })
    expect(await items({}, { memory })).toMatchObject([{ result: 'Skipped', reason: 'DeletedInTarget' }])
    expect(copy('payroll')).toBeUndefined()
  })

  it('stays missing in a dry run, which the API server checks all the same', async () => {
    server.put('scheduledintegrations', 'acme', schedule('payroll'))
    expect(await items({ dryRun: true })).toMatchObject([{ result: 'WouldCreate' }])
    expect(copy('payroll')).toBeUndefined()
    expect(server.writes.length).toBe(1)
  })
})

describe('a slice', () => {
  it('done again, after a crash or a lost answer, finds its own copies and writes nothing', async () => {
    for (let index = 0; index < 40; index += 1) server.put('scheduledintegrations', 'acme', schedule(`s-${index}`))
    let carriedOut = 0
    server.meets = (exchange) => {
      if (exchange.method !== 'PATCH') return false
      carriedOut += 1
      if (carriedOut !== 20) return false
      lost(exchange)
      return true
    }
    await expect(copied()).rejects.toMatchObject({ kind: 'network' })
    const [before, halfWay] = [server.writes.length, server.all('scheduledintegrations', 'acme-test').length]
    expect(halfWay).toBeGreaterThan(10)
    expect(halfWay).toBeLessThan(40)
    server.meets = () => false
    const again = await items()
    expect(again.filter(({ result }) => result === 'Unchanged').length).toBe(halfWay)
    expect(again.filter(({ result }) => result === 'Created').length).toBe(40 - halfWay)
    expect(server.writes.length - before, 'those that no store shows yet are asked for once, and refused').toBe(40)
    const versions = server.all('scheduledintegrations', 'acme-test').map(({ metadata }) => objectOf(metadata)['resourceVersion'])
    for (let index = 0; index < 40; index += 1) there.add(`acme-test/s-${index}`)
    const writes = server.writes.length
    expect((await items()).every(({ result }) => result === 'Unchanged')).toBe(true)
    expect(server.writes.length).toBe(writes)
    expect(server.all('scheduledintegrations', 'acme-test').map(({ metadata }) => objectOf(metadata)['resourceVersion'])).toEqual(versions)
  })

  it('is one page of at most 250 objects, and says where the next begins', async () => {
    for (let index = 0; index < 300; index += 1) server.put('integrations', 'acme', { kind: 'Integration', metadata: { name: `i-${String(index).padStart(3, '0')}` }, spec: { container: { image: 'x' } } })
    const sixteen = Promise.withResolvers<boolean>()
    let writes = 0
    server.meets = (exchange) => {
      if (exchange.method !== 'PATCH') return false
      if ((writes += 1) === 16) sixteen.resolve(false)
      return sixteen.promise
    }
    const first = await copied({}, { kind: 'Integration' })
    if (first.kind !== 'done') throw new Error('it was refused')
    expect([first.items.length, first.items[0]?.name, first.next]).toEqual([250, 'i-000', expect.any(String)])
    const second = await copied({}, { kind: 'Integration', from: first.next ?? '' })
    expect(second).toMatchObject({ kind: 'done', next: undefined })
    expect(server.all('integrations', 'acme-test').length).toBe(300)
    expect(server.mostInFlight).toBe(16)
  })

  it('has only what the selector names', async () => {
    server.put('scheduledintegrations', 'acme', schedule('payroll', {}, { team: 'pay', stage: 'x' }))
    server.put('scheduledintegrations', 'acme', schedule('people', {}, { team: 'hr' }))
    expect((await items({ spec: { ...order.spec, source: { namespace: 'acme', selector: { matchLabels: { team: 'pay', stage: 'x' } } } } })).map(({ name }) => name)).toEqual(['payroll'])
  })

  it('tells what its copies need', async () => {
    server.put('integrations', 'acme', { kind: 'Integration', metadata: { name: 'export' }, spec: { container: { image: 'x', envFrom: [{ secretRef: { name: 'keys' } }, { configMapRef: { name: 'settings' } }] } } })
    expect(await copied({}, { kind: 'Integration' })).toMatchObject({ requires: { secrets: ['keys'], configMaps: ['settings'] } })
  })
})

/** Carried out, and the answer is lost. */
function lost(exchange: Exchange): void {
  const answer = exchange.answer.bind(exchange)
  exchange.answer = () => exchange.reset()
  server.carryOut(exchange)
  exchange.answer = answer
}

describe('nothing of the source is read', () => {
  const [spec, refused] = [order.spec, { kind: 'unauthorized', answer: { reason: 'NoGrant', message: 'no CloneGrant in namespace acme allows this' } }]
  const onlyGrants = ['GET /apis/integration-scheduler.io/v1alpha1/namespaces/acme/clonegrants']

  it.each<[string, JsonObject | undefined]>([
    ['without a grant', undefined],
    ['with a grant for another namespace', { to: [{ namespace: 'acme-test-2' }] }],
    ['with a grant of other kinds', { kinds: ['Integration', 'IntegrationSet'] }],
  ])('%s, whatever any store says', async (_, given) => {
    server.remove('clonegrants', 'acme', 'consent')
    if (given !== undefined) server.put('clonegrants', 'acme', grant('other', given))
    server.put('scheduledintegrations', 'acme', schedule('payroll'))
    expect(await copied()).toMatchObject(refused)
    expect(server.asked).toEqual(onlyGrants)
  })

  it('once the grant is revoked between two pages', async () => {
    for (let index = 0; index < 251; index += 1) server.put('scheduledintegrations', 'acme', schedule(`s-${index}`))
    const first = await copied()
    if (first.kind !== 'done') throw new Error('it was refused')
    server.remove('clonegrants', 'acme', 'consent')
    server.asked.length = 0
    expect(await copied({}, { from: first.next ?? '' })).toMatchObject(refused)
    expect(server.asked).toEqual(onlyGrants)
    expect(server.all('scheduledintegrations', 'acme-test').length).toBe(250)
  })

  it.each<[string, Partial<CopyOrder>, string]>([
    ['of the namespace itself', { spec: { ...spec, source: { namespace: 'acme-test' } } }, 'SameNamespace'],
    ['of a namespace of Kubernetes', { spec: { ...spec, source: { namespace: 'kube-system' } } }, 'SourceProtected'],
    ['of the namespace of the operator', { spec: { ...spec, source: { namespace: 'integration-scheduler' } } }, 'SourceProtected'],
  ])('%s, nor its grants', async (_, different, reason) => {
    expect(await copied(different)).toMatchObject({ kind: 'unauthorized', answer: { reason } })
    expect(server.asked).toEqual([])
  })

  it('when only one of very many grants could allow it, and it does', async () => {
    server.remove('clonegrants', 'acme', 'consent')
    for (let index = 0; index < 120; index += 1) server.put('clonegrants', 'acme', grant(`other-${String(index).padStart(3, '0')}`, { to: [{ namespace: `other-${index}` }] }))
    server.put('clonegrants', 'acme', grant('the-last'))
    server.put('scheduledintegrations', 'acme', schedule('payroll'))
    expect(await items()).toMatchObject([{ result: 'Created' }])
  })
})

describe('between read and write', () => {
  beforeEach(async () => {
    server.put('scheduledintegrations', 'acme', schedule('payroll'))
    await items()
    server.edit('scheduledintegrations', 'acme', 'payroll', { 'spec.runName': 'newer' })
    there.add('acme-test/payroll')
    server.asked.length = 0
  })

  /** Somebody else is quicker, so often. */
  function meanwhile(change: () => void, times = 1): void {
    let left = times
    server.meets = (exchange) => {
      if (exchange.method !== 'PATCH' || left === 0) return false
      left -= 1
      change()
      return false
    }
  }

  it('a user enables the copy: it stays enabled', async () => {
    meanwhile(() => server.edit('scheduledintegrations', 'acme-test', 'payroll', { 'spec.suspend': false }))
    expect(await items({ action: 'Refresh', requestId: 'one' })).toMatchObject([{ result: 'Skipped', reason: 'FieldsKept', keptFields: ['.spec.suspend'] }])
    expect(specOf('payroll')).toMatchObject({ suspend: false, runName: 'source' })
    expect(server.asked.map((one) => one.split(' ')[0])).toEqual(['GET', 'GET', 'GET', 'PATCH', 'GET'])
  })

  it('a user changes another field: exactly that is left to them', async () => {
    meanwhile(() => server.edit('scheduledintegrations', 'acme-test', 'payroll', { 'spec.runName': 'mine' }))
    server.edit('scheduledintegrations', 'acme', 'payroll', { 'spec.startingDeadlineSeconds': 60 })
    expect(await items({ action: 'Refresh', requestId: 'one' })).toMatchObject([{ result: 'Updated', reason: 'FieldsKept', keptFields: ['.spec.runName'] }])
    expect(specOf('payroll')).toMatchObject({ suspend: true, runName: 'mine', startingDeadlineSeconds: 60 })
  })

  it('a user deletes the copy: it is made again, suspended', async () => {
    meanwhile(() => server.remove('scheduledintegrations', 'acme-test', 'payroll'))
    expect(await items({ action: 'Refresh', requestId: 'one' })).toMatchObject([{ result: 'Created' }])
    expect(specOf('payroll')).toMatchObject({ suspend: true, runName: 'newer' })
  })

  it('a status is written: it is decided again', async () => {
    meanwhile(() => server.edit('scheduledintegrations', 'acme-test', 'payroll', { 'status.suspended': true }), 3)
    expect(await items({ action: 'Refresh', requestId: 'one' })).toMatchObject([{ result: 'Updated' }])
    expect(specOf('payroll')).toMatchObject({ runName: 'newer' })
  })

  it('somebody changes the copy again and again: it is given up, and the others are not', async () => {
    server.put('scheduledintegrations', 'acme', schedule('report'))
    let changes = 0
    server.meets = (exchange) => {
      if (exchange.method === 'PATCH' && exchange.path.endsWith('/payroll')) server.edit('scheduledintegrations', 'acme-test', 'payroll', { 'status.count': (changes += 1) })
      return false
    }
    expect(await items({ action: 'Refresh', requestId: 'one' })).toMatchObject([{ result: 'Failed', reason: 'Conflict' }, { result: 'Created' }])
    expect(changes).toBe(5)
  })
})

describe('a Reset', () => {
  it('suspends and overwrites what was changed, tells of it once, and does nothing the second time', async () => {
    server.put('scheduledintegrations', 'acme', schedule('payroll'))
    await items()
    there.add('acme-test/payroll')
    server.edit('scheduledintegrations', 'acme-test', 'payroll', { 'spec.suspend': false, 'spec.runName': 'mine', 'spec.startingDeadlineSeconds': 5 })
    expect(await items({ action: 'Reset', requestId: 'one' })).toMatchObject([{ result: 'Resuspended' }])
    expect(specOf('payroll')).toMatchObject({ suspend: true, runName: 'source' })
    expect(specOf('payroll')).not.toHaveProperty('startingDeadlineSeconds')
    expect(events).toMatchObject([{ type: 'Warning', reason: 'ScheduleResuspended', regarding: { name: 'payroll', namespace: 'acme-test' } }])
    server.edit('scheduledintegrations', 'acme-test', 'payroll', { 'spec.suspend': false })
    const version = versionOf('payroll')
    expect(await items({ action: 'Reset', requestId: 'one' }), 'it is not what it made of it').toMatchObject([{ result: 'Skipped', reason: 'FieldsKept' }])
    expect([versionOf('payroll'), events.length], 'and nobody is warned of what is enabled again').toEqual([version, 1])
  })

  it.each<[string, (exchange: Exchange) => void, object]>([
    ['an object of its slice is put off', (exchange) => exchange.refuse(429, 'TooManyRequests'), { code: 429 }],
    ['the connection is lost, with the answer to what was done', (exchange) => lost(exchange), { kind: 'network' }],
  ])('tells what it did though %s and the slice is done again, and warns again', async (_, answer, failure) => {
    for (const name of ['a', 'b', 'c']) server.put('scheduledintegrations', 'acme', schedule(name))
    await items()
    for (const name of ['a', 'b', 'c']) there.add(`acme-test/${name}`)
    server.edit('scheduledintegrations', 'acme-test', 'a', { 'spec.suspend': false })
    server.edit('scheduledintegrations', 'acme-test', 'b', { 'spec.runName': 'mine' })
    server.meets = (exchange) => {
      if (exchange.method !== 'PATCH' || !exchange.path.endsWith('/c')) return false
      answer(exchange)
      return true
    }
    await expect(items({ action: 'Reset', requestId: 'one' })).rejects.toMatchObject(failure)
    expect([specOf('a')['suspend'], specOf('b')['runName']]).toEqual([true, 'source'])
    const warned = structuredClone(events)
    server.meets = () => false
    expect(await items({ action: 'Reset', requestId: 'one' })).toEqual([
      { kind: 'ScheduledIntegration', name: 'a', result: 'Resuspended' }, { kind: 'ScheduledIntegration', name: 'b', result: 'Updated' }, { kind: 'ScheduledIntegration', name: 'c', result: 'Unchanged' },
    ])
    expect(events, 'in the same words, so that it is one event').toEqual([...warned, ...warned])
    expect(warned).toMatchObject([{ reason: 'ScheduleResuspended' }])
  })
})

describe('a Reset that the API server refuses', () => {
  const managers = () => objectOf(copy('payroll')?.['metadata'])['managedFields']
  const refuse = (answer: (exchange: Exchange) => void, meanwhile = () => undefined as void) => {
    server.meets = (exchange) => {
      if (exchange.headers.get('content-type') !== 'application/apply-patch+yaml') return false
      meanwhile()
      answer(exchange)
      return true
    }
  }
  const invalid = (one: Exchange) => one.refuse(422, 'Invalid')

  beforeEach(async () => {
    server.put('scheduledintegrations', 'acme', schedule('payroll'))
    await items()
    there.add('acme-test/payroll')
    server.edit('scheduledintegrations', 'acme-test', 'payroll', { 'spec.startingDeadlineSeconds': 5, 'metadata.annotations': { ...objectOf(objectOf(copy('payroll')?.['metadata'])['annotations']), 'integration-scheduler.io/activate': 'uid' } })
  })

  it.each<[string, (exchange: Exchange) => void]>([['for good', invalid], ['by failing at it each time', (one) => one.refuse(500, 'InternalError')]])('%s leaves who owns what as it was: a later Refresh keeps what was changed', async (_, answer) => {
    const [before, spec] = [managers(), specOf('payroll')]
    refuse(answer)
    expect(await items({ action: 'Reset', requestId: 'one' })).toMatchObject([{ result: 'Failed', reason: 'Refused' }])
    expect(server.writes.length, 'it was prepared').toBeGreaterThan(2)
    expect([managers(), specOf('payroll')]).toEqual([before, spec])
    server.meets = () => false
    server.edit('scheduledintegrations', 'acme', 'payroll', { 'spec.startingDeadlineSeconds': 60 })
    expect(await items({ action: 'Refresh', requestId: 'two' })).toMatchObject([{ keptFields: expect.arrayContaining(['.spec.startingDeadlineSeconds']) }])
  })

  it('leaves it to who has changed the copy meanwhile', async () => {
    refuse(invalid, () => server.edit('scheduledintegrations', 'acme-test', 'payroll', { 'spec.runName': 'mine' }))
    await items({ action: 'Reset', requestId: 'one' })
    expect(managers()).toContainEqual(expect.objectContaining({ manager: 'kubectl-edit', fieldsV1: { 'f:spec': { 'f:runName': {} } } }))
  })
})

describe('what the API server refuses', () => {
  beforeEach(() => {
    for (const name of ['a', 'b', 'c']) server.put('scheduledintegrations', 'acme', schedule(name, { runName: 's3cret' }))
  })

  const refuse = (name: string, answer: (exchange: Exchange) => void) => {
    server.meets = (exchange) => {
      if (exchange.method !== 'PATCH' || !exchange.path.endsWith(`/${name}`)) return false
      answer(exchange)
      return true
    }
  }
  const invalid = { causes: [{ reason: 'FieldValueInvalid', field: 'spec.runName', message: 'Invalid value: "s3cret": is no name' }] }

  it.each<[string, (exchange: Exchange) => void, object]>([
    ['is told with its field and without its value', (one) => one.refuse(422, 'Invalid', { details: invalid }), { reason: 'Refused', message: 'spec.runName: Invalid value: is no name' }],
    ['since a quota is used up is told', (one) => one.refuse(403, 'Forbidden'), { reason: 'Refused', message: 'refused: Forbidden' }],
    ['since it is too large is told', (one) => one.refuse(413, 'RequestEntityTooLarge'), { reason: 'TooLarge' }],
    ['by failing at it each time is told', (one) => one.refuse(500, 'InternalError'), { reason: 'Refused', message: 'the API server fails at it' }],
  ])('%s, and the others are copied', async (_, answer, want) => {
    refuse('b', answer)
    const told = await items()
    expect(told).toMatchObject([{ result: 'Created' }, { name: 'b', result: 'Failed', ...want }, { result: 'Created' }])
    expect(JSON.stringify(told)).not.toContain('s3cret')
  })

  it('by failing at all of them is not about them: the slice is to be done again', async () => {
    server.meets = (exchange) => {
      if (exchange.method !== 'PATCH') return false
      exchange.refuse(500, 'InternalError')
      return true
    }
    await expect(copied()).rejects.toMatchObject({ code: 500 })
  })

  it('for want of time is to be done again', async () => {
    refuse('b', (one) => one.refuse(503, 'ServiceUnavailable'))
    await expect(copied()).rejects.toMatchObject({ code: 503 })
  })
})

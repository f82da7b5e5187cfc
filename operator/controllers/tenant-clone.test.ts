import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApply } from '../kube/apply.ts'
import { EventRecorder } from '../kube/event-recorder.ts'
import { asKubernetesObject } from '../kube/kubernetes-object.ts'
import { LiveStore, type StoreWriter } from '../kube/store.ts'
import type { CopyKind } from '../model/copying.ts'
import { minute, second } from '../model/instant.ts'
import type { Json, JsonObject, KubernetesObject } from '../model/kubernetes.ts'
import { CopyingApiServer } from '../testing/copying-api-server.ts'
import { type Exchange, clientOf } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { objectOf, objectsIn, textOf } from '../testing/json-reading.ts'
import { recordedLog } from '../testing/recorded-log.ts'
import { startController } from './controller.ts'
import { type Resource, projectedResource } from './resource.ts'
import { cloneIndexes, grantIndexes, integrationIndexes, scheduleIndexes, setIndexes } from './stores.ts'
import { storeOf, tenantCloneController } from './tenant-clone.ts'

const resources = { Integration: 'integrations', IntegrationSet: 'integrationsets', ScheduledIntegration: 'scheduledintegrations' } as const
const kinds = Object.keys(resources)
const grant = { kind: 'CloneGrant', metadata: { name: 'consent' }, spec: { to: [{ namespace: 'acme-test' }], kinds } }
const container = { image: 'registry.example.com/export:1' }

let server: CopyingApiServer
let clock: FakeClock
let operator: Operator

beforeEach(async () => {
  server = await CopyingApiServer.start()
  clock = new FakeClock()
  operator = startOperator()
})

afterEach(async () => {
  await operator.stop()
  await server.stop()
})

interface Operator {
  /** As SIGKILL: nothing of it comes after. */
  stop(): Promise<void>
  readonly errors: () => readonly object[]
}

/** The controller with stores that show at once what the server has. */
function startOperator(): Operator {
  const { client, close } = clientOf(server.fake, clock)
  const { log, lines } = recordedLog()
  const reportError = (error: unknown): never => {
    throw error
  }
  const stores = {
    clones: new LiveStore<Resource<'TenantClone'>, keyof typeof cloneIndexes>({ indexes: cloneIndexes, reportError }),
    grants: new LiveStore<Resource<'CloneGrant'>, keyof typeof grantIndexes>({ indexes: grantIndexes, reportError }),
    integrations: new LiveStore<Resource<'Integration'>, keyof typeof integrationIndexes>({ indexes: integrationIndexes, reportError }),
    sets: new LiveStore<Resource<'IntegrationSet'>, keyof typeof setIndexes>({ indexes: setIndexes, reportError }),
    schedules: new LiveStore<Resource<'ScheduledIntegration'>, keyof typeof scheduleIndexes>({ indexes: scheduleIndexes, reportError }),
  }
  const writers: Readonly<Record<string, (object: KubernetesObject, isGone: boolean) => void>> = {
    TenantClone: writer(stores.clones, projectedResource('TenantClone')),
    CloneGrant: writer(stores.grants, projectedResource('CloneGrant')),
    Integration: writer(stores.integrations, projectedResource('Integration')),
    IntegrationSet: writer(stores.sets, projectedResource('IntegrationSet')),
    ScheduledIntegration: writer(stores.schedules, projectedResource('ScheduledIntegration')),
  }
  const show = (object: JsonObject, isGone: boolean) => {
    const seen = asKubernetesObject(structuredClone(object))
    if (seen !== undefined) writers[textOf(object['kind'])]?.(seen, isGone)
  }
  for (const object of server.everything()) show(object, false)
  for (const store of Object.values(stores)) store.markSynced()
  server.changed = show
  const events = new EventRecorder({ client, clock, log })
  const copying = { ownNamespace: 'integration-scheduler', isThere: (kind: CopyKind, namespace: string, name: string) => storeOf(stores, kind).get(namespace, name) !== undefined }
  const apply = createApply({ client, clock, events, log, copying })
  const controller = startController(tenantCloneController(stores, clock, 'integration-scheduler'), { apply, clock, log, reconciled: () => undefined, workers: 1 })
  const stop = async (): Promise<void> => {
    server.changed = () => undefined
    await close()
    await controller.stop()
  }
  return { stop, errors: () => lines.filter(({ level }) => level === 'error') }
}

function writer<T extends KubernetesObject>(store: StoreWriter<T>, project: (object: KubernetesObject) => T | undefined): (object: KubernetesObject, isGone: boolean) => void {
  return (object, isGone) => {
    const projected = project(object)
    if (isGone || projected === undefined) store.remove(object.metadata.namespace, object.metadata.name)
    else store.put(projected)
  }
}

function apply(spec: JsonObject = {}): void {
  server.put('tenantclones', 'acme-test', { kind: 'TenantClone', metadata: { name: 'from-acme' }, spec: { source: { namespace: 'acme' }, ...spec } })
}

function source(kind: keyof typeof resources, name: string, spec: JsonObject = {}): void {
  const schedule = { integrationRef: { name: 'export' }, schedule: { recurrence: { cron: '* * * * *' } } }
  const specs = { Integration: { container }, IntegrationSet: { members: [{ name: 'export', integrationRef: { name: 'export' } }] }, ScheduledIntegration: schedule }
  server.put(resources[kind], 'acme', { kind, metadata: { name }, spec: { ...specs[kind], ...spec } })
}

function status(): JsonObject {
  return objectOf(server.get('tenantclones', 'acme-test', 'from-acme')?.['status'])
}

function condition(type: string): Json | undefined {
  return objectsIn(status()['conditions']).find((one) => one['type'] === type)
}

const isReady = () => objectOf(condition('Ready'))['reason'] === 'Cloned' && status()['progress'] === undefined
const copies = () => Object.values(resources).flatMap((resource) => server.all(resource, 'acme-test'))
const copyWrites = () => server.writes.filter((one) => !one.includes('tenantclones'))

/** Time passes until it holds; in vain for ten minutes: it fails. */
async function until(holds: () => boolean, within = 10 * minute): Promise<void> {
  const end = clock.now() + within
  while (!holds()) {
    if (clock.now() > end) throw new Error(`not within ${within / second} s: ${JSON.stringify(status())}`)
    await setImmediate()
    clock.advance(2)
  }
  expect(operator.errors()).toEqual([])
}

/** What is under way comes to its end. */
async function settled(during: number): Promise<void> {
  const end = clock.now() + during
  await until(() => clock.now() >= end, during + minute)
}

describe('a TenantClone', () => {
  it('copies Integrations first, then sets, then schedules, all suspended, and tells of it once', async () => {
    server.put('clonegrants', 'acme', grant)
    source('Integration', 'export', { container: { ...container, env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'k' } } }] } })
    source('IntegrationSet', 'all')
    source('ScheduledIntegration', 'nightly', { suspend: false })
    source('ScheduledIntegration', 'weekly')
    apply()
    await until(isReady)
    expect(server.made.map((path) => path.split('/').slice(-2).join('/'))).toEqual(['integrations/export', 'integrationsets/all', expect.stringContaining('scheduledintegrations/'), expect.stringContaining('scheduledintegrations/')])
    expect(server.all('scheduledintegrations', 'acme-test').map(({ spec }) => objectOf(spec)['suspend'])).toEqual([true, true])
    expect(status()).toMatchObject({ summary: { created: 4 }, requires: { secrets: ['keys'] }, observedGeneration: 1 })
    await until(() => server.events.length > 0)
    expect(server.events).toMatchObject([{ reason: 'CloneFinished', involvedObject: { kind: 'TenantClone', name: 'from-acme' } }])
  })

  it('that is done writes nothing any more, and after a restart neither', async () => {
    server.put('clonegrants', 'acme', grant)
    source('ScheduledIntegration', 'nightly')
    apply()
    await until(isReady)
    await until(() => server.events.length > 0)
    server.asked.length = 0
    await settled(20 * second)
    await operator.stop()
    operator = startOperator()
    await settled(minute)
    expect(server.asked).toEqual([])
  })

  it('without a grant reads nothing of the source and says nothing of it; the grant lets it begin', async () => {
    source('ScheduledIntegration', 'nightly')
    apply()
    await until(() => condition('Authorized') !== undefined)
    expect(condition('Authorized')).toMatchObject({ status: 'False', reason: 'NoGrant', message: 'no CloneGrant in namespace acme allows this' })
    await settled(minute)
    expect(server.asked.filter((one) => one.startsWith('GET'))).toEqual([])
    expect(JSON.stringify(status())).not.toContain('nightly')
    server.put('clonegrants', 'acme', grant)
    await until(isReady)
    expect(condition('Authorized')).toMatchObject({ status: 'True', reason: 'Granted' })
  })

  it('whose grant is revoked half-way stops there, and goes on where it was once it is granted again', async () => {
    server.put('clonegrants', 'acme', grant)
    for (let index = 0; index < 600; index += 1) source('ScheduledIntegration', `s-${index}`)
    apply()
    await until(() => server.made.length > 100)
    server.remove('clonegrants', 'acme', 'consent')
    await until(() => objectOf(condition('Authorized'))['reason'] === 'GrantRevoked')
    await settled(minute)
    const [revoked, writes] = [copies().length, copyWrites().length]
    expect(revoked).toBeLessThanOrEqual(500)
    await settled(minute)
    expect(copyWrites().length).toBe(writes)
    server.put('clonegrants', 'acme', grant)
    await until(isReady)
    expect(copies().length).toBe(600)
    expect(new Set(server.made).size, 'none was made twice').toBe(server.made.length)
  })

  it('meets what has changed in the source ten minutes after its last pass, and no earlier', async () => {
    server.put('clonegrants', 'acme', grant)
    source('Integration', 'export')
    apply()
    await until(isReady)
    const completed = clock.now()
    source('ScheduledIntegration', 'new')
    await settled(minute)
    source('ScheduledIntegration', 'newer')
    clock.advance(completed + 9 * minute - clock.now())
    await settled(second)
    expect(copies().length).toBe(1)
    clock.advance(completed + 10 * minute + 11 * second - clock.now())
    await until(() => copies().length === 3)
    await until(isReady)
    expect(status()).toMatchObject({ summary: { created: 2, unchanged: 1 } })
  })

  it('does a request once, also when it is deleted and applied again with it', async () => {
    server.put('clonegrants', 'acme', grant)
    source('ScheduledIntegration', 'nightly')
    apply({ request: { id: 'one', action: 'Reset' } })
    await until(() => objectOf(status()['lastRequest'])['id'] === 'one')
    server.edit('scheduledintegrations', 'acme-test', 'nightly', { 'spec.suspend': false })
    server.remove('tenantclones', 'acme-test', 'from-acme')
    await settled(second)
    apply({ request: { id: 'one', action: 'Reset' } })
    await until(() => objectOf(status()['lastRequest'])['id'] === 'one')
    expect(server.get('scheduledintegrations', 'acme-test', 'nightly')).toMatchObject({ spec: { suspend: false } })
    server.edit('tenantclones', 'acme-test', 'from-acme', { 'spec.request': { id: 'two', action: 'Reset' } })
    await until(() => objectOf(status()['lastRequest'])['id'] === 'two')
    expect(server.get('scheduledintegrations', 'acme-test', 'nightly')).toMatchObject({ spec: { suspend: true } })
    await until(() => server.events.some(({ reason }) => reason === 'ScheduleResuspended'))
  })

  it('tells what a Reset disabled before a crash, in its status and by an event', async () => {
    server.put('clonegrants', 'acme', grant)
    source('ScheduledIntegration', 'nightly')
    apply()
    await until(isReady)
    server.edit('scheduledintegrations', 'acme-test', 'nightly', { 'spec.suspend': false })
    const isReset = () => objectOf(server.get('scheduledintegrations', 'acme-test', 'nightly')?.['spec'])['suspend'] === true
    server.meets = (exchange) => isReset() && exchange.method !== 'GET' && refused(exchange)
    server.edit('tenantclones', 'acme-test', 'from-acme', { 'spec.request': { id: 'one', action: 'Reset' } })
    await until(isReset)
    await operator.stop()
    server.meets = () => false
    operator = startOperator()
    await until(() => objectOf(status()['lastRequest'])['id'] === 'one')
    expect(status()).toMatchObject({ summary: { resuspended: 1 }, items: [{ name: 'nightly', result: 'Resuspended' }] })
    await until(() => server.events.some(({ reason }) => reason === 'ScheduleResuspended'))
  })

  it('adopts, where that is asked for, what a TenantClone has copied that is gone, and nothing of one that is there', async () => {
    server.put('clonegrants', 'acme', grant)
    source('ScheduledIntegration', 'nightly')
    for (const name of ['former', 'from-acme']) {
      server.put('tenantclones', 'acme-test', { kind: 'TenantClone', metadata: { name }, spec: { source: { namespace: 'acme' }, onConflict: 'Adopt' } })
      await until(() => objectsIn(objectOf(server.get('tenantclones', 'acme-test', name)?.['status'])['items']).length === 1)
    }
    expect(status()).toMatchObject({ items: [{ result: 'Skipped', reason: 'NotOurs', message: 'it is a copy that TenantClone former made' }] })
    server.remove('tenantclones', 'acme-test', 'former')
    server.edit('tenantclones', 'acme-test', 'from-acme', { 'spec.request': { id: 'one', action: 'Refresh' } })
    await until(() => objectOf(status()['lastRequest'])['id'] === 'one')
    expect(status()).toMatchObject({ summary: { adopted: 1 } })
    expect(server.get('scheduledintegrations', 'acme-test', 'nightly')).toMatchObject({ metadata: { labels: { 'integration-scheduler.io/clone': 'from-acme' } } })
  })

  it('waits while the API server fails, and then comes to the same end', async () => {
    server.put('clonegrants', 'acme', grant)
    for (let index = 0; index < 30; index += 1) source('ScheduledIntegration', `s-${index}`)
    let failures = 0
    server.meets = (exchange) => (failures += 1) % 3 === 0 && failures < 60 && refused(exchange)
    apply()
    await until(isReady, 30 * minute)
    expect(copies().length).toBe(30)
    expect(new Set(server.made).size).toBe(server.made.length)
  })
})

function refused(exchange: Exchange): boolean {
  exchange.refuse(503, 'ServiceUnavailable')
  return true
}

describe('five thousand objects', () => {
  it('are copied page by page through crashes of the operator, none twice and none lost', async () => {
    server.put('clonegrants', 'acme', grant)
    for (let index = 0; index < 400; index += 1) source('Integration', `i-${index}`)
    for (let index = 0; index < 100; index += 1) source('IntegrationSet', `set-${index}`)
    for (let index = 0; index < 4_500; index += 1) source('ScheduledIntegration', `s-${index}`)
    apply()
    for (const crashAt of [130, 1_777, 3_900]) {
      await until(() => server.made.length >= crashAt)
      await operator.stop()
      operator = startOperator()
    }
    await until(isReady, 60 * minute)
    expect(copies().length).toBe(5_000)
    expect([server.made.length, new Set(server.made).size]).toEqual([5_000, 5_000])
    expect(server.largestPage, 'of what is in memory at a time').toBe(250)
    expect(server.mostInFlight).toBeLessThanOrEqual(16 + 1)
    const statuses = server.writes.filter((one) => one.endsWith('/status')).length
    expect(statuses, 'one status for each page, and few besides').toBeLessThanOrEqual(23 + 5)
    expect(copyWrites().length, 'a crash costs at most one page').toBeLessThanOrEqual(5_000 + 3 * 250)
    expect(JSON.stringify(status()).length).toBeLessThan(300_000)
  })
})

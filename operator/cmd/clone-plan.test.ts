import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { JsonObject } from '../model/kubernetes.ts'
import { apiVersion } from '../model/names.ts'
import { CopyingApiServer } from '../testing/copying-api-server.ts'
import { clientOf } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { objectOf, textOf } from '../testing/json-reading.ts'
import { clonePlan } from './clone-plan.ts'
import { clonePlanText } from './clone-plan-text.ts'
import { manifestsIn } from './manifest-file.ts'
import { cloneNamed, clonesOfFile } from './planned-clones.ts'

let server: CopyingApiServer
let fake: ReturnType<typeof clientOf>

beforeEach(async () => {
  server = await CopyingApiServer.start()
  fake = clientOf(server.fake, new FakeClock())
})

afterEach(async () => {
  await fake.close()
  await server.stop()
})

function grant(kinds: readonly string[] = ['Integration', 'IntegrationSet', 'ScheduledIntegration']): void {
  server.put('clonegrants', 'acme', { apiVersion, kind: 'CloneGrant', metadata: { name: 'allow' }, spec: { to: [{ namespace: 'test' }], kinds } })
}

function integration(namespace: string, name: string, metadata: JsonObject = {}): void {
  server.put('integrations', namespace, { apiVersion, kind: 'Integration', metadata: { name, ...metadata }, spec: { container: { image: 'registry.example.com/export:1', envFrom: [{ secretRef: { name: `${name}-secret` } }] } } })
}

function schedule(namespace: string, name: string, spec: JsonObject = {}): void {
  server.put('scheduledintegrations', namespace, { apiVersion, kind: 'ScheduledIntegration', metadata: { name }, spec: { integrationRef: { name: 'export' }, schedule: { recurrence: { byDay: {} } }, ...spec } })
}

function clone(spec: JsonObject = {}): JsonObject {
  return { apiVersion, kind: 'TenantClone', metadata: { name: 'from-acme', namespace: 'test' }, spec: { source: { namespace: 'acme' }, ...spec } }
}

const documents = (...objects: readonly JsonObject[]) => manifestsIn('clone.yaml', objects.map((object) => stringify(object)).join('\n---\n'))
const ofFile = (...objects: readonly JsonObject[]) => clonesOfFile({ client: fake.client, namespace: 'test' }, documents(...objects), false)

async function planned(spec: JsonObject = {}) {
  const [one] = await ofFile(clone(spec))
  if (one === undefined) throw new Error('no clone')
  return clonePlan({ client: fake.client, clock: new FakeClock() }, one)
}

const copyOf = (name: string): JsonObject => ({
  labels: { 'integration-scheduler.io/clone': 'from-acme' },
  annotations: { 'integration-scheduler.io/source-namespace': 'acme', 'integration-scheduler.io/source-uid': textOf(objectOf(server.get('integrations', 'acme', name)?.['metadata'])['uid']) },
})

const told = ({ items }: Awaited<ReturnType<typeof planned>>) => items.map(({ kind, name, result, reason }) => [kind, name, result, ...(reason === undefined ? [] : [reason])])

describe('a plan of a clone', () => {
  test('tells of each object what would become of it, and what the copies need, and writes nothing', async () => {
    grant()
    for (const name of ['export', 'import', 'here']) integration('acme', name)
    schedule('acme', 'payroll')
    integration('test', 'here')
    const plan = await planned()
    expect(told(plan)).toEqual([
      ['Integration', 'export', 'WouldCreate'],
      ['Integration', 'here', 'Skipped', 'NotOurs'],
      ['Integration', 'import', 'WouldCreate'],
      ['ScheduledIntegration', 'payroll', 'WouldCreate'],
    ])
    expect(plan.requires.secrets).toEqual(['export-secret', 'import-secret'])
    expect(server.all('integrations', 'test')).toHaveLength(1)
    expect(server.all('scheduledintegrations', 'test')).toEqual([])
    expect(clonePlanText(plan).split('\n')).toEqual([
      'TenantClone test/from-acme of namespace acme: Clone',
      'KIND                   NAME      RESULT        WHY',
      'Integration            export    WouldCreate',
      expect.stringMatching(/^Integration {12}here {6}Skipped {7}NotOurs; an object of this name is here/),
      'Integration            import    WouldCreate',
      'ScheduledIntegration   payroll   WouldCreate',
      '1 left alone, 3 would be created',
      'the copies need, and nobody copies:',
      '  Secrets: export-secret, import-secret',
    ])
  })

  test('says what is not allowed, and reads nothing else of the source then', async () => {
    integration('acme', 'export')
    const plan = await planned()
    expect(clonePlanText(plan)).toBe('TenantClone test/from-acme of namespace acme: Clone\nnothing would be copied: no CloneGrant in namespace acme allows this')
    expect(plan.items).toEqual([])
    expect(server.asked.filter((one) => one.includes('/acme/'))).toEqual([`GET /apis/${apiVersion}/namespaces/acme/clonegrants`])
  })

  test('is of the request in the file, and of none that has been done', async () => {
    grant()
    integration('acme', 'export')
    integration('test', 'export', copyOf('export'))
    const request = { id: 'a', action: 'Refresh' }
    expect((await planned({ request })).order).toMatchObject({ action: 'Refresh', requestId: 'a', dryRun: true })
    server.put('tenantclones', 'test', { ...clone({ request }), status: { lastRequest: { id: 'a', action: 'Refresh', completionTime: '2026-12-01T00:00:00Z' } } })
    const plan = await planned({ request })
    expect(plan.order).toMatchObject({ action: 'Clone', requestId: 'a', dryRun: true })
    expect(told(plan)).toEqual([['Integration', 'export', 'Unchanged']])
    expect(clonePlanText(plan)).toContain('Clone\n1 unchanged')
    server.put('tenantclones', 'test', { ...clone({ request }), status: { lastRequest: { id: 'a', action: 'Refresh', dryRun: true, completionTime: '2026-12-01T00:00:00Z' } } })
    expect((await planned({ request: { ...request, dryRun: true } })).order).toMatchObject({ action: 'Refresh', requestId: 'a' })
  })

  test('of a TenantClone that is applied again with a request that its copies carry is of what is missing', async () => {
    grant()
    for (const name of ['export', 'import', 'new']) integration('acme', name)
    const { labels, annotations } = objectOf(copyOf('export'))
    integration('test', 'import', copyOf('import'))
    integration('test', 'export', { labels, annotations: { ...objectOf(annotations), 'integration-scheduler.io/request': 'a' } })
    const plan = await planned({ request: { id: 'a', action: 'Reset' } })
    expect(plan.order).toMatchObject({ action: 'Clone', requestId: 'a' })
    expect(told(plan)).toEqual([['Integration', 'export', 'Unchanged'], ['Integration', 'import', 'Unchanged'], ['Integration', 'new', 'WouldCreate']])
  })

  test('names copies whose source is gone, and not those that the selector leaves out', async () => {
    grant()
    integration('acme', 'kept', { labels: { team: 'a' } })
    integration('acme', 'left', { labels: { team: 'b' } })
    for (const name of ['left', 'gone']) integration('test', name, copyOf(name))
    expect(told(await planned({ source: { namespace: 'acme', selector: { matchLabels: { team: 'a' } } } }))).toEqual([
      ['Integration', 'kept', 'WouldCreate'],
      ['Integration', 'gone', 'Skipped', 'OrphanedInTarget'],
    ])
  })

  test('adopts a copy of another TenantClone only when that is gone', async () => {
    grant()
    integration('acme', 'export')
    integration('test', 'export', { ...copyOf('export'), labels: { 'integration-scheduler.io/clone': 'former' } })
    server.put('tenantclones', 'test', { ...clone(), metadata: { name: 'former' } })
    expect(told(await planned({ onConflict: 'Adopt' }))).toEqual([['Integration', 'export', 'Skipped', 'NotOurs']])
    server.remove('tenantclones', 'test', 'former')
    expect(told(await planned({ onConflict: 'Adopt' }))).toEqual([['Integration', 'export', 'WouldAdopt']])
  })

  test('of somebody who may not read the source ends with what may be done instead', async () => {
    server.meets = (exchange) => {
      if (!exchange.path.includes('/acme/')) return false
      exchange.refuse(403, 'Forbidden')
      return true
    }
    await expect(planned()).rejects.toThrow('a plan is made with your own rights, and they do not suffice: refused: Forbidden (request.dryRun: true lets the operator look instead)')
  })
})

describe('TenantClones to plan', () => {
  test('may be in the cluster', async () => {
    server.put('tenantclones', 'test', clone({ onConflict: 'Adopt' }))
    const found = await cloneNamed({ client: fake.client, namespace: 'test' }, 'from-acme')
    expect(found).toMatchObject({ namespace: 'test', name: 'from-acme', uid: 'uid-1', spec: { source: { namespace: 'acme' }, onConflict: 'Adopt' } })
    await expect(cloneNamed({ client: fake.client, namespace: 'test' }, 'nobody')).rejects.toThrow('there is no TenantClone nobody in namespace test')
  })

  test('in a file are found among other objects, and take the namespace of the command line if they name none', async () => {
    const { metadata: _metadata, ...rest } = clone()
    const found = await ofFile({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } }, { ...rest, metadata: { name: 'nameless' } }, clone())
    expect(found.map(({ namespace, name, uid }) => [namespace, name, uid])).toEqual([['test', 'nameless', ''], ['test', 'from-acme', '']])
  })

  test('in a file are told by line when something is wrong with them', async () => {
    await expect(ofFile({ ...clone(), spec: { source: {}, onConflikt: 'Skip' } })).rejects.toThrow(/clone\.yaml, line 1: spec\.onConflikt: [^]*clone\.yaml, line 1: spec\.source\.namespace/)
    await expect(ofFile({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } })).rejects.toThrow('there is no TenantClone in it')
    await expect(clonesOfFile({ client: fake.client, namespace: 'other' }, documents(clone()), true)).rejects.toThrow('clone.yaml, line 1: metadata.namespace is test, but --namespace is other')
  })
})

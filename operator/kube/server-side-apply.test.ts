import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clientOf, type Exchange, FakeApiServer } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import type { ApiClient } from './api-client.ts'
import { type ApplyResult, type ServerSideApply, serverSideApply } from './server-side-apply.ts'

const target = { resource: 'scheduledintegrations', namespace: 'acme-test', name: 'payroll' } as const
const manifest = { apiVersion: 'x/v1', kind: 'Thing', metadata: { name: 'payroll', labels: { a: 'b' } }, spec: { suspend: true } }
const live = { metadata: { name: 'payroll', uid: 'u', resourceVersion: '7' } }

let server: FakeApiServer
let client: ApiClient
let close: () => Promise<void>

beforeEach(async () => {
  server = await FakeApiServer.start()
  ;({ client, close } = clientOf(server, new FakeClock()))
})

afterEach(async () => {
  await close()
  await server.stop()
})

async function applied(answer: (exchange: Exchange) => void, different: Partial<ServerSideApply> = {}): Promise<{ readonly result: ApplyResult; readonly exchange: Exchange }> {
  const asked = serverSideApply(client, { target, manifest, upon: undefined, fieldManager: 'someone', force: false, dryRun: false, ...different })
  const exchange = await server.next()
  answer(exchange)
  return { result: await asked, exchange }
}

const ok = (resourceVersion: string) => (exchange: Exchange) => exchange.answer(200, { metadata: { ...live.metadata, resourceVersion } })

describe('an object that is missing', () => {
  it('is made in one request, which the API server refuses if there is one of that name', async () => {
    const { result, exchange } = await applied(ok('8'))
    expect(exchange).toMatchObject({
      method: 'PATCH',
      path: '/apis/integration-scheduler.io/v1alpha1/namespaces/acme-test/scheduledintegrations/payroll',
      query: { fieldManager: 'someone', force: 'false' },
      body: { ...manifest, metadata: { ...manifest.metadata, resourceVersion: '1' } },
    })
    expect(exchange.headers.get('content-type')).toBe('application/apply-patch+yaml')
    expect(result).toEqual({ kind: 'applied', isChanged: true })
  })

  it('and is there now is not merged into', async () => {
    const { result } = await applied((exchange) => exchange.refuse(409, 'Conflict', { details: { name: 'payroll' } }))
    expect(result).toEqual({ kind: 'changed' })
  })
})

describe('an object that is there', () => {
  it('is changed only in the version that was decided upon', async () => {
    const { result, exchange } = await applied(ok('8'), { upon: live, force: true, dryRun: true })
    expect(exchange.body).toEqual({ ...manifest, metadata: { ...manifest.metadata, uid: 'u', resourceVersion: '7' } })
    expect(exchange.query).toMatchObject({ force: 'true', dryRun: 'All' })
    expect(result).toEqual({ kind: 'applied', isChanged: true })
  })

  it('can be prepared first, which is what the rest then goes upon', async () => {
    const asked = serverSideApply(client, { target, manifest, upon: live, before: { patch: [{ op: 'remove', path: '/metadata/labels' }], back: [] }, fieldManager: 'someone', force: true, dryRun: false })
    const first = await server.next()
    first.answer(200, { metadata: { ...live.metadata, resourceVersion: '8' } })
    const second = await server.next()
    second.answer(200, { metadata: { ...live.metadata, resourceVersion: '8' } })
    expect(first).toMatchObject({ query: { fieldManager: 'someone' }, body: [{ path: '/metadata/resourceVersion', value: '7' }, { path: '/metadata/uid', value: 'u' }, { op: 'remove', path: '/metadata/labels' }] })
    expect(second.body).toMatchObject({ metadata: { uid: 'u', resourceVersion: '8' } })
    expect(await asked).toEqual({ kind: 'applied', isChanged: false })
  })

  it.each<[string, (exchange: Exchange) => void, (exchange: Exchange) => void, object]>([
    ['refused', (one) => one.refuse(422, 'Invalid'), ok('9'), { kind: 'refused' }],
    ['changed by somebody meanwhile, who is left alone', (one) => one.refuse(409, 'Conflict'), (one) => one.refuse(409, 'Conflict'), { kind: 'changed' }],
    ['put off', (one) => one.refuse(429, 'TooManyRequests'), ok('9'), { code: 429 }],
  ])('and was prepared is put back, upon the version that this made, when it is %s', async (_, answer, answerBack, want) => {
    const before = { patch: [{ op: 'remove', path: '/metadata/labels' }], back: [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }] } as const
    const asked = serverSideApply(client, { target, manifest, upon: live, before, fieldManager: 'someone', force: true, dryRun: false }).catch((error: unknown) => error)
    ok('8')(await server.next())
    answer(await server.next())
    const back = await server.next()
    answerBack(back)
    expect(back).toMatchObject({ query: { fieldManager: 'someone' }, body: [{ path: '/metadata/resourceVersion', value: '8' }, { path: '/metadata/uid', value: 'u' }, before.back[0]] })
    expect(await asked).toMatchObject(want)
  })

  it('and was as it should be is not changed', async () => {
    expect((await applied(ok('7'), { upon: live })).result).toEqual({ kind: 'applied', isChanged: false })
  })

  it('and has fields of others tells which', async () => {
    const causes = [
      { reason: 'FieldManagerConflict', field: '.spec.suspend', message: 'conflict with "kubectl-edit"' },
      { reason: 'FieldManagerConflict', field: '.spec.parameters[name="a"].value', message: 'conflict with "kubectl-edit"' },
    ]
    const { result } = await applied((exchange) => exchange.refuse(409, 'Conflict', { details: { causes } }), { upon: live })
    expect(result).toEqual({ kind: 'conflict', fields: ['.spec.suspend', '.spec.parameters[name="a"].value'] })
  })
})

describe('a refusal', () => {
  const invalid = { causes: [{ reason: 'FieldValueInvalid', field: 'spec.timeZone', message: 'Invalid value: "s3cret": must be a zone' }] }
  it.each<[string, (exchange: Exchange) => void, object]>([
    ['of an invalid object names the field, not the value', (one) => one.refuse(422, 'Invalid', { details: invalid }), { isTooLarge: false, message: 'spec.timeZone: Invalid value: must be a zone' }],
    ['that is nothing but words of the server about the object says nothing', (one) => one.refuse(400, 'BadRequest'), { isTooLarge: false, message: undefined }],
    ['for want of a right or a quota says so', (one) => one.refuse(403, 'Forbidden'), { isTooLarge: false, message: 'refused: Forbidden' }],
    ['of what is too large is told from others', (one) => one.refuse(413, 'RequestEntityTooLarge'), { isTooLarge: true, message: undefined }],
  ])('%s', async (_, answer, want) => {
    expect((await applied(answer)).result).toEqual({ kind: 'refused', ...want })
  })

  it('of a server that fails at this object is neither final nor about the others', async () => {
    expect((await applied((one) => one.refuse(500, 'InternalError'))).result).toMatchObject({ kind: 'internal', failure: { code: 500 } })
  })

  it.each<[string, (exchange: Exchange) => void, object]>([
    ['of a server that has too much to do', (one) => one.refuse(429, 'TooManyRequests'), { code: 429 }],
    ['of a server that asks for time', (one) => one.refuse(500, 'ServerTimeout', { details: { retryAfterSeconds: 2 } }), { code: 500 }],
    ['of a server that starts', (one) => one.refuse(503, 'ServiceUnavailable'), { code: 503 }],
    ['of all that would be made in a namespace that is going', (one) => one.refuse(403, 'Forbidden', { details: { causes: [{ reason: 'NamespaceTerminating', field: '', message: '' }] } }), { code: 403 }],
    ['without an answer', (one) => one.reset(), { kind: 'network' }],
  ])('%s concerns all objects', async (_, answer, want) => {
    await expect(applied(answer)).rejects.toMatchObject(want)
  })
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clientOf, FakeApiServer, statusOf } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import type { ApiClient } from './api-client.ts'
import { readObject, readPage } from './raw-objects.ts'

const list = { resource: 'integrations', namespace: 'acme', limit: 2 } as const
const path = '/apis/integration-scheduler.io/v1alpha1/namespaces/acme/integrations'
const items = [{ metadata: { name: 'a', managedFields: [] }, unknownToUs: 1 }]

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

describe('a page', () => {
  it('has the objects as the API server has them, and says where the next one begins', async () => {
    const asked = readPage(client, { ...list, labelSelector: 'a=b', from: '' })
    const exchange = await server.next()
    exchange.list('7', items, 'there')
    expect(exchange).toMatchObject({ method: 'GET', path, query: { limit: '2', labelSelector: 'a=b' } })
    expect(exchange.query).not.toHaveProperty('resourceVersion')
    expect(await asked).toEqual({ items, next: 'there' })
  })

  it('that is the last has none after it', async () => {
    const asked = readPage(client, { ...list, from: 'there' })
    const exchange = await server.next()
    exchange.list('7', items)
    expect(exchange.query).toEqual({ limit: '2', continue: 'there' })
    expect(await asked).toEqual({ items, next: undefined })
  })

  it('of a list that has expired is read from what is there by now', async () => {
    const asked = readPage(client, { ...list, from: 'old' })
    ;(await server.next()).answer(410, { ...statusOf(410, 'Expired'), metadata: { continue: 'new' } })
    const exchange = await server.next()
    exchange.list('9', items, 'next')
    expect(exchange.query).toEqual({ limit: '2', continue: 'new' })
    expect(await asked).toEqual({ items, next: 'next' })
  })

  it('of a list that has expired without a trace is the first one again', async () => {
    const asked = readPage(client, { ...list, from: 'old' })
    ;(await server.next()).refuse(410, 'Expired')
    const exchange = await server.next()
    exchange.list('9', items)
    expect(exchange.query).toEqual({ limit: '2' })
    expect(await asked).toEqual({ items, next: undefined })
  })
})

describe('an object', () => {
  const target = { resource: 'integrations', namespace: 'acme', name: 'a' } as const

  it('is read as the API server has it', async () => {
    const asked = readObject(client, target)
    ;(await server.next()).answer(200, { unknownToUs: 1 })
    expect(await asked).toEqual({ unknownToUs: 1 })
  })

  it('is missing only when the API server says so of this very one', async () => {
    const asked = readObject(client, target)
    ;(await server.next()).refuse(404, 'NotFound', { details: { name: 'a' } })
    expect(await asked).toBeUndefined()
    const strange = readObject(client, target)
    ;(await server.next()).refuse(404, 'NotFound')
    await expect(strange).rejects.toMatchObject({ code: 404 })
  })
})

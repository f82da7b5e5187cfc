import { KubeConfig } from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clientOf, FakeApiServer, statusOf } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createApiClient, type ApiCall, type ApiClient } from './api-client.ts'
import { createConnection } from './connection.ts'

const job = { resource: 'jobs', namespace: 'acme', name: 'a' } as const

let server: FakeApiServer
let clock: FakeClock
let client: ApiClient
let calls: ApiCall[]
let close: () => Promise<void>

beforeEach(async () => {
  server = await FakeApiServer.start()
  clock = new FakeClock()
  ;({ client, calls, close } = clientOf(server, clock))
})

afterEach(async () => {
  await close()
  await server.stop()
})

describe('a request', () => {
  it('names the field manager of a write, and makes the server give up before the client does', async () => {
    const value = { spec: { suspend: true } }
    const asked = client.request({ verb: 'patch', target: { ...job, subresource: 'status' }, body: { type: 'application/merge-patch+json', value } })
    const exchange = await server.next()
    exchange.answer(200, { kind: 'Job' })
    expect(await asked).toEqual({ code: 200, body: { kind: 'Job' } })
    expect(exchange).toMatchObject({
      method: 'PATCH',
      path: '/apis/batch/v1/namespaces/acme/jobs/a/status',
      query: { fieldManager: 'integration-scheduler', timeout: '29s' },
      body: value,
    })
    expect(Object.fromEntries(exchange.headers)).toMatchObject({
      authorization: 'Bearer secret',
      'content-type': 'application/merge-patch+json',
      'user-agent': 'test/1',
      accept: 'application/json',
    })
  })

  it('that applies can name another field manager, and sends what YAML would not read as JSON does as escapes', async () => {
    const value = { text: 'a\u0085b\u2028c\u007fd "é\n😀"' }
    const query = { fieldManager: 'integration-scheduler-clone', force: 'false' }
    const asked = client.request({ verb: 'patch', target: job, query, body: { type: 'application/apply-patch+yaml', value } })
    const exchange = await server.next()
    exchange.answer(201, {})
    expect(await asked).toMatchObject({ code: 201 })
    expect(exchange).toMatchObject({ method: 'PATCH', query: { fieldManager: 'integration-scheduler-clone', force: 'false', timeout: '29s' }, body: value })
    expect(exchange.text).toBe(String.raw`{"text":"a\u0085b\u2028c\u007fd \"é\n😀\""}`)
  })

  it('keeps its connection for those that follow', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const asked = client.request({ verb: 'get', target: job })
      ;(await server.next()).answer(200, {})
      await asked
    }
    // One may still be finishing when the next request goes out.
    expect(server.connections).toBeLessThanOrEqual(2)
  })

  it('that is refused says the reason, the causes, the object and how long to wait', async () => {
    const asked = client.request({ verb: 'create', target: { resource: 'jobs', namespace: 'acme' } })
    const causes = [{ reason: 'FieldValueInvalid', field: 'spec.x', message: 'Invalid value' }]
    ;(await server.next()).refuse(422, 'Invalid', { details: { name: 'a', causes, retryAfterSeconds: 3 } })
    await expect(asked).rejects.toMatchObject({ kind: 'status', code: 422, reason: 'Invalid', objectName: 'a', causes, retryAfter: 3_000 })
  })

  it('for the next page of a list that has expired says where to go on', async () => {
    const asked = client.request({ verb: 'list', target: { resource: 'jobs' }, query: { continue: 'old' } })
    ;(await server.next()).answer(410, { ...statusOf(410, 'Expired'), metadata: { continue: 'new' } })
    await expect(asked).rejects.toMatchObject({ code: 410, reason: 'Expired', continuation: 'new' })
  })

  it.each([
    ['7', 7_000],
    ['86400', 600_000],
    ['0', undefined],
    ['Thu, 01 Jan 2026 00:00:00 GMT', undefined],
  ])('that is refused with "Retry-After: %s" asks to wait %s ms', async (header, retryAfter) => {
    const asked = client.request({ verb: 'get', target: job })
    ;(await server.next()).refuse(429, 'TooManyRequests', { headers: { 'Retry-After': header } })
    await expect(asked).rejects.toMatchObject({ code: 429, retryAfter })
  })

  it('that is refused by something that is no API server has no reason', async () => {
    const asked = client.request({ verb: 'get', target: job })
    ;(await server.next()).raw('HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n404 page not found')
    await expect(asked).rejects.toMatchObject({ kind: 'status', code: 404, reason: '' })
  })

  it('fails by the network when the connection is reset before an answer', async () => {
    const asked = client.request({ verb: 'get', target: job })
    ;(await server.next()).reset()
    await expect(asked).rejects.toMatchObject({ name: 'ApiFailure', kind: 'network', code: 0 })
  })

  it('fails by the network when its answer is cut off', async () => {
    const asked = client.request({ verb: 'get', target: job })
    const exchange = await server.next()
    exchange.raw('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"kind":')
    exchange.close()
    await expect(asked).rejects.toMatchObject({ kind: 'network' })
  })

  it('fails by the network when nobody listens', async () => {
    await server.stop()
    await expect(client.request({ verb: 'get', target: job })).rejects.toMatchObject({ kind: 'network' })
    server = await FakeApiServer.start()
  })

  it.each(['{"kind":', '[]', 'null', ''])('fails as malformed when a success has the body %j', async (body) => {
    const asked = client.request({ verb: 'get', target: job })
    ;(await server.next()).raw(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    await expect(asked).rejects.toMatchObject({ kind: 'malformed' })
  })

  it('fails by timeout when no answer begins in time, and lets the connection go', async () => {
    const asked = client.request({ verb: 'get', target: job, timeout: 5_000 })
    const exchange = await server.next()
    clock.advance(4_999)
    clock.advance(1)
    await expect(asked).rejects.toMatchObject({ kind: 'timeout' })
    await exchange.closed
    expect(clock.timers).toEqual([])
  })

  it('fails by timeout when its answer does not end in time', async () => {
    const asked = client.request({ verb: 'get', target: job })
    const exchange = await server.next()
    exchange.raw('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"kind":')
    clock.advance(30_000)
    await expect(asked).rejects.toMatchObject({ kind: 'timeout' })
  })

  it('ends when it is aborted', async () => {
    const abort = new AbortController()
    const asked = client.request({ verb: 'list', target: { resource: 'jobs' }, signal: abort.signal })
    const exchange = await server.next()
    abort.abort()
    await expect(asked).rejects.toMatchObject({ kind: 'network' })
    await exchange.closed
  })

  it('is counted by verb, resource and what came of it', async () => {
    const ended = Promise.allSettled([
      client.request({ verb: 'get', target: job }),
      client.request({ verb: 'create', target: { resource: 'cronjobs', namespace: 'acme' } }),
      client.request({ verb: 'list', target: { resource: 'leases' } }),
    ])
    ;(await server.next(({ path }) => path.endsWith('/jobs/a'))).answer(200, {})
    ;(await server.next(({ method }) => method === 'POST')).refuse(409, 'AlreadyExists')
    ;(await server.next()).reset()
    await ended
    expect(calls.toSorted((one, other) => one.verb.localeCompare(other.verb))).toEqual([
      { verb: 'create', resource: 'cronjobs', code: '409' },
      { verb: 'get', resource: 'jobs', code: '200' },
      { verb: 'list', resource: 'leases', code: 'network' },
    ])
  })

  it('waits for its turn while everything fails, watches too, and no longer than its own timeout', async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      const asked = client.request({ verb: 'get', target: job })
      ;(await server.next()).reset()
      await asked.catch(() => undefined)
    }
    const abort = new AbortController()
    const watching = client.watch({ target: { resource: 'jobs' }, query: {}, signal: abort.signal }).catch((error: unknown) => error)
    const impatient = client.request({ verb: 'get', target: job, timeout: 100 })
    await clock.timer((delay) => delay === 250)
    clock.advance(100)
    await expect(impatient).rejects.toMatchObject({ kind: 'timeout' })
    expect(server.unexpected).toEqual([])
    clock.advance(150)
    expect((await server.next()).isWatch).toBe(true)
    abort.abort()
    await watching
    expect(clock.timers).toEqual([])
  })

  it('waits for a free connection when 32 are in use', async () => {
    const asked = Array.from({ length: 40 }, () => client.request({ verb: 'get', target: job }))
    const first = []
    for (let turn = 0; turn < 32; turn += 1) first.push(await server.next())
    expect(server.openSockets).toBe(32)
    expect(server.unexpected).toEqual([])
    for (const exchange of first) exchange.answer(200, {})
    for (let turn = 0; turn < 8; turn += 1) (await server.next()).answer(200, {})
    await Promise.all(asked)
    expect(server.openSockets).toBe(32)
  })
})

describe('credentials', () => {
  function withTokens(tokens: () => Promise<string>, cert?: () => string): ApiClient {
    const kubeConfig = new KubeConfig()
    kubeConfig.addAuthenticator({
      isAuthProvider: () => true,
      applyAuthentication: async (_, options) => {
        options.headers = { Authorization: `Bearer ${await tokens()}\n` }
        if (cert !== undefined) options.cert = cert()
      },
    })
    kubeConfig.loadFromClusterAndUser({ name: 'fake', server: `${server.url}/below/`, skipTLSVerify: true }, { name: 'user' })
    const connection = createConnection(kubeConfig, clock)
    const closeBoth = close
    close = async () => {
      await connection.close()
      await closeBoth()
    }
    return createApiClient({ connection, clock, userAgent: 'test/1', observed: () => undefined })
  }

  async function tokenOf(client: ApiClient, code = 200): Promise<string | undefined> {
    const asked = client.request({ verb: 'get', target: job })
    const exchange = await server.next()
    exchange.answer(code, {})
    await asked.catch(() => undefined)
    return exchange.headers.get('authorization')
  }

  it('are read again after ten seconds, not for every request', async () => {
    let reads = 0
    const client = withTokens(() => Promise.resolve(String((reads += 1))))
    expect(await tokenOf(client)).toBe('Bearer 1')
    clock.advance(9_999)
    expect(await tokenOf(client)).toBe('Bearer 1')
    clock.advance(1)
    expect(await tokenOf(client)).toBe('Bearer 2')
  })

  it('leave the connections as they are unless a certificate has changed', async () => {
    let certificate = 'one'
    const client = withTokens(
      () => Promise.resolve('x'),
      () => certificate,
    )
    for (let turn = 0; turn < 5; turn += 1) {
      await tokenOf(client)
      clock.advance(10_000)
    }
    expect(server.connections).toBeLessThanOrEqual(2)
    const before = server.connections
    certificate = 'two'
    await tokenOf(client)
    expect(server.connections).toBe(before + 1)
  })

  it('are read again at once after they were not accepted', async () => {
    let reads = 0
    const client = withTokens(() => Promise.resolve(String((reads += 1))))
    expect(await tokenOf(client, 401)).toBe('Bearer 1')
    expect(await tokenOf(client)).toBe('Bearer 2')
  })

  it('that cannot be read are a failure of this request, not of the next', async () => {
    const results = [Promise.reject(new Error('no such file')), Promise.resolve('good')]
    const client = withTokens(() => results.shift() ?? Promise.resolve('good'))
    await expect(client.request({ verb: 'get', target: job })).rejects.toMatchObject({ kind: 'network' })
    expect(await tokenOf(client)).toBe('Bearer good')
  })

  it('that are never read end in a timeout', async () => {
    const client = withTokens(() => new Promise(() => undefined))
    const asked = client.request({ verb: 'get', target: job })
    clock.advance(30_000)
    await expect(asked).rejects.toMatchObject({ kind: 'timeout' })
  })

  it('are used for a server that is reached below a path', async () => {
    const client = withTokens(() => Promise.resolve('x'))
    const asked = client.request({ verb: 'get', target: job })
    const exchange = await server.next()
    exchange.answer(200, {})
    await asked
    expect(exchange.path).toBe('/below/apis/batch/v1/namespaces/acme/jobs/a')
  })
})

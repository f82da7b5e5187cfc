import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Agent, type Dispatcher, request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeApiServer, statusOf } from './fake-api-server.ts'
import { FakeClock } from './fake-clock.ts'
import { FaultProxy } from './fault-proxy.ts'
import { type FaultPlan, faultPlan } from './fault-proxy-plan.ts'

const jobs = '/apis/batch/v1/namespaces/acme/jobs'
const cronJobs = '/apis/batch/v1/namespaces/acme/cronjobs'
const object = { kind: 'Job', metadata: { name: 'a' } }

let server: FakeApiServer
let clock: FakeClock
let proxy: FaultProxy
let agent: Agent
let url: string
let crashes: string[]

beforeEach(async () => {
  server = await FakeApiServer.start()
  clock = new FakeClock(1_000)
  proxy = new FaultProxy({ upstream: { origin: server.url }, clock })
  agent = new Agent({ allowH2: false })
  crashes = []
  url = await proxy.listen({ name: 'one', crash: () => crashes.push('one') })
})

afterEach(async () => {
  await agent.destroy()
  await proxy.stop()
  await server.stop()
})

function use(...rules: FaultPlan['rules']): void {
  proxy.use(faultPlan.parse({ rules }).rules)
}

interface Asked {
  readonly method?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

function ask(path: string, { method = 'GET', body, headers = {} }: Asked = {}): Promise<Dispatcher.ResponseData> {
  return request(`${url}${path}`, { method, body: body ?? null, headers, dispatcher: agent })
}

async function codeOf(asked: Promise<Dispatcher.ResponseData>): Promise<number> {
  const { statusCode, body } = await asked
  await body.dump()
  return statusCode
}

/** Passes a request through, both sides of it. */
async function passed(path: string, answer = { code: 200, body: object }): Promise<unknown> {
  const asked = ask(path)
  ;(await server.next()).answer(answer.code, answer.body)
  return (await asked).body.json()
}

/** Whether something has happened once all that was under way on sockets is done. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let isDone = false
  void promise.then(() => (isDone = true), () => (isDone = true))
  // A request that goes all the way and back: what was sent before it has arrived by then.
  const probe = ask('/version')
  ;(await server.next(({ path }) => path === '/version')).answer(200, object)
  await (await probe).body.dump()
  await setImmediate()
  return isDone
}

describe('without a rule', () => {
  it('a request and its answer go through as they are, credentials included', async () => {
    const asked = ask(`${jobs}/a/status?fieldManager=x`, { method: 'PATCH', body: '{"x":1}', headers: { authorization: 'Bearer secret', 'content-type': 'application/merge-patch+json' } })
    const exchange = await server.next()
    expect(exchange).toMatchObject({ method: 'PATCH', path: `${jobs}/a/status`, query: { fieldManager: 'x' }, body: { x: 1 } })
    expect(Object.fromEntries(exchange.headers)).toMatchObject({ authorization: 'Bearer secret', 'content-type': 'application/merge-patch+json' })
    exchange.refuse(409, 'Conflict', { headers: { 'Retry-After': '3' } })
    const answer = await asked
    expect(answer).toMatchObject({ statusCode: 409, headers: { 'retry-after': '3', 'content-type': 'application/json' } })
    expect(await answer.body.json()).toMatchObject({ reason: 'Conflict' })
  })

  it('a watch is shown piece by piece, and ends with either side', async () => {
    const { watch, exchange, next } = await openWatch()
    for (const version of ['1', '2']) {
      exchange.event('ADDED', { metadata: { resourceVersion: version } })
      expect(await next()).toContain(`"${version}"`)
    }
    exchange.end()
    expect(await next()).toBeUndefined()
    const other = await openWatch()
    watch.body.destroy()
    other.watch.body.destroy()
    await other.exchange.closed
  })

  it('a broken connection to the API server is a broken connection to the client', async () => {
    const asked = ask(jobs)
    ;(await server.next()).reset()
    await expect(asked).rejects.toThrow(/socket|ECONNRESET/)
    const { exchange, next } = await openWatch()
    exchange.event('ADDED', object)
    await next()
    exchange.reset()
    await expect(next()).rejects.toThrow(/terminated|socket|ECONNRESET|aborted/)
  })

  it('a client of one namespace lists and watches that one, and asks for everything else as it is', async () => {
    url = await proxy.listen({ name: 'tenant', onlyNamespace: 'acme' })
    const paths = [
      ['/apis/batch/v1/cronjobs?limit=500', '/apis/batch/v1/namespaces/acme/cronjobs'],
      ['/apis/batch/v1/namespaces/other/jobs', '/apis/batch/v1/namespaces/other/jobs'],
      ['/api/v1/namespaces', '/api/v1/namespaces'],
      ['/apis/integration-scheduler.io/v1alpha1/clonegrants', '/apis/integration-scheduler.io/v1alpha1/clonegrants'],
      ['/api/v1/namespaces/other', '/api/v1/namespaces/other'],
      ['/apis/coordination.k8s.io/v1/namespaces/other/leases/a', '/apis/coordination.k8s.io/v1/namespaces/other/leases/a'],
      ['/version', '/version'],
    ] as const
    for (const [path, wanted] of paths) {
      const asked = ask(path)
      const exchange = await server.next()
      expect(exchange.path).toBe(wanted)
      expect(exchange.query).toEqual(path.includes('limit') ? { limit: '500' } : {})
      exchange.answer(200, object)
      await codeOf(asked)
    }
  })
})

async function openWatch(): Promise<{ watch: Dispatcher.ResponseData; exchange: Awaited<ReturnType<FakeApiServer['next']>>; next: () => Promise<string | undefined> }> {
  const asked = ask(`${jobs}?watch=true`)
  const exchange = await server.next(({ isWatch }) => isWatch)
  exchange.open()
  const watch = await asked
  const pieces = watch.body[Symbol.asyncIterator]()
  const next = async (): Promise<string | undefined> => {
    const { done, value }: IteratorResult<Buffer, unknown> = await pieces.next()
    return done === true ? undefined : value.toString('utf8')
  }
  return { watch, exchange, next }
}

describe('a rule', () => {
  it('matches by client, verb, resource with subresource, namespace and object, all of them', async () => {
    const match = { client: 'one', verb: 'write', resource: 'jobs/status', namespace: 'acme', object: 'a' } as const
    use({ name: 'x', ...match, fault: { kind: 'answer', code: 500 } })
    expect(await codeOf(ask(`${jobs}/a/status`, { method: 'PATCH' }))).toBe(500)
    const other = await proxy.listen({ name: 'two' })
    const others = [
      [url, `${jobs}/a`, 'PATCH'],
      [url, `${jobs}/a/status`, 'GET'],
      [url, `${jobs}/b/status`, 'PUT'],
      [url, '/apis/batch/v1/namespaces/other/jobs/a/status', 'PATCH'],
      [other, `${jobs}/a/status`, 'PATCH'],
    ] as const
    for (const [from, path, method] of others) {
      const asked = request(`${from}${path}`, { method, dispatcher: agent })
      ;(await server.next()).answer(200, object)
      expect(await codeOf(asked)).toBe(200)
    }
    expect(proxy.struck('x')).toBe(1)
  })

  it('knows the name of what is created from what is sent', async () => {
    use({ name: 'x', verb: 'create', object: 'a', fault: { kind: 'answer', code: 503 } })
    expect(await codeOf(ask(jobs, { method: 'POST', body: JSON.stringify(object) }))).toBe(503)
    const asked = ask(jobs, { method: 'POST', body: 'not json' })
    ;(await server.next()).answer(201, object)
    expect(await codeOf(asked)).toBe(201)
  })

  it('strikes from the n-th request on that it matches, as often as it says', async () => {
    use({ name: 'x', verb: 'get', nth: 2, times: 2, fault: { kind: 'answer', code: 500 } })
    const codes: number[] = []
    for (let turn = 0; turn < 5; turn += 1) {
      const asked = ask(`${jobs}/a`)
      if (turn === 1 || turn === 2) codes.push(await codeOf(asked))
      else {
        ;(await server.next()).answer(200, object)
        codes.push(await codeOf(asked))
      }
    }
    expect(codes).toEqual([200, 500, 500, 200, 200])
    expect(proxy.struck('x')).toBe(2)
  })

  it('goes before those that follow it, which count what they match all the same', async () => {
    use({ name: 'first', times: 1, fault: { kind: 'answer', code: 500 } }, { name: 'second', nth: 2, fault: { kind: 'answer', code: 503 } })
    expect([await codeOf(ask(jobs)), await codeOf(ask(jobs))]).toEqual([500, 503])
  })

  it('that stays in force when others come goes on counting', async () => {
    const [once] = faultPlan.parse({ rules: [{ name: 'once', times: 1, fault: { kind: 'answer', code: 500 } }] }).rules
    const rest = faultPlan.parse({ rules: [{ name: 'rest', fault: { kind: 'answer', code: 503 } }] }).rules
    proxy.use(once === undefined ? [] : [once])
    expect(await codeOf(ask(jobs))).toBe(500)
    proxy.use(once === undefined ? [] : [once, ...rest])
    expect(await codeOf(ask(jobs))).toBe(503)
    proxy.use([])
    expect(await passed(jobs)).toEqual(object)
  })

  it('with a word that nobody knows is refused', () => {
    expect(() => faultPlan.parse({ rules: [{ name: 'x', resourcee: 'jobs', fault: { kind: 'reset' } }] })).toThrow(/resourcee/)
    expect(() => faultPlan.parse({ rules: [{ name: 'x', fault: { kind: 'explode' } }] })).toThrow(/kind/)
  })
})

describe('a fault', () => {
  it('answer: a status as the API server words it, with Retry-After, and the API server is not asked', async () => {
    use({ name: 'x', fault: { kind: 'answer', code: 429, retryAfter: 7 } })
    const answer = await ask(jobs)
    expect(answer).toMatchObject({ statusCode: 429, headers: { 'retry-after': '7' } })
    expect(await answer.body.json()).toMatchObject({ kind: 'Status', code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 7 } })
    expect(server.unexpected).toEqual([])
  })

  it('reset: the connection breaks, and the API server is not asked', async () => {
    use({ name: 'x', fault: { kind: 'reset' } })
    await expect(ask(jobs)).rejects.toThrow(/socket|ECONNRESET/)
    expect(server.unexpected).toEqual([])
  })

  it('loseAnswer: the API server carries it out, then the connection breaks', async () => {
    use({ name: 'x', verb: 'create', fault: { kind: 'loseAnswer' } })
    const asked = ask(jobs, { method: 'POST', body: JSON.stringify(object) })
    const exchange = await server.next()
    expect(exchange.body).toEqual(object)
    exchange.answer(201, object)
    await expect(asked).rejects.toThrow(/socket|ECONNRESET/)
    expect(proxy.trace).toMatchObject([{ verb: 'create', code: 0, serverCode: 201, rule: 'x' }])
  })

  it('crash before: the client is killed, the API server not asked, and there never is an answer', async () => {
    use({ name: 'x', verb: 'write', times: 1, fault: { kind: 'crash', when: 'before' } })
    const asked = ask(jobs, { method: 'POST', body: JSON.stringify(object) })
    asked.catch(() => undefined)
    expect(await isSettled(asked)).toBe(false)
    expect(crashes).toEqual(['one'])
    expect(server.unexpected).toEqual([])
    expect(proxy.struck('x')).toBe(1)
  })

  it('crash after: the API server carries it out, then the client is killed and gets no answer', async () => {
    use({ name: 'x', verb: 'write', times: 1, fault: { kind: 'crash', when: 'after' } })
    const asked = ask(jobs, { method: 'POST', body: JSON.stringify(object) })
    asked.catch(() => undefined)
    const exchange = await server.next()
    expect(crashes).toEqual([])
    exchange.answer(201, object)
    expect(await isSettled(asked)).toBe(false)
    expect(crashes).toEqual(['one'])
    expect(proxy.trace[0]).toMatchObject({ code: 0, serverCode: 201 })
  })

  it('delay: the request reaches the API server later, even if the client no longer waits', async () => {
    use({ name: 'x', verb: 'create', fault: { kind: 'delay', request: 5 } })
    const abort = new AbortController()
    const asked = request(`${url}${jobs}`, { method: 'POST', body: JSON.stringify(object), dispatcher: agent, signal: abort.signal })
    expect(await clock.timer()).toBe(5_000)
    expect(server.unexpected).toEqual([])
    abort.abort()
    await expect(asked).rejects.toThrow(/abort/i)
    clock.advance(5_000)
    const exchange = await server.next()
    expect(exchange.body).toEqual(object)
    exchange.answer(201, object)
  })

  it('delay: or its answer comes later', async () => {
    use({ name: 'x', verb: 'get', fault: { kind: 'delay', answer: 5 } })
    const asked = ask(`${jobs}/a`)
    ;(await server.next()).answer(200, object)
    expect(await clock.timer()).toBe(5_000)
    expect(await isSettled(asked)).toBe(false)
    clock.advance(5_000)
    expect(await codeOf(asked)).toBe(200)
  })

  it('silence: nothing is asked nor answered, and open watches show nothing more until it is over', async () => {
    const { exchange, next } = await openWatch()
    use({ name: 'x', namespace: 'acme', fault: { kind: 'silence' } })
    const asked = ask(jobs)
    asked.catch(() => undefined)
    const shown = next()
    exchange.event('ADDED', { metadata: { resourceVersion: '1' } })
    expect(await isSettled(Promise.race([asked, shown]))).toBe(false)
    expect(server.unexpected).toEqual([])
    proxy.use([])
    expect(await shown).toContain('"1"')
  })

  it('replay: a list is answered with what the latest one that was passed on had been answered', async () => {
    use({ name: 'x', verb: 'list', resource: 'jobs', nth: 3, times: 1, fault: { kind: 'replay' } })
    const list = (version: string) => ({ code: 200, body: { kind: 'List', metadata: { name: version } } })
    await passed(jobs, list('1'))
    await passed(jobs, list('2'))
    await passed(cronJobs, list('other'))
    expect(await (await ask(jobs)).body.json()).toEqual(list('2').body)
    expect(await passed(jobs, list('4'))).toEqual(list('4').body)
  })

  it('replay: of nothing recorded, or of a refusal, passes on', async () => {
    use({ name: 'x', verb: 'list', fault: { kind: 'replay' } })
    await passed(jobs, { code: 500, body: { kind: 'Status', metadata: { name: 'refused' } } })
    expect(await passed(jobs)).toEqual(object)
  })

  it('hold: what a watch shows comes later by so much, in order, also in one that is open already', async () => {
    const { exchange, next } = await openWatch()
    use({ name: 'x', verb: 'watch', resource: 'jobs', fault: { kind: 'hold', seconds: 40 } })
    exchange.write('first ')
    expect(await clock.timer()).toBe(40_000)
    clock.advance(10_000)
    exchange.write('second ')
    const shown = next()
    expect(await isSettled(shown)).toBe(false)
    clock.advance(30_000)
    expect(await shown).toBe('first ')
    const later = next()
    expect(await isSettled(later)).toBe(false)
    clock.advance(10_000)
    expect(await later).toBe('second ')
  })

  it('hold: without a time until the rule is gone; and the end of a watch is held as well', async () => {
    use({ name: 'x', verb: 'watch', fault: { kind: 'hold' } })
    const { exchange, next } = await openWatch()
    exchange.write('first')
    exchange.end()
    const shown = next()
    expect(await isSettled(shown)).toBe(false)
    expect(clock.timers).toEqual([])
    proxy.use([])
    expect(await shown).toBe('first')
    expect(await next()).toBeUndefined()
  })

  it('endWatch: a watch ends as the API server ends it, and the API server is told', async () => {
    use({ name: 'x', verb: 'watch', fault: { kind: 'endWatch', after: 1 } })
    const { exchange, next } = await openWatch()
    exchange.write('first')
    expect(await next()).toBe('first')
    clock.advance(1_000)
    expect(await next()).toBeUndefined()
    await exchange.closed
  })
})

it('open watches of a resource, or all, end when the test wants it', async () => {
  const { next } = await openWatch()
  const ended = next()
  proxy.endWatches('cronjobs')
  expect(await isSettled(ended)).toBe(false)
  proxy.endWatches('jobs')
  expect(await ended).toBeUndefined()
})

it('the trace tells of a watch that the API server refused within its answer', async () => {
  const { exchange, next } = await openWatch()
  expect(proxy.trace).toMatchObject([{ verb: 'watch', code: 200, serverCode: 200 }])
  exchange.event('ERROR', statusOf(410, 'Expired'))
  expect(await next()).toContain('Expired')
  expect(proxy.trace).toMatchObject([{ verb: 'watch', code: 200, serverCode: 410 }])
})

it('the trace tells of each request who asked what, when, the answers, and which rule struck, also in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trace-'))
  const traceFile = join(folder, 'trace.jsonl')
  const traced = new FaultProxy({ upstream: { origin: server.url }, clock, traceFile })
  try {
    url = await traced.listen({ name: 'two' })
    traced.use(faultPlan.parse({ rules: [{ name: 'x', verb: 'patch', fault: { kind: 'answer', code: 500 } }] }).rules)
    const asked = ask(`${jobs}/a`)
    ;(await server.next()).answer(404, statusOf(404, 'NotFound'))
    await codeOf(asked)
    clock.advance(500)
    await codeOf(ask(`${jobs}/a/status`, { method: 'PATCH' }))
    const wanted = [
      { at: 1_000, client: 'two', verb: 'get', resource: 'jobs', namespace: 'acme', name: 'a', code: 404, serverCode: 404 },
      { at: 1_500, client: 'two', verb: 'patch', resource: 'jobs/status', namespace: 'acme', name: 'a', code: 500, serverCode: 0, rule: 'x' },
    ]
    expect(traced.trace).toEqual(wanted)
    const lines = (await readFile(traceFile, 'utf8')).trimEnd().split('\n').map((line): unknown => JSON.parse(line))
    expect(lines).toEqual(wanted)
  } finally {
    await traced.stop()
    await rm(folder, { recursive: true })
  }
})

it('when it stops, nothing of it is left open on either side', async () => {
  const { watch, exchange } = await openWatch()
  const unanswered = ask(jobs)
  unanswered.catch(() => undefined)
  await server.next()
  watch.body.on('error', () => undefined)
  await proxy.stop()
  await exchange.closed
  await expect(unanswered).rejects.toThrow(/socket|ECONNRESET|closed/)
})

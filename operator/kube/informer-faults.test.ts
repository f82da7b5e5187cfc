import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../model/kubernetes.ts'
import type { AnswerFault, Fault, ListFault, StreamFault } from '../testing/api-server-fault.ts'
import { clientOf } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { FaultyApiServer, type FaultyApiServerOptions } from '../testing/faulty-api-server.ts'
import type { ObjectHistory } from '../testing/object-history.ts'
import { recordedLog } from '../testing/recorded-log.ts'
import type { ApiClient } from './api-client.ts'
import { startInformer } from './informer.ts'
import { isOlder } from './resource-version.ts'
import { LiveStore, objectKey } from './store.ts'

const unwanted: unknown[] = []
const note = (problem: unknown): void => void unwanted.push(problem)

beforeAll(() => {
  process.on('unhandledRejection', note)
  process.on('warning', note)
})

afterAll(() => {
  process.off('unhandledRejection', note)
  process.off('warning', note)
})

afterEach(async () => {
  await turn()
  if (unwanted.length > 0) throw new AggregateError(unwanted.splice(0), 'a promise was rejected unseen, or Node had to warn')
})

const thrown = new Error('a handler that throws')
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What a handler of the store was told, as a store of its own; and what it should never have been told. */
class Witness {
  readonly told = new Map<string, KubernetesObject>()
  readonly problems: string[] = []
  readonly #newest = new Map<string, string>()
  readonly #gone = new Set<string>()
  changes = 0

  hear(before: KubernetesObject | undefined, after: KubernetesObject | undefined): void {
    this.changes += 1
    const metadata = (after ?? before)?.metadata
    if (metadata === undefined) return void this.problems.push('told of nothing')
    const key = objectKey(metadata.namespace, metadata.name)
    if (this.told.get(key) !== before) this.problems.push(`${key}: what was before is not what was told before`)
    if (before !== undefined && after !== undefined && before.metadata.uid !== after.metadata.uid) this.problems.push(`${key}: became another object`)
    if (after === undefined) {
      this.told.delete(key)
      this.#gone.add(metadata.uid)
    } else {
      if (this.#gone.has(metadata.uid)) this.problems.push(`${key}: ${metadata.uid} rose from the dead`)
      if (isOlder(metadata.resourceVersion, this.#newest.get(key) ?? '')) this.problems.push(`${key}: went back to version ${metadata.resourceVersion}`)
      this.told.set(key, after)
      this.#newest.set(key, metadata.resourceVersion)
    }
  }
}

interface WorldOptions extends Partial<Omit<FaultyApiServerOptions, 'clock'>> {
  readonly namespaces?: readonly string[] | undefined
}

/** An informer that follows a faulty server, and someone who hears all that it tells. */
class World {
  readonly clock: FakeClock
  readonly server: FaultyApiServer
  readonly witness = new Witness()
  readonly store = new LiveStore<KubernetesObject>({ indexes: {}, reportError: (error) => error !== thrown && note(error) })
  /** That of the informer's lists, which lives as long as the informer. */
  stopSignal: AbortSignal | undefined
  readonly #client: ReturnType<typeof clientOf>
  readonly #recorded = recordedLog()
  readonly #informer: { readonly stop: () => Promise<void> }

  private constructor(clock: FakeClock, server: FaultyApiServer, namespaces: readonly string[] | undefined) {
    this.clock = clock
    this.server = server
    this.store.subscribe((before, after) => this.witness.hear(before, after))
    this.store.subscribe(() => {
      throw thrown
    })
    this.#client = clientOf(server, clock, () => server.token)
    const client: ApiClient = {
      ...this.#client.client,
      request: (request) => {
        this.stopSignal = request.signal
        return this.#client.client.request(request)
      },
    }
    const { log } = this.#recorded
    this.#informer = startInformer({ client, clock, log, random: () => 0, resource: 'jobs', namespaces, project: (object) => object, writer: this.store })
  }

  static async begin({ namespaces, ...options }: WorldOptions, write: (history: ObjectHistory) => void): Promise<World> {
    const clock = new FakeClock()
    const server = await FaultyApiServer.start({ clock, faults: [], pageSize: 2, expiredBy: 'status', futureBy: 'silence', ...options })
    server.change(write)
    return new World(clock, server, namespaces)
  }

  /** Lets go of what the test itself has recorded. */
  forget(): void {
    this.lines.length = 0
    this.#client.calls.length = 0
  }

  get lines(): ReturnType<typeof recordedLog>['lines'] {
    return this.#recorded.lines
  }

  get hasTheServersState(): boolean {
    return this.store.isSynced && text(this.store.list()).join() === text(this.server.objects.values()).join()
  }

  /** Lets everything that is on its way arrive. */
  async calm(turns = 12): Promise<void> {
    const { server, witness } = this
    const activity = (): number => server.activity + witness.changes + this.#client.calls.length + this.lines.length
    for (let calm = 0, before = activity(); calm < turns; calm = activity() === before ? calm + 1 : 0) {
      before = activity()
      await turn()
    }
  }

  /** Moves on by so many milliseconds, from timer to timer, so that what one sets off has come to its end before the next. */
  async pass(time: number): Promise<void> {
    const end = this.clock.now() + time
    await this.calm()
    while (this.clock.now() < end) {
      this.clock.advance(Math.min(this.clock.timers[0] ?? Infinity, end - this.clock.now()))
      await this.calm()
    }
  }

  /** Time enough for every timeout and every pause that the script can bring about, one after the other. */
  async settle(): Promise<void> {
    await this.calm()
    for (let step = 0; step < 60 && !this.hasTheServersState; step += 1) await this.pass(30_000)
    // A watch that went wrong without anybody noticing would now be found out; what is right must stay so.
    await this.pass(100_000)
  }

  async stop(): Promise<void> {
    await this.#informer.stop()
    await this.#client.close()
    await this.server.stop()
  }
}


/** Of the server and of the store alike: managedFields, which the store leaves out, the server does not send. */
function text(objects: Iterable<object>): string[] {
  return [...objects].map((object) => JSON.stringify(object)).sort()
}

function differences(world: World): string[] {
  const server = text(world.server.objects.values())
  return Object.entries({ store: text(world.store.list()), handlers: text(world.witness.told.values()) }).flatMap(([who, known]) => [
    ...server.filter((object) => !known.includes(object)).map((object) => `${who}: missed ${object}`),
    ...known.filter((object) => !server.includes(object)).map((object) => `${who}: wrong ${object}`),
  ])
}

/** Nothing, if everything is as the server has it, all was told, in order, and the informer still follows. */
async function problemsOf(world: World, watches = 1): Promise<string[]> {
  await world.settle()
  // A watch may just have fallen silent, which shows only after a while.
  for (let step = 0; step < 20 && world.server.openWatches < watches; step += 1) await world.pass(30_000)
  const errors = world.lines.filter(({ level, fields }) => level === 'error' || ('failure' in fields && fields.failure === 'bug'))
  const open = world.server.openWatches
  return [...differences(world), ...world.witness.problems, ...errors.map((line) => JSON.stringify(line)), ...(open === watches ? [] : [`${open} open watches`])]
}

/** Seven objects: four pages of two. */
function begin(history: ObjectHistory): void {
  for (const name of ['a', 'b', 'c', 'd', 'e']) history.put('acme', name)
  for (const name of ['a', 'b']) history.put('globex', name)
}

/** Of everything that can happen to an object something, three times: what a fault eats of the first the others may bring to light. */
const story: readonly ((history: ObjectHistory) => void)[] = [
  (history) => {
    history.put('acme', 'a')
    history.remove('acme', 'b')
    history.remove('acme', 'c')
    history.put('acme', 'c')
    history.put('globex', 'new')
  },
  (history) => {
    history.remove('globex', 'new')
    history.remove('acme', 'a')
    history.put('acme', 'a')
    history.put('acme', 'b')
  },
  (history) => {
    for (const name of ['a', 'b', 'd']) history.put('acme', name)
    history.remove('globex', 'a')
  },
]

/** What is wrong at the end of that story, under these faults; that nobody met one of them is wrong too. */
async function problemsUnder(faults: readonly Fault[]): Promise<string[]> {
  const world = await World.begin({ faults }, begin)
  for (const chapter of story) {
    await world.settle()
    world.server.change(chapter)
  }
  const problems = await problemsOf(world)
  const unplayed = world.server.unplayed.map((fault) => `nobody met ${JSON.stringify(fault)}`)
  await world.stop()
  return [...problems, ...unplayed]
}

const answerFaults: readonly (readonly [name: string, does: AnswerFault])[] = [
  ['a reset before headers', { kind: 'reset' }],
  ['500', { kind: 'refuse', code: 500, reason: 'InternalError' }],
  ['429 with Retry-After', { kind: 'refuse', code: 429, reason: 'TooManyRequests', retryAfter: 20 }],
  ['429', { kind: 'refuse', code: 429, reason: 'TooManyRequests' }],
  ['503 with Retry-After', { kind: 'refuse', code: 503, reason: 'ServiceUnavailable', retryAfter: 20 }],
  ['503', { kind: 'refuse', code: 503, reason: 'ServiceUnavailable' }],
  ['504 for a version that is too new', { kind: 'refuse', code: 504, reason: 'Timeout', cause: 'ResourceVersionTooLarge' }],
  ['403', { kind: 'refuse', code: 403, reason: 'Forbidden' }],
  ['404', { kind: 'refuse', code: 404, reason: 'NotFound' }],
  ['410', { kind: 'refuse', code: 410, reason: 'Expired' }],
  ['401, for another token is valid now', { kind: 'expireToken' }],
  ['silence', { kind: 'silence' }],
  ['headers that are slow', { kind: 'slowHeaders', delay: 20_000 }],
  ['headers that are too slow', { kind: 'slowHeaders', delay: 100_000 }],
  ['compaction at this moment', { kind: 'compact' }],
]
const listFaults: readonly (readonly [name: string, does: AnswerFault | ListFault])[] = [
  ...answerFaults,
  ['a body that is reset', { kind: 'cutOff', by: 'reset' }],
  ['a body that ends too soon', { kind: 'cutOff', by: 'end' }],
  ['malformed JSON', { kind: 'malformed' }],
]
const streamFaults: readonly (readonly [name: string, does: (after: number) => StreamFault])[] = [
  ['ends', (after) => ({ kind: 'end', after })],
  ['is reset', (after) => ({ kind: 'resetStream', after })],
  ['is reset in the middle of a line', (after) => ({ kind: 'resetInLine', after })],
  ['ends in the middle of a line', (after) => ({ kind: 'endInLine', after })],
  ['has malformed JSON', (after) => ({ kind: 'malformedLine', after })],
  ['tells of 410', (after) => ({ kind: 'error', code: 410, reason: 'Expired', after })],
  ['tells of 500', (after) => ({ kind: 'error', code: 500, reason: 'InternalError', after })],
  ['tells of 429', (after) => ({ kind: 'error', code: 429, reason: 'TooManyRequests', after })],
  ['tells of a version that is too new', (after) => ({ kind: 'error', code: 504, reason: 'Timeout', cause: 'ResourceVersionTooLarge', after })],
  ['falls silent with its connection open', (after) => ({ kind: 'fallSilent', after })],
  ['sends a frame twice', (after) => ({ kind: 'duplicate', after })],
  ['sends two frames in the wrong order', (after) => ({ kind: 'reorder', after })],
  ['sends a frame from the past', (after) => ({ kind: 'replay', after })],
]
const expiry: Fault = { on: 'watch', nth: 1, does: { kind: 'error', code: 410, reason: 'Expired', after: 1 } }

describe('an informer has the state of the server, and has told of all of it,', () => {
  it.each(listFaults)('when its first list meets %s', async (_, does) => {
    expect(await problemsUnder([{ on: 'list', nth: 1, does }])).toEqual([])
  })
  it.each(listFaults)('when the third page of its first list meets %s', async (_, does) => {
    expect(await problemsUnder([{ on: 'page', nth: 2, does }])).toEqual([])
  })
  it.each(listFaults)('when a later list meets %s', async (_, does) => {
    expect(await problemsUnder([expiry, { on: 'list', nth: 2, does }])).toEqual([])
  })
  it.each(listFaults)('when the third page of a later list meets %s', async (_, does) => {
    expect(await problemsUnder([expiry, { on: 'page', nth: 5, does }])).toEqual([])
  })
  it.each(answerFaults)('when its first watch meets %s', async (_, does) => {
    expect(await problemsUnder([{ on: 'watch', nth: 1, does }])).toEqual([])
  })
  it.each(answerFaults)('when a watch that goes on meets %s', async (_, does) => {
    expect(await problemsUnder([{ on: 'watch', nth: 1, does: { kind: 'resetStream', after: 2 } }, { on: 'watch', nth: 2, does }])).toEqual([])
  })
  it.each(streamFaults)('when a watch %s, at its beginning and later', async (_, does) => {
    for (const after of [0, 1, 2, 5]) expect(await problemsUnder([{ on: 'watch', nth: 1, does: does(after) }])).toEqual([])
  })
  // A frame that comes twice does not end a watch.
  it.each(streamFaults.filter(([, does]) => does(0).kind !== 'duplicate'))('when each of three watches %s', async (_, does) => {
    expect(await problemsUnder([1, 2, 3].map((nth) => ({ on: 'watch', nth, does: does(nth) })))).toEqual([])
  })
  it.each([1, 3, 8])('when servers that lag behind by %i versions answer its lists', async (by) => {
    const lagging = [1, 2, 3, 4].map((nth): Fault => ({ on: 'list', nth, does: { kind: 'lagging', by } }))
    expect(await problemsUnder([expiry, ...lagging])).toEqual([])
  })

  it.each(['status', 'frame'] as const)('when everything it knew was compacted while it was away, and it learns so by a %s', async (expiredBy) => {
    const world = await World.begin({ expiredBy, faults: [{ on: 'watch', nth: 1, does: { kind: 'end', after: 0 } }] }, begin)
    await world.calm()
    for (const chapter of story) world.server.change(chapter)
    world.server.change((history) => history.compact())
    expect(await problemsOf(world)).toEqual([])
    await world.stop()
  })
})

describe('an informer whose server was set back to a backup', () => {
  it.each([
    ['opens a watch from the future and says nothing', 'silence', []],
    ['refuses a watch from the future', 'status', []],
    ['has forgotten what it knew', 'status', [{ on: 'watch', nth: 2, does: { kind: 'compact' } }]],
  ] as const)('follows it in the end when it %s', async (_, futureBy, faults) => {
    const world = await World.begin({ futureBy, faults }, begin)
    await world.settle()
    for (const chapter of story) world.server.change(chapter)
    await world.settle()
    world.server.restore(9)
    world.server.change((history) => history.put('acme', 'd'))
    await world.calm()
    world.lines.length = 0
    await world.settle()
    expect(differences(world)).toEqual([])
    const told = world.lines.filter(({ level }) => level === 'error')
    expect(told).toMatchObject([{ message: 'the API server stays older than it was, as after a restored backup: its state is followed' }])
    world.server.change((history) => history.put('acme', 'd'))
    await world.settle()
    expect(differences(world)).toEqual([])
    await world.stop()
  })

  it('believes it only when all lists of a minute were older', async () => {
    const world = await World.begin({ futureBy: 'status' }, begin)
    await world.settle()
    world.server.change((history) => history.put('acme', 'new'))
    await world.settle()
    world.server.restore(1)
    await world.pass(55_000)
    expect(world.store.get('acme', 'new')).toBeDefined()
    expect(world.lines.filter(({ level }) => level === 'error')).toEqual([])
    await world.pass(20_000)
    expect(world.store.get('acme', 'new')).toBeUndefined()
    await world.stop()
  })
})

const namespace = fc.constantFrom('acme', 'globex', 'initech')
const scope = fc.constantFrom(undefined, 'acme', 'globex', 'initech')
const after = fc.nat(4)
const does = {
  answer: fc.constantFrom(...answerFaults.map(([, fault]) => fault)),
  list: fc.oneof(fc.constantFrom(...listFaults.map(([, fault]) => fault)), fc.record({ kind: fc.constant('lagging' as const), by: fc.integer({ min: 1, max: 12 }) })),
  stream: fc.tuple(fc.constantFrom(...streamFaults.map(([, fault]) => fault)), after).map(([fault, frames]) => fault(frames)),
}
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ on: fc.constantFrom('list' as const, 'page' as const), nth: fc.integer({ min: 1, max: 6 }), namespace: scope, does: does.list }),
  fc.record({ on: fc.constant('watch' as const), nth: fc.integer({ min: 1, max: 8 }), namespace: scope, does: fc.oneof({ weight: 3, arbitrary: does.stream }, does.answer) }),
)

type Step =
  | { readonly kind: 'put' | 'remove' | 'recreate'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'compact' | 'calm' }
  | { readonly kind: 'pass'; readonly time: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('put' as const, 'put' as const, 'remove' as const, 'recreate' as const), namespace, name: fc.constantFrom('a', 'b', 'c', 'd') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('calm' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), time: fc.constantFrom(500, 1_000, 6_000, 30_000, 120_000) }) },
)

async function take(world: World, step: Step): Promise<void> {
  switch (step.kind) {
    case 'put':
      return world.server.change((history) => history.put(step.namespace, step.name))
    case 'remove':
      return world.server.change((history) => history.remove(step.namespace, step.name))
    case 'recreate':
      return world.server.change((history) => {
        history.remove(step.namespace, step.name)
        history.put(step.namespace, step.name)
      })
    case 'compact':
      return world.server.change((history) => history.compact())
    case 'calm':
      return world.calm()
    case 'pass':
      return world.pass(step.time)
  }
}

describe('whatever happens to objects, and whatever the server does wrong,', () => {
  it('an informer comes to the state of the server, and has told all of it in order', async () => {
    const options = fc.record({
      pageSize: fc.integer({ min: 1, max: 5 }),
      expiredBy: fc.constantFrom('status' as const, 'frame' as const),
      namespaces: fc.constantFrom(undefined, ['acme', 'globex', 'initech']),
      faults: fc.array(fault, { maxLength: 10 }),
    })
    const property = fc.asyncProperty(options, fc.array(step, { maxLength: 36 }), async (options, steps) => {
      const world = await World.begin(options, begin)
      for (const step of steps) await take(world, step)
      const problems = await problemsOf(world, options.namespaces?.length)
      await world.stop()
      expect(problems).toEqual([])
    })
    await fc.assert(property, { numRuns: 150 })
  })
})

/** Ways in which a watch comes to nothing, in turns; each seventh stays until the server ends it after four minutes. */
const endings: readonly (AnswerFault | StreamFault)[] = [
  { kind: 'end', after: 0 },
  { kind: 'resetStream', after: 0 },
  { kind: 'refuse', code: 503, reason: 'ServiceUnavailable' },
  { kind: 'error', code: 500, reason: 'InternalError', after: 0 },
  { kind: 'fallSilent', after: 0 },
  { kind: 'replay', after: 0 },
]

interface Held {
  readonly timers: number
  readonly listeners: number
  readonly handles: number
  readonly heap: number
}

function held(world: World): Held {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const listeners = world.stopSignal === undefined ? 0 : getEventListeners(world.stopSignal, 'abort').length
  const handles = process.getActiveResourcesInfo().length
  return { timers: world.clock.timers.length, listeners, handles, heap: process.memoryUsage().heapUsed }
}

describe('an informer that reconnects ten thousand times', () => {
  it('holds as many connections, timers, listeners and as much memory as before', async () => {
    const faults = endings.map((does, index): Fault => ({ on: 'watch', nth: index + 1, every: endings.length + 1, does }))
    const world = await World.begin({ faults, pageSize: 100 }, begin)
    let mostSockets = 0
    const heldAfter = async (reconnects: number): Promise<Held> => {
      while (world.server.watchRequests <= reconnects || world.server.openWatches === 0) {
        world.clock.advance(world.clock.timers[0] ?? 0)
        await world.calm(2)
        mostSockets = Math.max(mostSockets, world.server.openSockets)
        world.forget()
      }
      await world.calm()
      return held(world)
    }
    // By then all code has run so often that it is compiled.
    const before = await heldAfter(1_000)
    const after = await heldAfter(11_000)
    // One of the watch, and two that lists take in turns: the next begins when the last answer has just been read.
    expect(mostSockets).toBeLessThanOrEqual(3)
    expect([after.timers, after.listeners]).toEqual([before.timers, before.listeners])
    // Of sockets both ends are handles of this process; one may be idle now and not then.
    expect(Math.abs(after.handles - before.handles)).toBeLessThanOrEqual(4)
    // A forgotten listener, timer, promise or signal is 100 bytes at least: a megabyte. A tenth of that is noise of the heap.
    expect(after.heap - before.heap).toBeLessThan(700_000)
    await world.stop()
    await world.calm()
    expect(world.clock.timers).toEqual([])
  })
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Applied, Outcome } from '../kube/apply.ts'
import { LiveStore } from '../kube/store.ts'
import type { KubernetesObject } from '../model/kubernetes.ts'
import type { Action, Evidence, Learned, Plan, Requeue } from '../plan/action.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { recordedLog } from '../testing/recorded-log.ts'
import { type PassOutcome, startController, type Wake, wakeOn } from './controller.ts'

const minute = 60_000
const create: Action = { verb: 'create', resource: 'cronjobs', namespace: 'acme', name: 'a', object: {}, because: 'of a test' }
const evidence: Evidence = { resource: 'jobs', at: Date.UTC(2026, 0, 1), object: undefined }

const transient: Outcome = { kind: 'failed', failure: { kind: 'transient', message: undefined, retryAfter: 0 }, action: undefined }

interface Pass {
  readonly key: string
  readonly learned: Learned
  /** Ends the pass. */
  end(outcome: Outcome['kind'] | Outcome, seen?: ReadonlyMap<string, Evidence>): void
}

let clock: FakeClock
let store: LiveStore<KubernetesObject>
let lines: { level: string; message: string }[]
let outcomes: PassOutcome[]
let waiting: ((pass: Pass) => void)[]
let begun: Pass[]
let all: Pass[]
let requeue: Requeue
let stop: () => Promise<void>

beforeEach(() => {
  clock = new FakeClock(Date.UTC(2026, 0, 1))
  store = new LiveStore({ indexes: {}, reportError: () => undefined })
  outcomes = []
  waiting = []
  begun = []
  all = []
  requeue = { kind: 'onChange' }
})

afterEach(async () => {
  for (const pass of all) pass.end('done')
  await stop()
})

/** Starts a controller of which the test decides what comes of each pass. */
function start({ workers = 2, plan = planned, wakes = [wakeOn(store, keysOf)] }: { workers?: number; plan?: () => Plan; wakes?: Wake[] } = {}): void {
  const recorded = recordedLog()
  lines = recorded.lines
  let now: { key: string; learned: Learned }
  const controller = startController(
    {
      name: 'test',
      wakes,
      reads: [],
      observe(key: string, learned: Learned) {
        const [namespace = '', name = ''] = key.split('/')
        now = { key, learned }
        return store.get(namespace, name)
      },
      plan,
    },
    {
      clock,
      log: recorded.log,
      workers,
      reconciled: ({ outcome }) => outcomes.push(outcome),
      apply: () => {
        const { promise, resolve } = Promise.withResolvers<Applied>()
        const end: Pass['end'] = (outcome, seen = new Map()) => resolve({ outcome: typeof outcome === 'string' ? outcomeOf(outcome) : outcome, evidence: seen, written: new Map(), postponed: new Map() })
        const pass = { ...now, end }
        all.push(pass)
        const next = waiting.shift()
        if (next === undefined) begun.push(pass)
        else next(pass)
        return promise
      },
    },
  )
  stop = () => controller.stop()
}

function keysOf({ metadata }: KubernetesObject): string[] {
  return [`${metadata.namespace}/${metadata.name}`]
}

function planned(): Plan {
  return { actions: [], status: undefined, events: [], requeue }
}

function outcomeOf(kind: Outcome['kind']): Outcome {
  return kind === 'failed' ? { kind, failure: { kind: 'waiting' }, action: undefined } : { kind }
}

function next(): Promise<Pass> {
  const pass = begun.shift()
  return pass === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(pass)
}

/** All that can go on without time or a new event has gone on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

let version = 0
function put(name: string, namespace = 'acme'): void {
  version += 1
  store.put({ metadata: { name, namespace, uid: name, resourceVersion: String(version), creationTimestamp: '2026-01-01T00:00:00Z' } })
}

describe('a controller', () => {
  it('does nothing before all its stores have synced, then plans everything that is there', async () => {
    start()
    put('a')
    await settled()
    expect(begun).toEqual([])
    put('b')
    store.markSynced()
    expect([(await next()).key, (await next()).key]).toEqual(['acme/a', 'acme/b'])
  })

  it('plans a key again when it changed meanwhile, and never two passes of it at once', async () => {
    store.markSynced()
    start()
    await settled()
    put('a')
    const first = await next()
    put('a')
    put('a')
    await settled()
    expect(begun).toEqual([])
    first.end('done')
    const second = await next()
    second.end('done')
    await settled()
    expect(begun).toEqual([])
    expect(outcomes).toEqual(['done', 'done'])
  })

  it('makes one pass of one change', async () => {
    store.markSynced()
    start()
    put('a')
    ;(await next()).end('done')
    await settled()
    put('a')
    ;(await next()).end('done')
    await settled()
    expect(outcomes).toEqual(['done', 'done'])
  })

  it('works on as many keys at once as it has workers', async () => {
    store.markSynced()
    start({ workers: 3 })
    for (const name of ['a', 'b', 'c', 'd', 'e']) put(name)
    await settled()
    expect(begun.map(({ key }) => key)).toEqual(['acme/a', 'acme/b', 'acme/c'])
  })

  it('forgets what is gone, its failures and what it learned', async () => {
    store.markSynced()
    start()
    put('a')
    ;(await next()).end(transient, new Map([['jobs/acme/j', evidence]]))
    await settled()
    store.remove('acme', 'a')
    await settled()
    clock.advance(5)
    await settled()
    expect(outcomes).toEqual(['transient', 'gone', 'gone'])
    put('a')
    const pass = await next()
    expect(pass.learned.evidence.size).toBe(0)
    pass.end(transient)
    await settled()
    expect(clock.timers).toEqual([5])
  })

  it('begins again with a short backoff after a success', async () => {
    store.markSynced()
    start()
    put('a')
    for (const outcome of [transient, transient, outcomeOf('done')]) {
      ;(await next()).end(outcome)
      await settled()
      clock.advance(clock.timers[0] ?? 0)
    }
    put('a')
    ;(await next()).end(transient)
    await settled()
    expect(clock.timers).toEqual([5])
  })

  it('keeps to the instant of its plan when it waits for a change', async () => {
    store.markSynced()
    start()
    requeue = { kind: 'at', at: clock.now() + 30_000, because: 'an occurrence' }
    put('a')
    ;(await next()).end('failed')
    await settled()
    expect(clock.timers).toEqual([30_000])
  })

  it('takes nothing more from its stores once it is stopped', async () => {
    let subscriptions = 0
    const wake = { synced: Promise.resolve(), subscribe: () => ((subscriptions += 1), () => (subscriptions -= 1)) }
    start({ wakes: [wake] })
    await settled()
    expect(subscriptions).toBe(1)
    await stop()
    expect(subscriptions).toBe(0)
    start({ wakes: [wake] })
    await stop()
    await settled()
    expect(subscriptions).toBe(0)
  })

  it('plans again at the instant that the plan names', async () => {
    store.markSynced()
    start()
    requeue = { kind: 'at', at: clock.now() + 30_000, because: 'an occurrence' }
    put('a')
    ;(await next()).end('done')
    await settled()
    clock.advance(29_999)
    await settled()
    expect(begun).toEqual([])
    clock.advance(1)
    await next()
  })

  it('slows down a plan that always wants to be made again at once', async () => {
    store.markSynced()
    start()
    requeue = { kind: 'at', at: clock.now(), because: 'a bug' }
    put('a')
    for (const delay of [5, 10, 20, 40]) {
      ;(await next()).end('done')
      await settled()
      expect(clock.timers).toEqual([delay])
      clock.advance(delay)
    }
  })

  it('never pauses after a look for so long that what it saw would be too old to decide upon', async () => {
    store.markSynced()
    start()
    put('a')
    for (const delay of [5, 10, 20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000]) {
      ;(await next()).end('looked', new Map([['jobs/acme/j', evidence]]))
      await settled()
      expect(clock.timers).toEqual([delay])
      clock.advance(delay)
    }
  })

  it('plans again with what a look has seen, and keeps that for ten minutes', async () => {
    store.markSynced()
    start()
    put('a')
    const first = await next()
    expect(first.learned).toEqual({ evidence: new Map(), refused: undefined, written: new Map(), postponed: new Map() })
    first.end('looked', new Map([['jobs/acme/j', evidence]]))
    await settled()
    clock.advance(5)
    const second = await next()
    expect([...second.learned.evidence]).toEqual([['jobs/acme/j', evidence]])
    second.end('done')
    await settled()
    clock.advance(10 * minute - 6)
    put('a')
    const third = await next()
    expect(third.learned.evidence.size).toBe(1)
    third.end('done')
    await settled()
    clock.advance(1)
    put('a')
    expect((await next()).learned.evidence.size).toBe(0)
  })

  it.each<[string, Outcome, readonly number[]]>([
    ['waits for a change after a conflict, and looks after ten minutes in any case', outcomeOf('failed'), [minute]],
    ['tries again after a backoff', transient, [5]],
    ['does not try again before the server allows it', failed({ kind: 'transient', message: undefined, retryAfter: 7_000 }), [7_000]],
    ['tells a refusal soon', failed({ kind: 'stalled', message: 'no', retryAfter: minute }, create), [5]],
    ['writes a status that was refused again only later', failed({ kind: 'stalled', message: 'no', retryAfter: 30_000 }), [30_000]],
  ])('%s', async (_, outcome, timers) => {
    store.markSynced()
    start()
    put('a')
    ;(await next()).end(outcome)
    await settled()
    expect(clock.timers).toEqual(timers)
  })

  it('lets its stores catch up after a conflict, ten seconds at most, before it comes back to the instant of its plan', async () => {
    start()
    put('a')
    store.markSynced()
    requeue = { kind: 'at', at: clock.now() + 1_000, because: 'test' }
    ;(await next()).end('failed')
    await settled()
    clock.advance(9_999)
    await settled()
    expect(begun).toEqual([])
    clock.advance(1)
    await next()
  })

  it('plans again ten minutes after a conflict that no change followed', async () => {
    store.markSynced()
    start()
    put('a')
    ;(await next()).end('failed')
    await settled()
    clock.advance(10 * minute - 1)
    await settled()
    expect(begun).toEqual([])
    clock.advance(1)
    await next()
  })

  it('lets the plan know what was refused, until that has been carried out', async () => {
    store.markSynced()
    start()
    put('a')
    ;(await next()).end(failed({ kind: 'stalled', message: 'no', retryAfter: minute }, create))
    await settled()
    clock.advance(5)
    const refused = await next()
    expect(refused.learned.refused).toEqual({ action: create, message: 'no', retryAt: Date.UTC(2026, 0, 1) + minute })
    refused.end('refused')
    await settled()
    clock.advance(minute - 6)
    await settled()
    expect(begun).toEqual([])
    clock.advance(1)
    ;(await next()).end('done')
    await settled()
    put('a')
    expect((await next()).learned.refused).toBeUndefined()
  })

  it('tells a failure of the server only when it lasts', async () => {
    store.markSynced()
    start()
    put('a')
    for (let failure = 1; failure <= 10; failure += 1) {
      const pass = await next()
      expect(pass.learned.refused).toBeUndefined()
      pass.end(failed({ kind: 'transient', message: 'a webhook is down', retryAfter: 0 }, create))
      await settled()
      clock.advance(5 * 2 ** (failure - 1))
    }
    expect((await next()).learned.refused).toMatchObject({ message: 'a webhook is down' })
  })

  it('survives a plan that throws: reports it, and tries again with backoff', async () => {
    store.markSynced()
    let isBroken = true
    start({
      plan: () => {
        if (isBroken) throw new Error('broken')
        return planned()
      },
    })
    put('a')
    await settled()
    expect(outcomes).toEqual(['bug'])
    expect(lines).toMatchObject([{ level: 'error', message: 'reconcile threw' }])
    expect(clock.timers).toEqual([1_000])
    put('b')
    await settled()
    expect(outcomes).toEqual(['bug', 'bug'])
    isBroken = false
    clock.advance(1_000)
    await next()
  })

  it('stops when the passes in progress have ended, and begins no other', async () => {
    store.markSynced()
    start({ workers: 1 })
    put('a')
    put('b')
    const pass = await next()
    let isStopped = false
    const stopped = stop().then(() => (isStopped = true))
    await settled()
    expect(isStopped).toBe(false)
    pass.end('done')
    await stopped
    put('c')
    await settled()
    expect(begun).toEqual([])
    expect(clock.timers).toEqual([])
  })

  it('never begins when it is stopped before its stores have synced', async () => {
    start()
    put('a')
    await stop()
    store.markSynced()
    await settled()
    expect(begun).toEqual([])
  })

  it('wakes the keys that a change leaves as well as those that it leads to', async () => {
    const woken: string[] = []
    const wake = wakeOn(store, ({ metadata }) => [metadata.labels?.owner ?? 'none'])
    const labelled = (owner: string, resourceVersion: string): void =>
      store.put({ metadata: { name: 'a', namespace: 'acme', uid: 'a', resourceVersion, creationTimestamp: '', labels: { owner } } })
    labelled('one', '1')
    const unsubscribe = wake.subscribe((key) => woken.push(key))
    labelled('two', '2')
    store.remove('acme', 'a')
    unsubscribe()
    labelled('three', '3')
    expect(woken).toEqual(['one', 'one', 'two', 'two'])
    start()
  })

  it('can leave keys asleep when nothing of the spec has changed', () => {
    const woken: string[] = []
    const changes = [
      { uid: 'a', generation: 1 },
      { uid: 'a', generation: 1, labels: { note: 'x' } },
      { uid: 'a', generation: 2 },
      { uid: 'a', generation: 2, deletionTimestamp: '2026-01-01T00:00:00Z' },
      { uid: 'b', generation: 2 },
    ]
    const unsubscribe = wakeOn(store, keysOf, 'SpecChanged').subscribe(() => woken.push(String(woken.length)))
    const counts = changes.map((change, index) => {
      store.put({ metadata: { name: 'a', namespace: 'acme', resourceVersion: String(index), creationTimestamp: '', ...change } })
      return woken.length
    })
    store.remove('acme', 'a')
    unsubscribe()
    expect(counts).toEqual([1, 1, 2, 3, 5]) // a recreated object is a deletion and an addition
    expect(woken).toHaveLength(6)
    start()
  })
})

function failed(failure: (Outcome & { kind: 'failed' })['failure'], action?: Action): Outcome {
  return { kind: 'failed', failure, action }
}

import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JsonObject, KubernetesObject } from '../model/kubernetes.ts'
import { clientOf, type Exchange, FakeApiServer, statusOf } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { recordedLog } from '../testing/recorded-log.ts'
import type { ApiCall, ApiClient } from './api-client.ts'
import { jitteredBackoff } from './backoff.ts'
import { type InformerOptions, startInformer } from './informer.ts'
import { LiveStore } from './store.ts'

let server: FakeApiServer
let clock: FakeClock
let client: ApiClient
let calls: ApiCall[]
let close: () => Promise<void>
let store: LiveStore<KubernetesObject>
let seen: string[]
let lines: { level: string; message: string; fields: object }[]
let stop: () => Promise<void>

beforeEach(async () => {
  server = await FakeApiServer.start()
  clock = new FakeClock()
  ;({ client, calls, close } = clientOf(server, clock))
  store = new LiveStore({ indexes: {}, reportError: () => undefined })
  seen = []
  store.subscribe((before, after) => {
    const text = (object: KubernetesObject | undefined): string => (object ? `${object.metadata.name}/${object.metadata.uid}@${object.metadata.resourceVersion}` : '-')
    seen.push(`${text(before)} > ${text(after)}`)
  })
})

afterEach(async () => {
  await stop()
  await close()
  await server.stop()
})

function start(options: Partial<InformerOptions<KubernetesObject>> = {}): void {
  const recorded = recordedLog()
  lines = recorded.lines
  const always = { client, clock, log: recorded.log, random: () => 0, resource: 'jobs', namespaces: undefined, writer: store } as const
  ;({ stop } = startInformer({ ...always, project: (object) => object, ...options }))
}

function job(name: string, version: string, uid = name): JsonObject {
  const metadata = { name, namespace: 'acme', uid, resourceVersion: version, creationTimestamp: '2026-01-01T00:00:00Z', managedFields: [{ manager: 'x' }] }
  return { metadata, spec: {} }
}

const tooNew = { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 }
const bookmark = (resourceVersion: string): JsonObject => ({ metadata: { resourceVersion } })
/** With random 0, every pause is the shortest one. */
const shortest = 800

/** The informer waits after a failure; the test lets it go on. */
async function pauseOver(delay = shortest): Promise<void> {
  await clock.timer((set) => set === delay)
  clock.advance(delay)
}

async function listed(version: string, ...items: readonly JsonObject[]): Promise<Exchange> {
  ;(await server.next()).list(version, items)
  const watch = await server.next()
  expect(watch.isWatch).toBe(true)
  return watch
}

/** The first changes, as soon as there are so many: a real socket lies between what the test writes and what the store sees. */
async function told(count: number): Promise<string[]> {
  while (seen.length < count) await new Promise((resolve) => setImmediate(resolve))
  return seen
}

async function opened(): Promise<void> {
  while (!calls.some(({ verb, code }) => verb === 'watch' && code === '200')) await new Promise((resolve) => setImmediate(resolve))
}

describe('an informer', () => {
  it('lists in pages of 500, then watches from the version of the list with bookmarks', async () => {
    start({ selector: { labelSelector: 'a=b' } })
    const first = await server.next()
    expect(first.query).toEqual({ limit: '500', labelSelector: 'a=b' })
    first.list('10', [job('a', '1')], 'more')
    const second = await server.next()
    expect(second.query).toEqual({ limit: '500', continue: 'more', labelSelector: 'a=b' })
    expect(store.size).toBe(0)
    second.list('10', [job('b', '2')])
    await store.synced
    expect(seen).toEqual(['- > a/a@1', '- > b/b@2'])
    const watch = await server.next()
    expect(watch.path).toBe('/apis/batch/v1/jobs')
    expect(watch.query).toEqual({ watch: 'true', resourceVersion: '10', allowWatchBookmarks: 'true', timeoutSeconds: '240', labelSelector: 'a=b' })
  })

  it('keeps no managedFields', async () => {
    start()
    const watch = await listed('10', job('a', '1'))
    watch.open()
    watch.event('ADDED', job('b', '11'))
    await told(2)
    expect([...store.list()].map(({ metadata }) => Object.entries(metadata).find(([name]) => name === 'managedFields')?.[1])).toEqual([undefined, undefined])
  })

  it('follows what is added, changed and deleted', async () => {
    start()
    const watch = await listed('10', job('a', '1'))
    watch.open()
    watch.event('ADDED', job('b', '11'))
    watch.event('MODIFIED', job('a', '12'))
    watch.event('DELETED', job('b', '13'))
    expect(await told(4)).toEqual(['- > a/a@1', '- > b/b@11', 'a/a@1 > a/a@12', 'b/b@11 > -'])
  })

  it('takes an object that was recreated during a watch for another one', async () => {
    start()
    const watch = await listed('10', job('a', '1', 'old'))
    watch.open()
    watch.event('MODIFIED', job('a', '12', 'new'))
    expect(await told(3)).toEqual(['- > a/old@1', 'a/old@1 > -', '- > a/new@12'])
  })

  it('does not let the deletion of an earlier object remove a later one of its name', async () => {
    start()
    const watch = await listed('10', job('a', '9', 'new'))
    watch.open()
    watch.event('DELETED', job('a', '11', 'old'))
    watch.event('ADDED', job('b', '12'))
    expect(await told(2)).toEqual(['- > a/new@9', '- > b/b@12'])
  })

  it('does nothing when it is told the same twice', async () => {
    start()
    const watch = await listed('10', job('a', '1'))
    watch.open()
    for (const object of [job('a', '11'), job('a', '11')]) watch.event('MODIFIED', object)
    for (const version of ['20', '20']) watch.event('BOOKMARK', bookmark(version))
    for (const object of [job('a', '21'), job('a', '21')]) watch.event('DELETED', object)
    watch.event('ADDED', job('b', '22'))
    expect(await told(4)).toEqual(['- > a/a@1', 'a/a@1 > a/a@11', 'a/a@11 > -', '- > b/b@22'])
    expect(lines).toEqual([])
  })

  it('follows a server whose versions are no numbers, as it gives them', async () => {
    start()
    const watch = await listed('z', job('a', 'z'))
    watch.open()
    watch.event('MODIFIED', job('a', 'y'))
    watch.event('MODIFIED', job('a', 'x'))
    expect(await told(3)).toEqual(['- > a/a@z', 'a/a@z > a/a@y', 'a/a@y > a/a@x'])
  })

  it.each([
    ['ends well', (watch: Exchange) => watch.end()],
    ['is reset', (watch: Exchange) => watch.reset()],
    ['breaks', (watch: Exchange) => watch.close()],
    ['ends with half a line', (watch: Exchange) => (watch.write('{"type":"MOD'), watch.end())],
    ['is reset in the middle of a line', (watch: Exchange) => (watch.write('{"type":"MOD'), watch.reset())],
    ['tells of an internal error', (watch: Exchange) => watch.event('ERROR', statusOf(500, 'InternalError'))],
    ['tells of too many requests', (watch: Exchange) => watch.event('ERROR', statusOf(429, 'TooManyRequests'))],
  ])('resumes where it was, without a list, when a watch %s', async (_, fail) => {
    start()
    const watch = await listed('10', job('a', '1'))
    watch.open()
    watch.event('MODIFIED', job('a', '11'))
    await told(2)
    watch.event('BOOKMARK', bookmark('20'))
    watch.event('ADDED', job('b', '21'))
    await told(3)
    fail(watch)
    await pauseOver()
    const next = await server.next()
    expect(next.query).toMatchObject({ watch: 'true', resourceVersion: '21' })
    next.open()
    next.event('MODIFIED', job('a', '22'))
    expect(await told(4)).toEqual(['- > a/a@1', 'a/a@1 > a/a@11', '- > b/b@21', 'a/a@11 > a/a@22'])
  })

  it('resumes from a bookmark', async () => {
    start()
    const watch = await listed('10')
    watch.open()
    watch.event('BOOKMARK', bookmark('20'))
    watch.end()
    await pauseOver()
    expect((await server.next()).query).toMatchObject({ resourceVersion: '20' })
  })

  it.each([
    ['refused as expired', (watch: Exchange) => watch.refuse(410, 'Expired')],
    ['told in the stream that it has expired', (watch: Exchange) => (watch.open(), watch.event('ERROR', statusOf(410, 'Expired')))],
    ['sent a line that is no JSON', (watch: Exchange) => (watch.open(), watch.write('{"type":"ADDED",}\n'))],
    ['sent an event without an object', (watch: Exchange) => (watch.open(), watch.event('ADDED', {}))],
    ['sent a bookmark without a version', (watch: Exchange) => (watch.open(), watch.event('BOOKMARK', { metadata: {} }))],
    ['refused as a bad request', (watch: Exchange) => watch.refuse(400, 'BadRequest')],
    ['refused because the server knows no version as new as that', (watch: Exchange) => watch.refuse(504, 'Timeout', { details: tooNew })],
    ['told in the stream that its version is too new', (watch: Exchange) => (watch.open(), watch.event('ERROR', statusOf(504, 'Timeout', tooNew)))],
    ['sent something older than where it began', (watch: Exchange) => (watch.open(), watch.event('ADDED', job('deleted', '9')))],
    ['sent a bookmark older than where it began', (watch: Exchange) => (watch.open(), watch.event('BOOKMARK', bookmark('9')))],
  ])('lists again when its watch is %s, and tells what happened while it was away', async (_, fail) => {
    start()
    fail(await listed('10', job('same', '1'), job('changed', '2'), job('gone', '3'), job('recreated', '4', 'old')))
    await pauseOver(await clock.timer((set) => set <= 1_000))
    const watch = await listed('30', job('same', '1'), job('changed', '20'), job('recreated', '21', 'new'), job('added', '22'))
    expect(watch.query).toMatchObject({ resourceVersion: '30' })
    expect(seen.slice(4)).toEqual(['gone/gone@3 > -', 'changed/changed@2 > changed/changed@20', 'recreated/old@4 > -', '- > recreated/new@21', '- > added/added@22'])
  })

  it('lists again when its watch goes back in time, and believes nothing of it', async () => {
    start()
    const watch = await listed('10', job('a', '1'))
    watch.open()
    const told = [['MODIFIED', '101'], ['DELETED', '103'], ['MODIFIED', '99'], ['MODIFIED', '104']] as const
    for (const [type, version] of told) watch.event(type, job('a', version))
    await pauseOver()
    await listed('105', job('b', '105'))
    expect(seen).toEqual(['- > a/a@1', 'a/a@1 > a/a@101', 'a/a@101 > -', '- > b/b@105'])
    expect(lines).toMatchObject([{ level: 'warn', fields: { failure: 'malformed', underlying: 'a watch went back in time: version 99 after 103', next: 'list' } }])
    await watch.closed
  })

  it('does not use a list that is older than what it has seen, and asks again', async () => {
    start()
    const watch = await listed('98', job('a', '98'))
    watch.open()
    watch.event('BOOKMARK', bookmark('100'))
    watch.event('ERROR', statusOf(410, 'Expired'))
    await pauseOver()
    ;(await server.next()).list('99', [], 'a second page that nobody needs')
    await pauseOver()
    ;(await server.next()).list('100', [job('a', '98')])
    expect((await server.next()).query).toMatchObject({ resourceVersion: '100' })
    expect(seen).toEqual(['- > a/a@98'])
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn'])
  })

  it('follows a server that has been older for a minute, even where versions are given a second time', async () => {
    start()
    const watch = await listed('100', job('a', '90'), job('b', '95'))
    const before = store.get('acme', 'b')
    watch.refuse(410, 'Expired')
    await pauseOver()
    ;(await server.next()).list('99', [])
    await pauseOver()
    ;(await server.next()).list('100', [job('a', '90'), job('b', '95')], 'more')
    ;(await server.next()).refuse(500, 'InternalError')
    for (let waited = 0; waited < 60_000; waited += shortest) {
      await pauseOver()
      expect(lines.filter(({ level }) => level === 'error')).toEqual([])
      ;(await server.next()).list('99', [job('b', '95')])
    }
    await pauseOver()
    expect(seen).toHaveLength(2)
    expect((await listed('99', job('b', '95'))).query).toMatchObject({ resourceVersion: '99' })
    expect(seen.slice(2)).toEqual(['a/a@90 > -', 'b/b@95 > b/b@95'])
    expect(store.get('acme', 'b')).not.toBe(before)
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { version: '99', seen: '100' } }])
  })

  it('lists everything in one answer when the pages are of different versions', async () => {
    start()
    ;(await server.next()).list('10', [job('a', '1')], 'two')
    ;(await server.next()).list('11', [job('b', '11')])
    await pauseOver()
    const whole = await server.next()
    expect(whole.query).toEqual({})
    whole.list('12', [job('b', '11')])
    await store.synced
    expect(seen).toEqual(['- > b/b@11'])
  })

  it.each([
    ['goes on when the server knows its version', '10', { watch: 'true', resourceVersion: '10' }],
    ['goes on when the server has a later one', '11', { watch: 'true', resourceVersion: '10' }],
    ['lists when the server was set back', '9', { limit: '500' }],
  ])('asks after a watch that was opened but did not say a word, not even a bookmark, and %s', async (_, version, next) => {
    start({ selector: { labelSelector: 'a=b' } })
    const watch = await listed('10', job('a', '1'))
    watch.open()
    await opened()
    clock.advance(90_000)
    await watch.closed
    await pauseOver()
    const first = await server.next()
    expect(first.query).toEqual({ limit: '1', labelSelector: 'a=b' })
    first.refuse(503, 'ServiceUnavailable')
    await pauseOver()
    const probe = await server.next()
    expect(probe.query).toEqual({ limit: '1', labelSelector: 'a=b' })
    probe.list(version, [job('b', '5')], 'more')
    expect((await server.next()).query).toMatchObject(next)
    expect(seen).toEqual(['- > a/a@1'])
  })

  it('keeps an object that has not changed in its place when it lists again', async () => {
    start()
    const watch = await listed('10', job('a', '1'))
    const before = store.get('acme', 'a')
    watch.refuse(410, 'Expired')
    await pauseOver()
    await listed('20', job('a', '1'))
    expect(store.get('acme', 'a')).toBe(before)
  })

  it.each([
    ['500', (list: Exchange) => list.refuse(500, 'InternalError')],
    ['403, for rights may be granted', (list: Exchange) => list.refuse(403, 'Forbidden')],
    ['404, for a kind may be installed', (list: Exchange) => list.refuse(404, 'NotFound')],
    ['a reset', (list: Exchange) => list.reset()],
    ['something that is no list', (list: Exchange) => list.answer(200, { metadata: { resourceVersion: '1' }, items: {} })],
    ['a list without a version', (list: Exchange) => list.answer(200, { items: [] })],
    ['an item that is no object', (list: Exchange) => list.list('1', [{ kind: 'Job' }])],
  ])('lists again when a list is answered with %s', async (_, fail) => {
    start()
    fail(await server.next())
    await pauseOver()
    await listed('10', job('a', '1'))
    expect(seen).toEqual(['- > a/a@1'])
    expect(lines).toHaveLength(1)
  })

  it('lists again when no answer comes', async () => {
    start()
    await server.next()
    clock.advance(60_000)
    await pauseOver()
    await listed('10', job('a', '1'))
    expect(seen).toEqual(['- > a/a@1'])
  })

  it('changes nothing when a list fails at its third page, and begins again', async () => {
    start()
    const watch = await listed('10', job('a', '1'), job('b', '2'))
    watch.refuse(410, 'Expired')
    await pauseOver()
    ;(await server.next()).list('20', [job('a', '11')], 'two')
    ;(await server.next()).list('20', [], 'three')
    ;(await server.next()).reset()
    await pauseOver()
    expect(seen).toHaveLength(2)
    const again = await server.next()
    expect(again.query).toEqual({ limit: '500' })
    again.list('21', [job('a', '11')])
    await server.next(({ isWatch }) => isWatch)
    expect(seen.slice(2)).toEqual(['b/b@2 > -', 'a/a@1 > a/a@11'])
  })

  it('lists everything in one answer when the pages expire faster than it can read them', async () => {
    start()
    ;(await server.next()).list('10', [job('a', '1')], 'two')
    ;(await server.next()).refuse(410, 'Expired')
    await pauseOver()
    const whole = await server.next()
    expect(whole.query).toEqual({})
    whole.refuse(500, 'InternalError')
    await pauseOver()
    const again = await server.next()
    expect(again.query).toEqual({})
    again.list('20', [job('a', '1')])
    await store.synced
  })

  it('waits longer after each failure, and as long as the server asks for', async () => {
    start({ random: () => 0.999_999 })
    for (const longest of [1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]) {
      ;(await server.next()).refuse(500, 'InternalError')
      const delay = await clock.timer((set) => set < 60_000)
      expect(Math.round(delay)).toBe(longest)
      clock.advance(delay)
    }
    ;(await server.next()).refuse(503, 'ServiceUnavailable', { headers: { 'Retry-After': '45' } })
    await clock.timer((set) => set === 45_000)
  })

  it('does not hurry when list and watch fail in turns', async () => {
    start({ random: () => 0.999_999 })
    for (const longest of [1_600, 3_200, 6_400]) {
      const watch = await listed('10')
      watch.refuse(410, 'Expired')
      const delay = await clock.timer((set) => set < 60_000)
      expect(Math.round(delay)).toBe(longest)
      clock.advance(delay)
    }
    await server.next()
  })

  it('waits longer each time when no watch opens, however long each attempt took', async () => {
    start({ random: () => 0.999_999 })
    await listed('10')
    for (const longest of [1_600, 3_200, 6_400]) {
      clock.advance(90_000)
      const delay = await clock.timer((set) => set < 60_000)
      expect(Math.round(delay)).toBe(longest)
      clock.advance(delay)
      await server.next()
    }
  })

  it('opens the next watch at once after one that lasted', async () => {
    start()
    const watch = await listed('10')
    watch.open()
    watch.event('ADDED', job('a', '11'))
    await told(1)
    clock.advance(60_000)
    watch.end()
    expect((await server.next()).query).toMatchObject({ watch: 'true', resourceVersion: '11' })
    expect(clock.timers).toEqual([90_000])
  })

  it('gives up a watch that has been silent for 90 s with its connection open', async () => {
    start()
    const watch = await listed('10')
    watch.open()
    watch.event('ADDED', job('a', '11'))
    await told(1)
    clock.advance(89_999)
    watch.event('ADDED', job('b', '12'))
    await told(2)
    clock.advance(89_999)
    expect(clock.timers).toEqual([1])
    clock.advance(1)
    await watch.closed
    await pauseOver()
    expect((await server.next()).query).toMatchObject({ resourceVersion: '12' })
    expect(lines).toMatchObject([{ fields: { failure: 'timeout', next: 'watch' } }])
  })

  it('gives up a watch that never opens', async () => {
    start()
    const watch = await listed('10')
    clock.advance(90_000)
    await watch.closed
    await pauseOver()
    expect((await server.next()).query).toMatchObject({ watch: 'true', resourceVersion: '10' })
  })

  it('goes on when a handler throws', async () => {
    store.subscribe(() => {
      throw new Error('broken')
    })
    start()
    const watch = await listed('10', job('a', '1'))
    watch.open()
    watch.event('ADDED', job('b', '11'))
    expect(await told(2)).toEqual(['- > a/a@1', '- > b/b@11'])
  })

  it('keeps what it knew of an object that it no longer understands, and reports it', async () => {
    const project = (object: KubernetesObject): KubernetesObject | undefined => {
      if (object.metadata.resourceVersion === '12') throw new Error('broken')
      return object.metadata.resourceVersion === '11' ? undefined : object
    }
    start({ project })
    const watch = await listed('10', job('a', '1'), job('b', '2'))
    watch.open()
    watch.event('MODIFIED', job('a', '11'))
    watch.event('MODIFIED', job('b', '12'))
    watch.event('ADDED', job('c', '13'))
    expect(await told(3)).toEqual(['- > a/a@1', '- > b/b@2', '- > c/c@13'])
    expect(lines.map(({ level }) => level)).toEqual(['error', 'error'])
    watch.reset()
    await pauseOver()
    ;(await server.next()).refuse(410, 'Expired')
    await pauseOver()
    await listed('20', job('a', '11'), job('b', '12'), job('c', '13'))
    expect(seen).toHaveLength(3)
  })

  it('watches each of the given namespaces, and has synced when all of them are listed', async () => {
    start({ namespaces: ['acme', 'globex'] })
    const acme = await server.next(({ path }) => path === '/apis/batch/v1/namespaces/acme/jobs')
    const globex = await server.next(({ path }) => path === '/apis/batch/v1/namespaces/globex/jobs')
    acme.list('10', [job('a', '1')])
    const watch = await server.next()
    expect(watch.path).toBe('/apis/batch/v1/namespaces/acme/jobs')
    expect(store.isSynced).toBe(false)
    globex.list('20', [])
    await store.synced
    expect((await server.next()).query).toMatchObject({ resourceVersion: '20' })
    expect(seen).toEqual(['- > a/a@1'])
  })

  it('changes nothing after it was stopped, and lets connections and timers go', async () => {
    let stopped: Promise<void> | undefined
    store.subscribe((_, after) => {
      if (after?.metadata.resourceVersion === '11') stopped = stop()
    })
    start()
    const watch = await listed('10', job('a', '1'))
    watch.open()
    const line = (version: string): string => `${JSON.stringify({ type: 'MODIFIED', object: job('a', version) })}\n`
    watch.write(line('11') + line('12'))
    await watch.closed
    await stopped
    expect(seen).toEqual(['- > a/a@1', 'a/a@1 > a/a@11'])
    expect(clock.timers).toEqual([])
    expect(lines).toEqual([])
  })

  it('changes nothing when it is stopped while a list is read', async () => {
    const { promise: stopped, resolve } = Promise.withResolvers<void>()
    start({
      project: (object) => {
        resolve(stop())
        return object
      },
    })
    ;(await server.next()).list('10', [job('a', '1')])
    await stopped
    expect(seen).toEqual([])
    expect(store.isSynced).toBe(false)
  })

  it('can be stopped while it waits and while it lists', async () => {
    start()
    ;(await server.next()).refuse(500, 'InternalError')
    await clock.timer((set) => set === shortest)
    await stop()
    clock.advance(shortest)
    start()
    const list = await server.next()
    await stop()
    await list.closed
    expect(clock.timers).toEqual([])
    expect(server.unexpected).toEqual([])
  })
})

describe('jitteredBackoff', () => {
  it('lies between the least and a ceiling that doubles up to the most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const delay = jitteredBackoff(failures, { least: 800, most: 30_000 }, () => random)
        expect(delay).toBeGreaterThanOrEqual(800)
        expect(delay).toBeLessThanOrEqual(Math.min(30_000, 800 * 2 ** failures))
      }),
    )
  })
})

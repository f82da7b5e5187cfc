import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { day, hour, minute } from '../model/instant.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { Deadlines } from './deadlines.ts'
import { namespaceOf, WorkQueue } from './work-queue.ts'

let clock: FakeClock
let queue: WorkQueue

beforeEach(() => {
  clock = new FakeClock()
  queue = new WorkQueue(clock)
})

/** Everything that a free worker would be given now, in order. */
async function drained(): Promise<string[]> {
  const keys: string[] = []
  while (queue.depth > 0) {
    const key = await queue.next()
    if (key === undefined) break
    keys.push(key)
    queue.done(key)
  }
  return keys
}

describe('WorkQueue', () => {
  it('has a key once, however often it was added', async () => {
    for (const key of ['a/1', 'a/2', 'a/1', 'a/1']) queue.add(key)
    expect(await drained()).toEqual(['a/1', 'a/2'])
  })

  it('gives a key to the worker that has been waiting', async () => {
    const next = queue.next()
    queue.add('a/1')
    expect(await next).toBe('a/1')
  })

  it('does not give a key to a second worker while the first has it, and gives it again afterwards', async () => {
    queue.add('a/1')
    await queue.next()
    queue.add('a/1')
    queue.add('a/1')
    expect(queue.depth).toBe(0)
    queue.done('a/1')
    expect(await drained()).toEqual(['a/1'])
    expect(await drained()).toEqual([])
  })

  it('lets namespaces take turns', async () => {
    for (const key of ['a/1', 'a/2', 'a/3', 'a/4', 'b/1', 'b/2', 'c']) queue.add(key)
    expect(await drained()).toEqual(['a/1', 'b/1', 'c', 'a/2', 'b/2', 'a/3', 'a/4'])
  })

  it('adds a key at the earliest of the instants asked for, once', async () => {
    queue.addAt('a/1', clock.now() + 2 * minute)
    queue.addAt('a/1', clock.now() + minute)
    queue.addAt('a/1', clock.now() + 3 * minute)
    clock.advance(minute - 1)
    expect(await drained()).toEqual([])
    clock.advance(1)
    expect(await drained()).toEqual(['a/1'])
    clock.advance(hour)
    expect(await drained()).toEqual([])
  })

  it('sets its timer for the next key, also when that was added last', async () => {
    queue.addAt('a/1', clock.now() + 40_000)
    queue.addAt('a/2', clock.now() + 20_000)
    queue.addAt('a/3', clock.now() + 30_000)
    expect(clock.timers).toEqual([20_000])
    clock.advance(20_000)
    expect(await drained()).toEqual(['a/2'])
    expect(clock.timers).toEqual([10_000])
  })

  it('adds a key at once when its instant has passed', async () => {
    queue.addAt('a/1', clock.now())
    expect(await drained()).toEqual(['a/1'])
  })

  it('still wakes a key later that is worked on now', async () => {
    queue.addAt('a/1', clock.now() + minute)
    queue.add('a/1')
    expect(await drained()).toEqual(['a/1'])
    clock.advance(minute)
    expect(await drained()).toEqual(['a/1'])
  })

  it('adds a key that comes due while it is worked on when that is done', async () => {
    queue.addAt('a/1', clock.now() + minute)
    queue.add('a/1')
    await queue.next()
    clock.advance(minute)
    expect(queue.depth).toBe(0)
    queue.done('a/1')
    expect(queue.depth).toBe(1)
  })

  it('waits for an instant more than 24 days away with short timers, and looks at the clock each time', async () => {
    queue.addAt('a/1', clock.now() + 100 * day)
    expect(clock.timers).toEqual([minute])
    clock.advance(100 * day - 1)
    expect(await drained()).toEqual([])
    clock.advance(1)
    expect(await drained()).toEqual(['a/1'])
    expect(clock.timers).toEqual([])
  })

  it('has one timer for many keys', () => {
    for (let index = 0; index < 100; index += 1) queue.addAt(`a/${index}`, clock.now() + 1_000 + index)
    expect(clock.timers).toEqual([1_000])
  })

  it('counts failures in a row, until it is told to forget them', () => {
    expect([queue.retry('a/1'), queue.retry('a/1'), queue.retry('a/2')]).toEqual([1, 2, 1])
    queue.forget('a/1')
    expect(queue.retry('a/1')).toBe(1)
  })

  it.each([
    [1, 5],
    [2, 10],
    [10, 2_560],
    [16, 163_840],
    [17, 300_000],
    [60, 300_000],
    [2_000, 300_000],
  ])('makes a key wait after failure %i for %i ms', async (failures, delay) => {
    for (let failed = 1; failed < failures; failed += 1) {
      queue.retry('a/1')
      clock.advance(5 * minute)
    }
    await drained()
    expect(queue.retry('a/1')).toBe(failures)
    clock.advance(delay - 1)
    expect(queue.depth).toBe(0)
    clock.advance(1)
    expect(queue.depth).toBe(1)
  })

  it('does not try again before the server allows it', () => {
    queue.retry('a/1', 7_000)
    clock.advance(6_999)
    expect(queue.depth).toBe(0)
    clock.advance(1)
    expect(queue.depth).toBe(1)
  })

  it('ends when the work in progress has ended, and hands out nothing more', async () => {
    for (const key of ['a/1', 'a/2']) queue.add(key)
    queue.addAt('a/3', clock.now() + minute)
    await queue.next()
    const idle = new WorkQueue(clock).next()
    const stopped = queue.stop()
    queue.add('a/4')
    queue.addAt('a/5', clock.now() + 1)
    expect(await queue.next()).toBeUndefined()
    expect(await Promise.race([stopped.then(() => 'stopped'), Promise.resolve('working')])).toBe('working')
    queue.done('a/1')
    await stopped
    expect(clock.timers).toEqual([])
    expect(await Promise.race([idle, Promise.resolve('waiting')])).toBe('waiting')
  })

  it('tells workers that wait when it is stopped', async () => {
    const next = queue.next()
    await queue.stop()
    expect(await next).toBeUndefined()
  })
})

describe('namespaceOf', () => {
  it('is the part before the first slash, or the whole key', () => {
    expect(namespaceOf('acme/ScheduledIntegration/payroll')).toBe('acme')
    expect(namespaceOf('acme')).toBe('acme')
  })
})

describe('Deadlines', () => {
  it('give the keys that are due, earliest first, like a sorted list would', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), at: fc.nat(100), take: fc.option(fc.nat(40), { freq: 2 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const deadlines = new Deadlines()
        const expected = new Map<string, number>()
        for (const { key, at, take } of steps) {
          deadlines.set(key, at)
          expected.set(key, Math.min(at, expected.get(key) ?? Infinity))
          expect(deadlines.next()).toBe(Math.min(...expected.values()))
          if (take === null) continue
          const due = [...expected].filter(([, at]) => at <= take)
          for (const [key] of due) expected.delete(key)
          expect(deadlines.take(take).toSorted()).toEqual(due.map(([key]) => key).toSorted())
        }
      }),
    )
  })

  it('do not grow with instants that earlier ones have replaced', () => {
    const deadlines = new Deadlines()
    deadlines.set('b', 500_000)
    for (let round = 0; round < 1_000; round += 1) {
      deadlines.set('a', 1_000_000 + round)
      deadlines.set('a', round)
      expect(deadlines.take(round)).toEqual(['a'])
    }
    expect(deadlines.held).toBeLessThan(100)
  })

  it('give keys in the order of their instants, however often these were moved forward', () => {
    const deadlines = new Deadlines()
    for (let round = 10; round > 0; round -= 1) {
      for (let key = 0; key < 100; key += 1) deadlines.set(String(key), round * 1_000 + ((key * 37) % 100))
    }
    const instants = deadlines.take(10_000).map((key) => (Number(key) * 37) % 100)
    expect(instants).toEqual(Array.from({ length: 100 }, (_, index) => index))
    expect(deadlines.next()).toBeUndefined()
  })
})

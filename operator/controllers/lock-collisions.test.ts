import { expect, test } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { integration, schedule } from '../testing/builders.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { MemoryStores } from '../testing/memory-stores.ts'
import { LockCollisions } from './lock-collisions.ts'

const locked = (name: string) => integration({ name, spec: { locks: [{ name: 'people.csv' }] } })
const at = (name: string, cron: string, more: JsonObject & { readonly generation?: number } = {}) => {
  const { generation = 1, ...spec } = more
  return schedule({ name, generation, spec: { integrationRef: { name: `of-${name}` }, schedule: { recurrence: { cron } }, ...spec } })
}

function started() {
  const memory = new MemoryStores()
  const clock = new FakeClock()
  for (const name of ['of-a', 'of-b']) memory.put('integrations', locked(name))
  memory.put('scheduledintegrations', at('a', '30 2 * * *'))
  memory.put('scheduledintegrations', at('b', '40 2 * * *'))
  const collisions = new LockCollisions(memory.stores, clock)
  const woken: string[] = []
  const stop = collisions.wake.subscribe((key) => woken.push(key))
  return { memory, clock, collisions, woken, stop }
}

test('a collision is known as soon as it is asked for, and nobody is woken for it', () => {
  const { clock, collisions, woken } = started()
  expect(collisions.of('acme/a')?.lock).toBe('people.csv')
  expect(collisions.of('acme/b')).toEqual(collisions.of('acme/a'))
  expect(collisions.of('other/a')).toBeUndefined()
  clock.advance(10_000)
  expect(woken).toEqual([])
})

test('a change of one wakes the other, once, a moment later, and only if it matters to it', () => {
  const { memory, clock, collisions, woken } = started()
  collisions.of('acme/a')
  clock.advance(10_000)
  memory.put('scheduledintegrations', at('b', '41 2 * * *', { generation: 2 }))
  memory.put('scheduledintegrations', at('b', '42 2 * * *', { generation: 3, suspend: true }))
  expect(woken).toEqual([])
  clock.advance(10_000)
  expect(woken).toEqual(['acme/a', 'acme/b'])
  expect(collisions.of('acme/a')).toBeUndefined()
  memory.put('scheduledintegrations', at('b', '43 2 * * *', { generation: 4, suspend: true }))
  clock.advance(10_000)
  expect(woken).toHaveLength(2)
})

test('a lock that is no longer declared is no collision', () => {
  const { memory, clock, collisions, woken } = started()
  collisions.of('acme/a')
  clock.advance(10_000)
  memory.put('integrations', integration({ name: 'of-b', generation: 2 }))
  clock.advance(10_000)
  expect(woken).toEqual(['acme/a', 'acme/b'])
})

test('on another day it is looked for anew', () => {
  const { clock, collisions } = started()
  const first = collisions.of('acme/a')
  clock.advance(31 * 24 * 3_600_000)
  expect(collisions.of('acme/a')).not.toEqual(first)
})

test('nothing is left running once nobody listens', () => {
  const { memory, clock, collisions, woken, stop } = started()
  collisions.of('acme/a')
  stop()
  memory.put('scheduledintegrations', at('b', '0 9 * * *', { generation: 2 }))
  clock.advance(10_000)
  expect(woken).toEqual([])
})

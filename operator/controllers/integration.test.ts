import { describe, expect, it } from 'vitest'
import { second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { integration, nothingLearned, schedule, set } from '../testing/builders.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { MemoryStores } from '../testing/memory-stores.ts'
import { integrationController } from './integration.ts'

const hourly = { schedule: { recurrence: { cron: '0 * * * *' } } }
const ofSet = (name: string) => schedule({ name, spec: { ...hourly, integrationRef: { kind: 'IntegrationSet', name: 'nightly' } } })

function scheduledBy(memory: MemoryStores, name: string): unknown {
  const observed = integrationController(memory.stores, new FakeClock()).observe(`acme/${name}`, nothingLearned)
  return observed && [observed.scheduledBy, ...observed.schedules.map((one) => one.name)]
}

function stores(setSpec: JsonObject = {}): MemoryStores {
  const memory = new MemoryStores()
  for (const name of ['export', 'structure', 'people']) memory.put('integrations', integration({ name }))
  memory.put('integrationsets', set({ spec: setSpec }))
  return memory
}

describe('what schedules an Integration', () => {
  it('is what names it, and what names a set of which it is a member', () => {
    const memory = stores()
    memory.put('scheduledintegrations', schedule({ name: 'direct' }))
    memory.put('scheduledintegrations', ofSet('by-set'))
    expect(['export', 'structure', 'people', 'nobody'].map((name) => scheduledBy(memory, name))).toEqual([[1, 'direct'], [1, 'by-set'], [1, 'by-set'], undefined])
  })

  it('is a set of which it is a member, if that has a schedule of its own', () => {
    expect(scheduledBy(stores(), 'people')).toEqual([0])
    expect(scheduledBy(stores(hourly), 'people')).toEqual([1, 'IntegrationSet nightly'])
    expect(scheduledBy(stores({ ...hourly, suspend: true }), 'people')).toEqual([1])
  })

  it('is looked at again, once a second, when the set or a schedule of it changes', () => {
    const memory = stores()
    const clock = new FakeClock()
    const woken: string[] = []
    for (const wake of integrationController(memory.stores, clock).wakes) wake.subscribe((key) => woken.push(key))
    clock.advance(second)
    woken.splice(0)
    memory.put('scheduledintegrations', ofSet('a'))
    memory.put('scheduledintegrations', ofSet('b'))
    expect(woken).toEqual([])
    clock.advance(second)
    expect(woken.toSorted()).toEqual(['acme/people', 'acme/structure'])
    memory.put('integrationsets', set({ resourceVersion: '2', generation: 2, spec: hourly }))
    clock.advance(second)
    expect(woken.toSorted()).toEqual(['acme/people', 'acme/people', 'acme/structure', 'acme/structure'])
  })
})

import { describe, expect, it } from 'vitest'
import { annotation } from '../model/names.ts'
import { second } from '../model/instant.ts'
import { integration, lease, schedule, set, tenant } from '../testing/builders.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { MemoryStores } from '../testing/memory-stores.ts'
import type { ServerObject } from '../testing/virtual-api-server.ts'
import { scheduleController } from './schedule.ts'

const hourly = { schedule: { recurrence: { cron: '0 * * * *' } } }
const named = schedule({ name: 'early', spec: { ...hourly, integrationRef: { kind: 'IntegrationSet', name: 'nightly' } } })
const job = (labels: Readonly<Record<string, string>>): ServerObject => ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x', namespace: 'acme', uid: 'x', resourceVersion: '1', creationTimestamp: '', labels }, spec: {} })

/** What a change wakes, a second later at the latest. */
function wokenBy(change: (memory: MemoryStores) => void): readonly string[] {
  const memory = new MemoryStores()
  for (const name of ['export', 'structure', 'people']) memory.put('integrations', integration({ name }))
  memory.put('integrationsets', set())
  memory.put('scheduledintegrations', named)
  memory.put('scheduledintegrations', schedule())
  memory.put('leases', lease)
  const clock = new FakeClock()
  const woken: string[] = []
  for (const wake of scheduleController(memory.stores, clock, 'Automatic').wakes) wake.subscribe((key) => woken.push(key))
  clock.advance(second)
  woken.splice(0)
  change(memory)
  clock.advance(second)
  return [...new Set(woken)].toSorted()
}

describe('the controller of schedules', () => {
  it.each<[string, (memory: MemoryStores) => void, readonly string[]]>([
    ['an Integration that a schedule names', (memory) => memory.put('integrations', integration({ generation: 2 })), ['acme/nightly']],
    ['an Integration of a set', (memory) => memory.put('integrations', integration({ name: 'people', generation: 2 })), ['acme/early', 'acme/nightly/set']],
    ['a set', (memory) => memory.put('integrationsets', set({ generation: 2 })), ['acme/early', 'acme/nightly/set']],
    ['only the status of a set', (memory) => memory.put('integrationsets', set({ resourceVersion: '2', status: {} })), ['acme/nightly/set']],
    ['a schedule of a set', (memory) => memory.put('scheduledintegrations', { ...named, metadata: { ...named.metadata, name: 'late', uid: 'late' } }), ['acme/late', 'acme/nightly/set']],
    ['a run of a schedule', (memory) => memory.put('jobs', job({ 'integration-scheduler.io/schedule': 'early', 'integration-scheduler.io/set': 'nightly' })), ['acme/early']],
    ['a run of a set by its own schedule', (memory) => memory.put('jobs', job({ 'integration-scheduler.io/set': 'nightly' })), ['acme/nightly/set']],
    ['a member of a run', (memory) => memory.put('jobs', job({ 'integration-scheduler.io/set': 'nightly', 'integration-scheduler.io/member': 'people' })), []],
    ['a lock that is taken', (memory) => memory.put('leases', { ...lease, metadata: { ...lease.metadata, resourceVersion: '2', annotations: { [annotation.locks]: '{}' } } }), []],
    ['the table of locks that is made', (memory) => memory.put('leases', { ...lease, metadata: { ...lease.metadata, uid: 'another' } }), ['acme/early', 'acme/nightly', 'acme/nightly/set']],
    ['what a namespace says of activation', (memory) => memory.put('namespaces', tenant({ resourceVersion: '2', activation: 'Required' })), ['acme/early', 'acme/nightly', 'acme/nightly/set']],
    ['a namespace that was made anew', (memory) => memory.put('namespaces', tenant({ uid: 'another' })), ['acme/early', 'acme/nightly', 'acme/nightly/set']],
    ['anything else of a namespace', (memory) => memory.put('namespaces', { ...tenant({ resourceVersion: '2' }), metadata: { ...tenant().metadata, labels: { team: 'payroll' }, annotations: { note: 'x' } } }), []],
    ['another namespace', (memory) => memory.put('namespaces', { ...tenant(), metadata: { ...tenant().metadata, name: 'globex' } }), []],
  ])('looks again after a change of %s', (_what, change, want) => expect(wokenBy(change)).toEqual(want))
})

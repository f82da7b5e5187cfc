import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, apiVersion, setRunManager } from '../model/names.ts'
import { cronJob, integration, job, schedule } from '../testing/builders.ts'
import { MemoryStores } from '../testing/memory-stores.ts'
import type { ServerObject } from '../testing/virtual-api-server.ts'
import { watchRuns, watchSchedules } from './run-metrics.ts'

function watched() {
  const memory = new MemoryStores()
  const registry = new Registry()
  const leader = { isLeading: true }
  watchRuns(registry, memory.stores, () => leader.isLeading)
  watchSchedules(registry, memory.stores)
  const put = (name: string, status?: JsonObject) => memory.put('scheduledintegrations', schedule({ name, ...(status === undefined ? {} : { status }) }))
  /** The series of a metric that are not 0, as `labels value`. */
  const series = async (name: string) =>
    (await registry.getSingleMetricAsString(`integration_scheduler_${name}`)).split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.endsWith(' 0')).map((line) => line.replace(`integration_scheduler_${name}`, ''))
  return { memory, leader, put, series }
}

describe('runs_total', () => {
  test('has every final outcome from the start', async () => {
    const { memory, series } = watched()
    memory.put('scheduledintegrations', schedule())
    const registry = new Registry()
    watchRuns(registry, memory.stores, () => true)
    const text = await registry.getSingleMetricAsString('integration_scheduler_runs_total')
    expect([...text.matchAll(/outcome="(\w+)"\} 0/g)].map(([, outcome]) => outcome)).toEqual(['Succeeded', 'CompletedWithErrors', 'Failed', 'Skipped', 'Missed', 'Unknown', 'Unplanned', 'Replaced'])
    expect(await series('runs_total')).toEqual([])
  })

  test('counts what changes, not what was there before', async () => {
    const { put, series } = watched()
    put('old', { counts: { succeeded: 40, failed: 2 } })
    put('new')
    put('old', { counts: { succeeded: 41, failed: 2 } })
    put('new', { counts: { succeeded: 1, skipped: 3 } })
    put('new', { counts: { succeeded: 1, skipped: 3 } })
    expect(await series('runs_total')).toEqual(['{outcome="Succeeded"} 2', '{outcome="Skipped"} 3'])
  })

  test('counts a run that was missed and came after all once in the long run', async () => {
    const { put, series } = watched()
    put('a')
    put('a', { counts: { missed: 1 } })
    put('a', { counts: { missed: 0, succeeded: 1 } })
    put('a', { counts: { missed: 1, succeeded: 1 } })
    expect(await series('runs_total')).toEqual(['{outcome="Succeeded"} 1', '{outcome="Missed"} 1'])
    put('a', { counts: { missed: 2, succeeded: 1 } })
    expect(await series('runs_total')).toEqual(['{outcome="Succeeded"} 1', '{outcome="Missed"} 2'])
  })

  test('is left to the process that works', async () => {
    const { put, leader, series } = watched()
    leader.isLeading = false
    put('a')
    put('a', { counts: { succeeded: 1 } })
    leader.isLeading = true
    put('a', { counts: { succeeded: 2 } })
    expect(await series('runs_total')).toEqual(['{outcome="Succeeded"} 1'])
  })

  test('does not count a schedule that was deleted and made again', async () => {
    const { memory, put, series } = watched()
    put('a', { counts: { succeeded: 1 } })
    memory.remove('scheduledintegrations', schedule({ name: 'a' }))
    put('a', { counts: { succeeded: 7 } })
    expect(await series('runs_total')).toEqual([])
  })

  test('counts sets with a schedule, and runs on demand when they end', async () => {
    const { memory, series } = watched()
    const metadata = (name: string): ServerObject['metadata'] => ({ ...schedule().metadata, name, uid: name })
    const set = (status: JsonObject): ServerObject => ({ apiVersion, kind: 'IntegrationSet', metadata: metadata('nightly'), spec: { members: [] }, status })
    const run = (status: JsonObject): ServerObject => ({ apiVersion, kind: 'IntegrationRun', metadata: metadata('now'), spec: { scheduleRef: { name: 'x' } }, status })
    memory.put('integrationsets', set({}))
    memory.put('integrationsets', set({ counts: { failed: 1 } }))
    for (const outcome of ['Waiting', 'Running', 'Succeeded', 'Succeeded']) memory.put('integrationruns', run({ outcome }))
    expect(await series('runs_total')).toEqual(['{outcome="Succeeded"} 1', '{outcome="Failed"} 1'])
  })
})

describe('of Jobs', () => {
  const made = cronJob(schedule(), integration(), { expression: { schedule: '0 * * * *', timeZone: 'Etc/UTC' } })
  const waiting = (time: string, annotations: Readonly<Record<string, string>> = {}, suspend = true): ServerObject => ({ ...job(made, time, { annotations: { [annotation.gate]: '{}', ...annotations } }), spec: { suspend }, status: {} })

  test('those that wait are shown by their namespace', async () => {
    const { memory, series } = watched()
    memory.put('jobs', waiting('2026-03-02T10:00Z'))
    memory.put('jobs', waiting('2026-03-02T11:00Z'))
    memory.put('jobs', waiting('2026-03-02T12:00Z', { [annotation.skipped]: '{"outcome":"Skipped","reason":"StillRunning","message":""}' }))
    memory.put('jobs', waiting('2026-03-02T13:00Z', { [annotation.released]: '2026-03-02T13:00:00Z' }, false))
    memory.put('jobs', job(made, '2026-03-02T14:00Z'))
    expect(await series('runs_waiting')).toEqual(['{namespace="acme"} 2'])
    memory.remove('jobs', waiting('2026-03-02T10:00Z'))
    memory.put('jobs', waiting('2026-03-02T11:00Z', { [annotation.released]: '2026-03-02T13:00:00Z' }, false))
    expect(await series('runs_waiting')).toEqual([])
  })

  test('runs of sets are measured when they end', async () => {
    const { memory, series } = watched()
    const setRun = (outcome: 'Running' | 'Complete'): ServerObject => ({ ...job(made, '2026-03-02T10:00Z', { outcome }), spec: { managedBy: setRunManager } })
    memory.put('jobs', setRun('Running'))
    memory.put('jobs', setRun('Complete'))
    memory.put('jobs', setRun('Complete'))
    memory.put('jobs', job(made, '2026-03-02T11:00Z'))
    memory.put('jobs', job(made, '2026-03-02T11:00Z', { outcome: 'Complete' }))
    expect(await series('set_run_duration_seconds')).toEqual(expect.arrayContaining(['_sum{outcome="Succeeded"} 9', '_count{outcome="Succeeded"} 1']))
  })
})

test('each schedule has series of its own, that go with it', async () => {
  const { memory, put, series } = watched()
  const runs = [{ name: 'c', outcome: 'Waiting' }, { name: 'b', outcome: 'Skipped' }, { name: 'a', outcome: 'Succeeded', completionTime: '1970-01-01T00:01:00Z' }]
  put('a', { suspended: true, nextRunTime: '1970-01-01T00:02:00Z', runs })
  expect(await series('next_run_timestamp_seconds')).toEqual(['{namespace="acme",kind="ScheduledIntegration",name="a"} 120'])
  expect(await series('last_success_timestamp_seconds')).toEqual(['{namespace="acme",kind="ScheduledIntegration",name="a"} 60'])
  expect(await series('suspended')).toEqual(['{namespace="acme",kind="ScheduledIntegration",name="a"} 1'])
  expect(await series('last_outcome')).toEqual(['{namespace="acme",kind="ScheduledIntegration",name="a",outcome="Skipped"} 1'])
  memory.remove('scheduledintegrations', schedule({ name: 'a' }))
  expect(await series('last_outcome')).toEqual([])
})

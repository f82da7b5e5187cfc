import { describe, expect, it } from 'vitest'
import { hour, minute } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { at, integration, schedule } from '../testing/builders.ts'
import { objectOf, objectsIn } from '../testing/json-reading.ts'
import { VirtualCluster } from '../testing/virtual-cluster.ts'

const now = at('2026-03-02T10:30:00Z')

/** Six runs of an hourly schedule, each of `duration` milliseconds: what was written for them, and how the schedule stands. */
async function sixRuns(spec: JsonObject, template: JsonObject = {}, duration = 5_000): Promise<{ readonly writes: Readonly<Record<string, number>>; readonly status: JsonObject; readonly cluster: VirtualCluster }> {
  const cluster = new VirtualCluster({ now, run: () => ({ duration, succeeds: true }) })
  cluster.put('integrations', integration({ spec: template }))
  cluster.put('scheduledintegrations', schedule({ spec, created: '2026-03-02T10:30Z' }))
  cluster.controller.start()
  cluster.operator.start()
  await cluster.runFor(5 * hour)
  const before = cluster.requests.length
  await cluster.runFor(6 * hour)
  expect(cluster.operator.bugs).toEqual([])
  const writes: Record<string, number> = {}
  for (const { verb, target } of cluster.requests.slice(before)) {
    const write = [verb, target.resource, target.subresource].filter(Boolean).join(' ')
    if (verb !== 'get') writes[write] = (writes[write] ?? 0) + 1
  }
  return { writes, status: objectOf(cluster.server.get('scheduledintegrations', 'nightly')?.status), cluster }
}

describe('a run of the gate', () => {
  it('that starts at once costs as many writes of its Job and of the status as any other, and those of the lock table', async () => {
    const ungated = await sixRuns({})
    expect(ungated.writes).toEqual({ 'patch jobs': 6, 'delete jobs': 6, 'patch scheduledintegrations status': 12 })
    const { writes, status } = await sixRuns({ overlapPolicy: 'Skip' }, { locks: [{ name: 'people.csv' }] })
    const { 'patch leases': table, ...others } = writes
    expect(others).toEqual(ungated.writes)
    expect(table).toBeLessThanOrEqual(2 * 6)
    expect(status).toMatchObject({ counts: { succeeded: 11 } })
  })

  it('that is skipped costs three: the word on its Job, the status, and its removal', async () => {
    const { status, cluster } = await sixRuns({ overlapPolicy: 'Skip' }, {}, 90 * minute)
    // Every other one finds the one before in progress.
    expect(status).toMatchObject({ counts: { succeeded: 5, skipped: 5 } })
    const skippedJobs = new Set(objectsIn(status.runs).filter(({ outcome }) => outcome === 'Skipped').map(({ jobName }) => jobName))
    const ofJobs = cluster.requests.filter(({ target }) => target.resource === 'jobs' && skippedJobs.has(target.name)).map(({ verb }) => verb)
    expect(ofJobs.filter((verb) => verb === 'patch')).toHaveLength(skippedJobs.size)
    expect(ofJobs.filter((verb) => verb === 'delete').length).toBeGreaterThanOrEqual(skippedJobs.size - 1)
    expect(cluster.operator.events.filter(({ reason }) => reason === 'RunSkipped')).toHaveLength(5)
  })
})

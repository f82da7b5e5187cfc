import { describe, expect, it } from 'vitest'
import type { Instant } from '../model/instant.ts'
import { hour, second } from '../model/instant.ts'
import { type World, at, objectsOf } from './builders.ts'
import { type Summary, planned, summaryOf } from './plan-summary.ts'
import { VirtualCluster } from './virtual-cluster.ts'

/** What is there and what time it is, and the plan that is wanted for it: all actions, in their order; of the rest what is said. */
export interface PlanRow {
  readonly given: World
  /** `2026-03-02T10:00:00Z`. */
  readonly now: string
  readonly want: Pick<Summary, 'actions'> & Partial<Summary>
}

/** For each row: the plan is as wanted; and carried out on a cluster, it ends in a plan that has nothing left to do. */
export function itPlans(rows: Readonly<Record<string, PlanRow>>): void {
  describe.each(Object.entries(rows))('%s', (_name, { given, now, want }) => {
    it('is planned so', () => {
      const summary = summaryOf(given, at(now))
      const asked = Object.fromEntries(Object.entries(summary).filter(([name]) => name in want))
      expect(asked).toEqual(want)
    })
    it('comes to rest', async () => {
      const writes = await writesAfter(given, at(now))
      expect(writes.late).toEqual([])
      expect(writes.all.length).toBeLessThan(12)
    })
  })
}

/** What the operator sends on a cluster on which nothing else happens: all of it, and what it still sends after five seconds. */
export async function writesAfter(given: World, now: Instant): Promise<{ readonly all: readonly string[]; readonly late: readonly string[] }> {
  const cluster = new VirtualCluster({ now, lag: () => 0, latency: () => 0, run: () => ({ duration: hour, succeeds: true }) })
  for (const [resource, object] of objectsOf(given)) cluster.put(resource, object)
  cluster.operator.start()
  await cluster.runFor(6 * second)
  const sent = cluster.requests.map(({ at, verb, target }) => ({ at, text: `${verb} ${target.resource} ${target.subresource ?? ''}`.trim() }))
  expect(cluster.operator.bugs).toEqual([])
  return { all: sent.map(({ text }) => text), late: sent.filter((request) => request.at > now + 5 * second).map(({ text }) => text) }
}

/** The same world with the status that the operator gives it at that time. */
export function withStatus(world: World, now: string): World {
  const { actions, status } = planned(world, at(now))
  if (actions.length > 0 || status === undefined) throw new Error(`it is not in order: ${JSON.stringify(actions)}`)
  return { ...world, schedule: { ...world.schedule, status: status.status } }
}

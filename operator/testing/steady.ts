import { day, minute, second } from '../model/instant.ts'
import { occurrencesOf } from '../model/occurrences.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import { at, integration, objectsOf, schedule } from './builders.ts'
import { asBody } from './stage.ts'
import type { Resource, ServerObject } from './virtual-api-server.ts'
import { VirtualCluster } from './virtual-cluster.ts'

const begin = at('2026-03-02T10:00:10Z')

/** A schedule that has run for a while, with all that belongs to it, and the time at which nothing is left to do about it. */
export interface Steady {
  readonly objects: readonly (readonly [Resource, ServerObject])[]
  readonly now: number
}

/** Lived on the model: until its fifth run is over, but for 50 days at most. */
export async function steady(given: Schedule): Promise<Steady> {
  const owner = schedule({ created: '2026-03-02T10:00:00Z', spec: { schedule: asBody(given) } })
  const cluster = await VirtualCluster.started({ now: begin, run: () => ({ duration: 5 * second, succeeds: true }) }, objectsOf({ schedule: owner, integration: integration() }))
  const checked = occurrencesOf(given)
  let fifth = begin
  for (let count = 0; checked.ok && count < 5; count++) fifth = Math.min(checked.value.next(fifth) ?? fifth, begin + 50 * day)
  await cluster.runUntil(fifth + 3 * minute)
  const resources = ['integrations', 'scheduledintegrations', 'cronjobs', 'jobs', 'leases'] as const
  return { objects: resources.flatMap((resource) => cluster.server.list(resource).map((object) => [resource, object] as const)), now: cluster.now }
}

/** The same with other names and UIDs. */
export function renamed({ objects, now }: Steady, index: number): Steady {
  const name = (text: string) => text.replaceAll('nightly', `nightly-${index}`).replaceAll(/"(cronjobs|jobs)-(\d)/g, `"$1-${index}-$2`)
  const copies = objects.map(([resource, object]): readonly [Resource, ServerObject] => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was such an object before
    return [resource, JSON.parse(name(JSON.stringify(object))) as ServerObject]
  })
  return { objects: copies, now }
}

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { minute, second } from '../model/instant.ts'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { annotation, setRunManager } from '../model/names.ts'
import { gateTermsIn } from '../model/run-terms.ts'
import { type World, at, integration, objectsOf, schedule, set } from '../testing/builders.ts'
import { objectOf, objectsIn, textOf } from '../testing/json-reading.ts'
import { itPlans, writesAfter } from '../testing/plan-rows.ts'
import { planned, summaryOf } from '../testing/plan-summary.ts'
import { type ServerObject, serverObject } from '../testing/virtual-api-server.ts'
import { VirtualCluster } from '../testing/virtual-cluster.ts'
import { setRunName } from './schedulable.ts'

const hourly = { schedule: { recurrence: { cron: '0 * * * *' } } }
const members = ['structure', 'people'].map((name) => integration({ name }))
const now = '2026-03-02T10:30:00Z'
const bySelf: World = { schedule: set({ created: '2026-03-02T10:29:00Z', spec: hourly }), members }
const named = schedule({ name: 'early', created: '2026-03-02T10:29:00Z', spec: { ...hourly, integrationRef: { kind: 'IntegrationSet', name: 'nightly' } } })
const byAnother: World = { schedule: named, set: set(), members }
const onlyTemplate: World = { schedule: set({ created: '2026-03-02T10:29:00Z' }), members }

describe('what becomes of a set', () => {
  itPlans({
    'with a schedule of its own it gets a CronJob': { given: bySelf, now, want: { actions: ['create armed [0 * * * *] Etc/UTC'], events: [], wake: 'on change' } },
    'named by a ScheduledIntegration it does too': { given: byAnother, now, want: { actions: ['create armed [0 * * * *] Etc/UTC'] } },
    'without a schedule it is a template': { given: onlyTemplate, now, want: { actions: [], conditions: ['Ready=True Valid'], events: [], wake: 'on change' } },
    'that lacks a member starts nothing': {
      given: { ...bySelf, members: members.slice(1) },
      now,
      want: { actions: [], conditions: ['Ready=False IntegrationNotFound', 'Stalled=True IntegrationNotFound', 'Active=False IntegrationNotFound'], events: ['IntegrationNotFound!'] },
    },
    'applied together with its members it waits for them without an alarm': {
      given: { ...bySelf, schedule: set({ created: '2026-03-02T10:29:58Z', spec: hourly }), members: [] },
      now,
      want: { actions: [], conditions: [], events: [], wake: '10:30:03' },
    },
    'a schedule that is applied together with its set waits for it': {
      given: { ...byAnother, schedule: { ...named, metadata: { ...named.metadata, creationTimestamp: '2026-03-02T10:29:58Z' } }, set: undefined },
      now,
      want: { actions: [], conditions: [], events: [], wake: '10:30:03' },
    },
  })

  it.each([['nightly', 'nightly-IntegrationSet'], ['my-integration-set', 'my-integration-set'], ['integrationset-1', 'integrationset-1']])('%s has runs that are called %s', (name, want) => {
    expect(setRunName(name)).toBe(want)
  })

  it('that a stale store shows is not decided from: its members count too', () => {
    const [create] = planned(bySelf, at(now)).actions
    if (create?.verb !== 'create') throw new Error('it is created')
    const object = serverObject({ ...create.object, metadata: { ...objectOf(create.object.metadata), uid: 'cj', resourceVersion: '1', creationTimestamp: now } })
    const aged = (generation: number, uid = 'people-uid') => [integration({ name: 'structure' }), integration({ name: 'people', generation, uid })]
    const written: JsonObject = JSON.parse(object.metadata.annotations?.[annotation.cursor] ?? '{}')
    expect(written.members).toEqual([{ uid: 'structure-uid', generation: 1 }, { uid: 'people-uid', generation: 1 }])
    const newer = { ...object, metadata: { ...object.metadata, annotations: { [annotation.cursor]: JSON.stringify({ ...written, members: [{ uid: 'people-uid', generation: 7 }] }) } } }
    expect(summaryOf({ ...bySelf, cronJob: newer, members: aged(6) }, at(now))).toEqual({ actions: [], errands: [], conditions: [], events: [], wake: 'on change' })
    expect(planned({ ...bySelf, cronJob: newer, members: aged(7) }, at(now)).status).toBeDefined()
    expect(planned({ ...bySelf, cronJob: newer, members: aged(1, 'another') }, at(now)).status).toBeDefined()
  })
})

async function alive(world: World, start = now, duration = 5 * second): Promise<VirtualCluster> {
  return VirtualCluster.started({ now: at(start), run: () => ({ duration, succeeds: true }) }, objectsOf(world))
}

function writes({ requests }: VirtualCluster): readonly string[] {
  return requests.filter(({ verb }) => verb !== 'get').map(({ verb, target }) => [verb, target.resource, target.subresource].filter(Boolean).join(' '))
}

function statusOf({ server }: VirtualCluster): JsonObject {
  return objectOf(server.get('integrationsets', 'nightly')?.status)
}

/** Jobs of the set as a whole; those of its members are made by another controller. */
function setRuns({ jobs }: VirtualCluster): readonly ServerObject[] {
  return jobs.filter(({ spec }) => spec.managedBy === setRunManager)
}

function readyOf(life: VirtualCluster): unknown {
  const [ready] = objectsIn(statusOf(life).conditions)
  return ready && `${textOf(ready.status)} ${textOf(ready.reason)}`
}

const heldIn = (object: ServerObject | undefined): boolean | undefined => {
  const annotations = objectOf(object?.kind === 'CronJob' ? objectOf(objectOf(object.spec.jobTemplate).metadata).annotations : object?.metadata.annotations)
  return gateTermsIn(textOf(annotations[annotation.gate]))?.held
}

const anything = fc.record({
  overlapPolicy: fc.constantFrom('Allow', 'Skip', 'Queue', 'Replace'),
  suspend: fc.boolean(),
  isSelf: fc.boolean(),
  locks: fc.boolean(),
  timeoutSeconds: fc.option(fc.constantFrom(60, 3600), { nil: undefined }),
  execution: fc.constantFrom('Sequential', 'Parallel'),
  value: fc.option(fc.string(), { nil: undefined }),
  from: fc.option(fc.constantFrom<JsonObject>({ configMapKeyRef: { name: 'x', key: 'k' } }, { secretKeyRef: { name: 'x', key: 'k' } }, { persistentVolumeClaim: { claimName: 'c', path: 'in/a.csv' } }), { nil: undefined }),
  missing: fc.constantFrom(undefined, undefined, undefined, 'people'),
})

it('a set of any kind comes to rest: what the API server makes of its CronJob is what is wanted', async () => {
  await fc.assert(fc.asyncProperty(anything, async ({ overlapPolicy, suspend, isSelf, locks, timeoutSeconds, execution, value, from, missing }) => {
    const people = integration({ name: 'people', spec: { parameters: [{ name: 'a' }], files: [{ name: 'b' }], ...(locks ? { locks: [{ name: 'db' }] } : {}) } })
    const given = { ...(value === undefined ? {} : { parameters: [{ name: 'a', value }] }), ...(from === undefined ? {} : { files: [{ name: 'b', from }] }) }
    const scheduling = { ...hourly, overlapPolicy, suspend }
    const spec = { execution, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }), members: [{ name: 'structure', integrationRef: { name: 'structure' } }, { name: 'people', integrationRef: { name: 'people' }, ...given }] }
    const world: World = {
      ...(isSelf ? { schedule: set({ created: '2026-03-02T10:20:00Z', spec: { ...spec, ...scheduling } }) } : { schedule: { ...named, spec: { ...named.spec, ...scheduling } }, set: set({ spec }) }),
      members: [integration({ name: 'structure' }), people].filter(({ metadata }) => metadata.name !== missing),
    }
    const { all, late } = await writesAfter(world, at(now))
    expect(late).toEqual([])
    // Its CronJob, its status, its stamp, the status of a set that is named, and that of the same set when it is counted.
    expect(all.length).toBeLessThanOrEqual(missing === undefined ? 5 : 2)
  }), { numRuns: 40 })
})

describe('a set on a cluster', () => {
  it('costs three writes, and then none while nothing happens', async () => {
    const life = await alive(bySelf)
    await life.runFor(20 * minute)
    life.operator.crash()
    life.operator.start()
    await life.runFor(minute)
    expect(writes(life)).toEqual(['create cronjobs', 'patch integrationsets status', 'patch integrationsets'])
    expect(readyOf(life)).toBe('True Scheduled')
    expect(life.server.get('cronjobs', 'nightly-set')?.metadata.ownerReferences).toMatchObject([{ kind: 'IntegrationSet', name: 'nightly', controller: true }])
  })

  it('starts one Job, which is left to the operator, and tells of it', async () => {
    const life = await alive(bySelf, '2026-03-02T10:59:50Z')
    await life.runFor(minute)
    expect(setRuns(life)).toHaveLength(1)
    expect(setRuns(life)[0]?.spec).toMatchObject({ suspend: false, backoffLimit: 0 })
    expect(statusOf(life)).toMatchObject({ lastRun: { name: 'nightly-IntegrationSet-20260302-1100', outcome: 'Succeeded', members: [{ name: 'structure' }, { name: 'people' }] } })
  })

  it('counts who schedules it, once a second', async () => {
    const life = await alive(onlyTemplate)
    for (let index = 0; index < 20; index++) life.put('scheduledintegrations', { ...named, metadata: { ...named.metadata, name: `early-${index}`, uid: `uid-${index}` } })
    await life.runFor(10 * second)
    expect(statusOf(life)).toMatchObject({ scheduledBy: 20 })
    expect(statusOf(life).suspended).toBeUndefined()
    expect(writes(life).filter((write) => write === 'patch integrationsets status')).toHaveLength(2)
  })

  it('is parked when a member is gone, holds even Jobs that are made by hand, and goes on when it is back', async () => {
    const life = await alive(bySelf)
    await life.runFor(minute)
    life.server.delete('integrations', 'people')
    await life.runFor(minute)
    const parked = life.server.get('cronjobs', 'nightly-set')
    expect(readyOf(life)).toBe('False IntegrationNotFound')
    expect(parked?.spec.suspend).toBe(true)
    expect(objectOf(objectOf(parked?.spec.jobTemplate).spec).suspend).toBe(true)
    expect(heldIn(parked)).toBe(true)
    life.put('integrations', integration({ name: 'people', uid: 'again' }))
    await life.runFor(5 * minute)
    expect(readyOf(life)).toBe('True Scheduled')
    expect(heldIn(life.server.get('cronjobs', 'nightly-set'))).toBeUndefined()
  })

  it('gives a change of a member to later runs, and not to one that has started', async () => {
    const life = await alive(bySelf, '2026-03-02T10:59:50Z')
    await life.runFor(minute)
    const [job] = setRuns(life)
    life.edit('integrations', 'people', (spec) => ({ ...spec, retries: 5 }))
    await life.runFor(5 * minute)
    const carried = (annotations: Json | undefined) => textOf(objectOf(annotations)[annotation.members]).includes('"backoffLimit":5')
    expect(carried(life.jobs.find(({ metadata }) => metadata.uid === job?.metadata.uid)?.metadata.annotations)).toBe(false)
    expect(carried(objectOf(objectOf(life.server.get('cronjobs', 'nightly-set')?.spec.jobTemplate).metadata).annotations)).toBe(true)
    expect(life.operator.events.map(({ reason }) => reason)).not.toContain('DriftRepaired')
  })

  it('loses its CronJob with its schedule, while the run in progress goes on', async () => {
    const life = await alive(bySelf, '2026-03-02T10:59:50Z', 4 * minute)
    await life.runFor(minute)
    life.edit('integrationsets', 'nightly', ({ schedule: _gone, ...spec }) => spec)
    await life.runFor(5 * minute)
    expect(life.server.get('cronjobs', 'nightly-set')).toBeUndefined()
    expect(setRuns(life)).toHaveLength(1)
    expect(readyOf(life)).toBe('True Valid')
    expect(statusOf(life)).toMatchObject({ lastRun: { outcome: 'Running' } })
    await life.runFor(5 * minute)
    expect(statusOf(life)).toMatchObject({ lastRun: { outcome: 'Succeeded' }, counts: { succeeded: 1 } })
    const before = writes(life).length
    await life.runFor(2 * minute)
    expect(writes(life)).toHaveLength(before)
    life.edit('integrationsets', 'nightly', (spec) => ({ ...spec, ...hourly }))
    await life.runFor(minute)
    expect(readyOf(life)).toBe('True Scheduled')
  })

  it('lets an occurrence that was in flight be decided before its CronJob goes', async () => {
    const life = await alive(bySelf, '2026-03-02T10:59:30Z')
    await life.runFor(20 * second)
    life.edit('integrationsets', 'nightly', ({ schedule: _gone, ...spec }) => spec)
    await life.runFor(30 * second)
    expect(life.server.get('cronjobs', 'nightly-set')?.spec.suspend).toBe(true)
    await life.runFor(3 * minute)
    expect(life.server.get('cronjobs', 'nightly-set')).toBeUndefined()
    expect(setRuns(life).length + objectsIn(statusOf(life).runs).filter(({ outcome }) => outcome === 'Skipped').length).toBe(1)
  })

  it('of the same name as a schedule keeps out of its way', async () => {
    const life = await alive({ ...bySelf, integration: integration() })
    life.put('scheduledintegrations', schedule({ created: now }))
    await life.runFor(31 * minute)
    expect(life.server.list('cronjobs').map(({ metadata }) => metadata.name).toSorted()).toEqual(['nightly', 'nightly-set'])
    expect(statusOf(life)).toMatchObject({ lastRun: { jobName: `nightly-set-${at('2026-03-02T11:00Z') / minute}` } })
    expect(life.server.get('scheduledintegrations', 'nightly')?.status).toMatchObject({ lastRun: { jobName: `nightly-${at('2026-03-02T11:00Z') / minute}`, outcome: 'Succeeded' } })
  })
})

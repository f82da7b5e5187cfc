import { describe, expect, it } from 'vitest'
import { minute } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label } from '../model/names.ts'
import { type World, at, cronJob, integration, lease, objectsOf, schedule, set, tenant, withNamespaceSeen } from '../testing/builders.ts'
import { objectOf, objectsIn, textOf } from '../testing/json-reading.ts'
import { itPlans, withStatus } from '../testing/plan-rows.ts'
import { planned } from '../testing/plan-summary.ts'
import type { ServerObject } from '../testing/virtual-api-server.ts'
import { VirtualCluster } from '../testing/virtual-cluster.ts'

const template = integration()
const here = 'acme-uid'
const elsewhere = 'globex-uid'
const old = '2026-03-01T00:00:00Z'
const now = '2026-03-02T10:30:00Z'
const justNow = '2026-03-02T10:29:50Z'
const hourly = { schedule: '0 * * * *', timeZone: 'Etc/UTC' }
const required = tenant({ activation: 'Required' })
const isActive = { observedGeneration: 1, conditions: [{ type: 'Active', status: 'True', observedGeneration: 1, lastTransitionTime: old, reason: 'Scheduled', message: '' }] }

interface Given {
  readonly created?: string
  readonly home?: string
  readonly activate?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly spec?: JsonObject
  readonly status?: JsonObject
}

function owner({ home, activate, ...given }: Given): ServerObject {
  const annotations = { ...(home === undefined ? {} : { [annotation.home]: home }), ...(activate === undefined ? {} : { [annotation.activate]: activate }) }
  return schedule({ created: old, ...given, annotations })
}

function world(given: Given, rest: Partial<World> = {}): World {
  return { schedule: owner(given), integration: template, lease, ...rest }
}

/** With the CronJob that the operator has made of it: armed, unless it was not enabled. */
function made(given: Given, { enabled = true, ...rest }: Partial<World> & { readonly enabled?: boolean } = {}): World {
  const schedulable = owner(given)
  return { ...world(given, rest), cronJob: cronJob(schedulable, template, { expression: hourly, lastScheduleTime: '2026-03-02T10:00Z', suspend: !enabled, cursor: { enabled } }) }
}

const heldAs = (reason: string) => [`Ready=True ${reason}`, `Active=False ${reason}`]
const stamp = 'change nightly as integration-scheduler-home'

describe('a schedule that may not start where it is', () => {
  itPlans({
    'gets a CronJob that is suspended when it is a copy': {
      given: world({ home: elsewhere }),
      now,
      want: { actions: ['create parked [0 * * * *] Etc/UTC'], errands: [] },
    },
    'is told as a copy, once': {
      given: made({ home: elsewhere }, { enabled: false }),
      now,
      want: { actions: [], errands: [], conditions: heldAs('CopiedFromAnotherTenant'), events: ['CopiedFromAnotherTenant!'], wake: 'on change' },
    },
    'is not told again': {
      given: withStatus(made({ home: elsewhere }, { enabled: false }), now),
      now: '2026-03-02T10:31:00Z',
      want: { actions: [], conditions: heldAs('CopiedFromAnotherTenant'), events: [] },
    },
    'is told as a copy also when it is suspended': {
      given: made({ home: elsewhere, spec: { suspend: true } }, { enabled: false }),
      now,
      want: { actions: [], conditions: heldAs('CopiedFromAnotherTenant'), events: ['CopiedFromAnotherTenant!'] },
    },
    'is parked where it fires': {
      given: made({ home: elsewhere }),
      now,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:30:00 undecided'] },
    },
    'is told as a copy while it is not certain yet that nothing is on its way': {
      given: (() => {
        const before = made({ home: elsewhere }, { enabled: false })
        const undecided = cronJob(before.schedule, template, { expression: hourly, lastScheduleTime: '2026-03-02T09:00Z', suspend: true, cursor: { enabled: false, parkedAt: at('2026-03-02T10:00:05Z') } })
        return { ...before, cronJob: undecided }
      })(),
      now: '2026-03-02T10:00:30Z',
      want: { actions: [], conditions: ['Ready=False Progressing', 'Reconciling=True Progressing', 'Active=False CopiedFromAnotherTenant'], events: ['CopiedFromAnotherTenant!'] },
    },
    'waits for activation where that is required': {
      given: made({ spec: { suspend: false } }, { enabled: false, tenant: required }),
      now,
      want: { actions: [], errands: [], conditions: heldAs('ActivationRequired'), events: ['ActivationRequired!'] },
    },
    'waits for activation as a clone whose suspend is not set': {
      given: made({ labels: { [label.clone]: 'from-acme' } }, { enabled: false }),
      now,
      want: { actions: [], conditions: heldAs('ActivationRequired'), events: ['ActivationRequired!'] },
    },
    'is told what is wrong with it first': {
      given: { ...made({ home: elsewhere }, { enabled: false }), schedule: owner({ home: elsewhere, spec: { integrationRef: { name: 'nobody' } } }) },
      now,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC holding Jobs floor 10:30:00'], conditions: ['Ready=False IntegrationNotFound', 'Stalled=True IntegrationNotFound', 'Active=False IntegrationNotFound'] },
    },
  })

  it('is called suspended in its status', () => {
    expect(planned(made({ home: elsewhere }, { enabled: false }), at(now)).status?.status.suspended).toBe(true)
  })
})

describe('a schedule that is activated', () => {
  itPlans({
    'starts with the next run from then on': {
      given: made({ home: elsewhere, activate: here }, { enabled: false }),
      now,
      want: { actions: ['patch: armed [0 * * * *] Etc/UTC floor 10:30:00'] },
    },
    'starts with a window where its cron would fire what is past': {
      given: made({ home: elsewhere, activate: here }, { enabled: false }),
      now: '2026-03-02T11:02:00Z',
      want: { actions: ['patch: armed [0 12-23 2 3 *] Etc/UTC floor 11:02:00'] },
    },
    'before anybody has looked at it does not start what was due since its creation': {
      given: world({ home: elsewhere, activate: here, created: '2026-03-02T09:59:00Z' }),
      now: '2026-03-02T10:02:00Z',
      want: { actions: ['create armed [0 * * * *] Etc/UTC'] },
    },
    'without an activation that was due counts, as always': {
      given: world({ home: here }),
      now,
      want: { actions: ['create armed [0 * * * *] Etc/UTC'] },
    },
    'stays suspended as long as it says so': {
      given: made({ home: elsewhere, activate: here, spec: { suspend: true } }, { enabled: false }),
      now,
      want: { actions: [], conditions: heldAs('Suspended'), events: ['Suspended'] },
    },
  })

  it('counts from its activation when nobody has looked at it before', () => {
    const floorOf = (given: Given) => {
      const [create] = planned(world({ created: '2026-03-02T09:59:00Z', ...given }), at('2026-03-02T10:02:00Z')).actions
      const { annotations } = objectOf(objectOf(create?.verb === 'create' ? create.object : undefined).metadata)
      const cursor: JsonObject = JSON.parse(textOf(objectOf(annotations)[annotation.cursor]))
      return textOf(cursor.floor).slice(11, 19)
    }
    expect(floorOf({ home: elsewhere, activate: here })).toBe('10:02:00')
    expect(floorOf({ activate: here })).toBe('10:02:00')
    expect(floorOf({ home: here })).toBe('09:59:00')
    expect(floorOf({})).toBe('09:59:00')
  })
})

describe('the stamp', () => {
  itPlans({
    'is written once the status tells that it is active': {
      given: made({ status: isActive }),
      now,
      want: { actions: [], errands: [stamp] },
    },
    'waits for that status': {
      given: made({}),
      now,
      want: { actions: [], errands: [] },
    },
    'waits for the status of the present generation': {
      given: made({ status: { ...isActive, observedGeneration: 0 } }),
      now,
      want: { actions: [], errands: [] },
    },
    'is written once': {
      given: made({ status: isActive, home: here }),
      now,
      want: { actions: [], errands: [] },
    },
    'replaces that of another namespace after an activation': {
      given: made({ status: isActive, home: elsewhere, activate: here }),
      now,
      want: { actions: [], errands: [stamp] },
    },
    'is not written for what is suspended': {
      given: made({ status: isActive, spec: { suspend: true } }, { enabled: false }),
      now,
      want: { actions: [], errands: [] },
    },
    'of a young schedule needs a look at its namespace': {
      given: made({ status: isActive, created: justNow }),
      now,
      want: { actions: [], errands: ['look at acme'] },
    },
    'of a young schedule follows the look': {
      given: withNamespaceSeen(made({ status: isActive, created: justNow }), justNow, tenant()),
      now,
      want: { actions: [], errands: [stamp] },
    },
    'is not written where the look tells what the store has not shown yet: it is parked instead': {
      given: { ...withNamespaceSeen(made({ status: isActive, created: justNow }), justNow, required) },
      now,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:30:00'], errands: [] },
    },
    'names the namespace that was seen, not one that the store still shows': {
      given: withNamespaceSeen(made({ status: isActive, created: justNow, home: here }), justNow, tenant({ uid: 'acme-again' })),
      now,
      want: { actions: ['patch: parked [0 * * * *] Etc/UTC floor 10:30:00'], errands: [] },
    },
    'of what is active where it becomes required goes on': {
      given: made({ status: isActive }, { tenant: required }),
      now,
      want: { actions: [], errands: [stamp] },
    },
  })

  it('is one annotation, upon the version that was decided on', () => {
    const [errand] = planned(made({ status: isActive }), at(now)).errands ?? []
    expect(errand?.action).toMatchObject({
      verb: 'merge',
      resource: 'scheduledintegrations',
      namespace: 'acme',
      name: 'nightly',
      uid: 'nightly-uid',
      resourceVersion: '1',
      fieldManager: 'integration-scheduler-home',
      merge: { metadata: { annotations: { 'integration-scheduler.io/home': here } } },
    })
  })

  it('is written to sets as well', async () => {
    const given = set({ created: old, spec: { schedule: { recurrence: { cron: '0 * * * *' } } } })
    const cluster = await VirtualCluster.started({ now: at(now) }, objectsOf({ schedule: given, members: ['structure', 'people'].map((name) => integration({ name })) }))
    await cluster.runFor(minute)
    expect(cluster.server.get('integrationsets', 'nightly')?.metadata.annotations).toEqual({ [annotation.home]: here })
  })

  it.each([
    { lag: 20, requests: 1 },
    { lag: 5_000, requests: 1 },
    { lag: 40_000, requests: 2 }, // after ten seconds nobody knows whether the store is late, or the write was lost: the server refuses the second one
  ])('is written once, though the store shows it after $lag ms', async ({ lag, requests }) => {
    const cluster = await VirtualCluster.started({ now: at(now), lag: (_who, resource) => (resource === 'scheduledintegrations' ? lag : 20) }, objectsOf(world({})))
    await cluster.runFor(5 * minute)
    const stamps = cluster.history.filter(({ resource, before, after }) => resource === 'scheduledintegrations' && before !== undefined && before.metadata.annotations?.[annotation.home] !== after?.metadata.annotations?.[annotation.home])
    expect(stamps).toHaveLength(1)
    expect(cluster.requests.filter(({ target, verb }) => verb === 'patch' && target.resource === 'scheduledintegrations' && target.subresource === undefined)).toHaveLength(requests)
  })
})

describe('a young schedule that carries the UID of a namespace', () => {
  itPlans({
    'is not started before its namespace has been looked at': {
      given: world({ home: here, created: justNow }),
      now,
      want: { actions: ['look at acme'], conditions: [] },
    },
    'is not started either when it was activated there': {
      given: world({ activate: here, created: justNow }, { tenant: required }),
      now,
      want: { actions: ['look at acme'] },
    },
    'starts when it is that namespace': {
      given: withNamespaceSeen(world({ home: here, created: justNow }), justNow, tenant()),
      now,
      want: { actions: ['create armed [0 * * * *] Etc/UTC'] },
    },
    'is a copy when its namespace was deleted and made anew, whatever the store shows': {
      given: withNamespaceSeen(world({ home: here, created: justNow }), justNow, tenant({ uid: 'acme-again' })),
      now,
      want: { actions: ['create parked [0 * * * *] Etc/UTC'] },
    },
    'is left alone when there is no namespace: it goes as well': {
      given: withNamespaceSeen(world({ home: here, created: justNow }), justNow),
      now: '2026-03-02T10:29:55Z',
      want: { actions: [], conditions: [], wake: '10:30:00' },
    },
    'needs no look while it is suspended': {
      given: world({ home: here, created: justNow, spec: { suspend: true } }),
      now,
      want: { actions: ['create parked [0 * * * *] Etc/UTC'] },
    },
  })

  it('is judged by the strictest that is known of its namespace until the store can be believed', () => {
    const given = withNamespaceSeen(made({ created: justNow }, { enabled: false, tenant: required }), justNow, tenant())
    expect(planned(given, at(now))).toMatchObject({ actions: [], requeue: { kind: 'at', at: at('2026-03-02T10:31:50Z') } })
  })
})

/** A namespace that is deleted and made again, and its schedule restored from a dump. */
async function restored(lag: number): Promise<VirtualCluster> {
  const cluster = await VirtualCluster.started({ now: at('2026-03-02T10:30:30Z'), lag: (_who, resource) => (resource === 'namespaces' ? lag : 20) }, objectsOf(world({ spec: { schedule: { recurrence: { cron: '* * * * *' } } } })))
  await cluster.runFor(minute)
  const dump = cluster.server.get('scheduledintegrations', 'nightly')
  cluster.server.delete('scheduledintegrations', 'nightly')
  cluster.put('namespaces', tenant({ uid: 'acme-again' }))
  cluster.server.create('scheduledintegrations', { spec: dump?.spec, metadata: { name: 'nightly', annotations: dump?.metadata.annotations } })
  return cluster
}

describe.each([20, 70_000])('a namespace restored from a dump, seen %d ms later', (lag) => {
  it('starts nothing until somebody activates it there, and then nothing of the past', async () => {
    const cluster = await restored(lag)
    const from = cluster.now
    await cluster.runFor(5 * minute)
    const jobsSince = (instant: number) => cluster.history.filter(({ at: born, resource, before }) => resource === 'jobs' && before === undefined && born > instant).map(({ after }) => Number(textOf(after?.metadata.name).split('-').at(-1)) * minute)
    expect(jobsSince(from)).toEqual([])
    const active = objectsIn(cluster.server.get('scheduledintegrations', 'nightly')?.status?.conditions).find(({ type }) => type === 'Active')
    expect(active).toMatchObject({ status: 'False', reason: 'CopiedFromAnotherTenant' })
    expect(cluster.operator.events.filter(({ reason }) => reason === 'CopiedFromAnotherTenant')).toHaveLength(1)

    const activated = cluster.now
    cluster.server.modify('scheduledintegrations', 'nightly', (object) => ({ ...object, metadata: { ...object.metadata, annotations: { ...objectOf(object.metadata.annotations), [annotation.activate]: 'acme-again' } } }))
    await cluster.runFor(5 * minute)
    expect(jobsSince(activated)).toHaveLength(5)
    expect(Math.min(...jobsSince(activated))).toBeGreaterThan(activated)
    expect(cluster.server.get('scheduledintegrations', 'nightly')?.metadata.annotations?.[annotation.home]).toBe('acme-again')
  })
})

import { describe, expect, it } from 'vitest'
import { formatInstant, hour, minute, second } from '../model/instant.ts'
import type { Job } from '../model/kubernetes.ts'
import { annotation, setRunManager } from '../model/names.ts'
import { stuckOf } from '../model/run-terms.ts'
import { at, nothingLearned } from '../testing/builders.ts'
import { type Evidence, type Plan, evidenceKey } from './action.ts'
import type { PodsSeen } from './pods-seen.ts'
import { isToBeWatched, planStuckRun } from './stuck-run.ts'

const born = at('2026-03-02T10:00:00Z')
const regarding = { apiVersion: 'integration-scheduler.io/v1alpha1', kind: 'ScheduledIntegration', namespace: 'acme', name: 'nightly', uid: 'su' }
const noPod: PodsSeen = { pods: [], events: [] }
const fine: PodsSeen = { pods: [{ name: 'p', created: born, phase: 'Running', isGoing: false, node: 'n', conditions: [], containers: [] }], events: [] }

interface Given {
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Job['spec']
  readonly status?: Job['status']
  readonly deletionTimestamp?: string
}

function job({ annotations = {}, spec = {}, status, deletionTimestamp }: Given = {}): Job {
  const metadata = { name: 'nightly-1', namespace: 'acme', uid: 'u', resourceVersion: '7', creationTimestamp: formatInstant(born), annotations, deletionTimestamp }
  return { metadata, spec, ...(status === undefined ? {} : { status }) }
}

function plan(given: Job, now: number, seen?: { readonly at: number; readonly pods: PodsSeen }): Plan {
  const evidence: readonly [string, Evidence][] = seen === undefined ? [] : [[evidenceKey('pods', 'acme', 'nightly-1'), { resource: 'pods', object: undefined, ...seen }]]
  return planStuckRun({ job: given, regarding, name: 'nightly-20260302-1000', learned: { ...nothingLearned, evidence: new Map(evidence) } }, now)
}

const said = ({ actions }: Plan) => actions.map((action) => (action.verb === 'patch' ? action.patch : action.verb))
const stuck = (lookedAt: number) => ({ [annotation.stuck]: JSON.stringify({ reason: 'NoPod', message: 'm', since: formatInstant(born + minute), at: new Date(lookedAt).toISOString() }) })
const path = '/metadata/annotations/integration-scheduler.io~1stuck'

describe('a run whose pod is not up', () => {
  it('is left alone for a minute', () => {
    expect(plan(job(), born + minute - 1)).toEqual({ actions: [], status: undefined, events: [], requeue: { kind: 'at', at: born + minute, because: expect.any(String) } })
  })

  it('is left alone for a minute from when the gate released it, or its controller began', () => {
    const released = job({ annotations: { [annotation.released]: formatInstant(born + hour) } })
    expect(plan(released, born + hour + 59 * second).actions).toEqual([])
    expect(plan(job({ status: { startTime: formatInstant(born + hour) } }), born + hour).requeue).toMatchObject({ at: born + hour + minute })
  })

  it('is looked at, then told on its Job and by an event', () => {
    const now = born + minute
    expect(said(plan(job(), now))).toEqual(['lookAtPods'])
    const told = plan(job(), now + 100, { at: now, pods: noPod })
    expect(said(told)).toEqual([[{ op: 'add', path, value: expect.any(String) }]])
    expect(told.actions).toMatchObject([{ uid: 'u', resourceVersion: '7' }])
    expect(told.events).toEqual([{ regarding, type: 'Warning', reason: 'RunStuck', message: 'run nightly-20260302-1000 does not start: kube-controller-manager has made no pod for its Job: is it running?', action: 'Run' }])
    const [action] = told.actions
    const [operation] = action?.verb === 'patch' ? action.patch : []
    const value = operation?.op === 'add' && typeof operation.value === 'string' ? operation.value : ''
    expect(stuckOf(job({ annotations: { [annotation.stuck]: value } }))).toEqual({ reason: 'NoPod', message: expect.any(String), since: '2026-03-02T10:01:00Z', at: '2026-03-02T10:01:00.000Z' })
  })

  it('is looked at again after one, two, four and more minutes, at last every thirty', () => {
    const looked: number[] = []
    let annotations = {}
    for (let now = born; now < born + 4 * hour; now += 10 * second) {
      const next = plan(job({ annotations }), now)
      if (next.actions.length === 0) continue
      looked.push((now - born) / minute)
      annotations = stuck(now)
      expect(plan(job({ annotations }), now).actions).toEqual([])
    }
    expect(looked).toEqual([1, 3, 7, 15, 31, 61, 91, 121, 151, 181, 211])
  })

  it('keeps the time since when it hangs, also when the reason is another one', () => {
    const now = born + 3 * minute
    const [action] = plan(job({ annotations: stuck(born + minute) }), now, { at: now, pods: { pods: [], events: [{ about: 'Job', reason: 'FailedCreate', message: 'exceeded quota: x', at: now }] } }).actions
    expect(JSON.stringify(action)).toContain('2026-03-02T10:01:00Z')
    expect(JSON.stringify(action)).toContain('QuotaExceeded')
  })

  it('is not said to hang on an old look', () => {
    expect(said(plan(job({ annotations: stuck(born + minute) }), born + 3 * minute, { at: born + 2 * minute, pods: noPod }))).toEqual(['lookAtPods'])
  })

  it('is no longer said to hang when the look finds nothing wrong', () => {
    const now = born + 3 * minute
    expect(said(plan(job({ annotations: stuck(born + minute) }), now, { at: now, pods: fine }))).toEqual([[{ op: 'remove', path }]])
    expect(plan(job(), now, { at: now, pods: fine })).toMatchObject({ actions: [], events: [], requeue: { at: born + 7 * minute } })
  })
})

describe('nobody looks at', () => {
  const failed = { conditions: [{ type: 'Failed', status: 'True' }] }
  it.each<[string, Given]>([
    ['a run whose pod is up', { status: { ready: 1 } }],
    ['a run that has ended', { status: failed, annotations: stuck(born + minute) }],
    ['a run that waits at the gate', { spec: { suspend: true } }],
    ['a run that is being deleted', { deletionTimestamp: formatInstant(born) }],
    ['the Job of a set: its members have the pods', { spec: { managedBy: setRunManager } }],
  ])('%s', (_name, given) => {
    expect(plan(job(given), born + hour)).toEqual({ actions: [], status: undefined, events: [], requeue: { kind: 'onChange' } })
    expect(isToBeWatched(job(given))).toBe(false)
  })

  it('a run whose pod has come up: what was said of it is taken back', () => {
    const given = job({ status: { ready: 1 }, annotations: stuck(born + minute) })
    expect(isToBeWatched(given)).toBe(true)
    expect(said(plan(given, born + 2 * minute))).toEqual([[{ op: 'remove', path }]])
  })
})

import { describe, expect, it } from 'vitest'
import { projectedJob } from '../kube/projections.ts'
import { day } from '../model/instant.ts'
import { annotation, label } from '../model/names.ts'
import { at, cronJob, integration, job, schedule } from '../testing/builders.ts'
import type { ServerObject } from '../testing/virtual-api-server.ts'
import { isLeftBehind, planUnownedJob } from './unowned-job.ts'

const made = cronJob(schedule(), integration(), { expression: { schedule: '0 * * * *', timeZone: 'Etc/UTC' } })
const ended = at('2026-03-02T10:00:10Z')
const table = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'integration-scheduler-locks', uid: 'l' }
const over = job(made, '2026-03-02T10:00Z', { outcome: 'Complete' })
const orphan = changed(over, { ownerReferences: [] })
const skipped = { ...changed(job(made, '2026-03-02T10:00Z', { annotations: { [annotation.gate]: '{}', [annotation.skipped]: '{"outcome":"Skipped","reason":"ScheduleDeleted","message":""}' } }), { ownerReferences: [] }), spec: { suspend: true } }

function changed(object: ServerObject, metadata: Partial<ServerObject['metadata']>): ServerObject {
  return { ...object, metadata: { ...object.metadata, ...metadata } }
}

function planned(object: ServerObject, now: number, { isTold = false } = {}) {
  const given = projectedJob(object)
  if (given === undefined) throw new Error('it is a Job')
  const { actions, requeue } = planUnownedJob({ job: given, isTold }, now)
  return { isLeft: isLeftBehind(given), actions: actions.map(({ verb, name }) => `${verb} ${name}`), wake: requeue.kind === 'at' ? requeue.at : undefined }
}

describe('a Job whose schedule was deleted', () => {
  it('is deleted a day after its end', () => {
    expect(planned(orphan, ended + day - 1)).toEqual({ isLeft: true, actions: [], wake: ended + day })
    expect(planned(orphan, ended + day)).toEqual({ isLeft: true, actions: ['delete nightly-29540760'], wake: undefined })
  })

  it('is deleted a day after it was made if it never starts', () => {
    expect(planned(skipped, at('2026-03-03T09:59:59Z')).actions).toEqual([])
    expect(planned(skipped, at('2026-03-03T10:00:00Z')).actions).toEqual(['delete nightly-29540760'])
  })

  it('is deleted whatever its name is, if its second owner says that it is ours', () => {
    expect(planned(changed(orphan, { name: 'payroll-now', ownerReferences: [table] }), ended + day).actions).toEqual(['delete payroll-now'])
  })
})

describe('left alone is', () => {
  const { [label.schedule]: _schedule, ...others } = over.metadata.labels ?? {}
  it.each<[string, ServerObject]>([
    ['a Job that somebody controls', over],
    ['a Job in progress', changed(job(made, '2026-03-02T10:00Z'), { ownerReferences: [table] })],
    ['a Job that still waits: the gate decides what becomes of it', { ...skipped, metadata: { ...skipped.metadata, annotations: { [annotation.gate]: '{}' } } }],
    ['a Job that a person has released', { ...skipped, spec: { suspend: false } }],
    ['a Job that is going already', changed(orphan, { deletionTimestamp: '2026-03-02T10:29:00Z' })],
    ['a copy under another name', changed(orphan, { name: 'my-copy' })],
    ['a Job without our labels', changed(orphan, { labels: {} })],
    ['a Job that says no schedule', changed(orphan, { labels: others })],
    ['the member of a set: it goes with the run of the set', changed(orphan, { labels: { ...over.metadata.labels, [label.member]: 'people' }, ownerReferences: [table] })],
  ])('%s', (_name, object) => expect(planned(object, ended + 2 * day)).toMatchObject({ actions: [], wake: undefined }))

  it('a Job that its schedule still tells of: its CronJob was deleted by hand', () => {
    expect(planned(orphan, ended + day, { isTold: true })).toEqual({ isLeft: true, actions: [], wake: ended + 2 * day })
  })
})

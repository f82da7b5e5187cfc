import { describe, expect, it } from 'vitest'
import { projectedCronJob } from '../kube/projections.ts'
import { label, manager } from '../model/names.ts'
import { at, cronJob, integration, nothingLearned, schedule } from '../testing/builders.ts'
import type { ServerObject } from '../testing/virtual-api-server.ts'
import { evidenceKey } from './action.ts'
import { planUnowned } from './unowned.ts'

const now = at('2026-03-02T10:30:00Z')
const made = cronJob(schedule(), integration(), { expression: { schedule: '0 * * * *', timeZone: 'Etc/UTC' } })
const leftBehind = changed(made, { ownerReferences: [] })

function changed(object: ServerObject, metadata: Partial<ServerObject['metadata']>, suspend = false): ServerObject {
  return { ...object, metadata: { ...object.metadata, ...metadata }, spec: { ...object.spec, suspend } }
}

function actions(object: ServerObject, seen?: { readonly at: number; readonly object: ServerObject }): readonly string[] {
  const given = projectedCronJob(object)
  if (given === undefined) throw new Error('it is a CronJob')
  const evidence = new Map(seen === undefined ? [] : [[evidenceKey('cronjobs', 'acme', 'nightly'), { resource: 'cronjobs' as const, at: seen.at, object: projectedCronJob(seen.object) }]])
  return planUnowned({ cronJob: given, learned: { ...nothingLearned, evidence } }, now).actions.map((action) => (action.verb === 'delete' ? `delete ${action.propagationPolicy} ${action.uid}@${action.resourceVersion}` : `${action.verb} ${action.name}`))
}

describe('a CronJob that its deleted schedule left behind', () => {
  it('is suspended at once', () => expect(actions(leftBehind)).toEqual(['patch nightly']))

  it('is suspended also if it was that of a set', () => {
    const labels = { [label.managedBy]: manager, [label.set]: 'nightly' }
    expect(actions(changed(leftBehind, { labels, name: 'nightly-set' }))).toEqual(['patch nightly-set'])
    expect(actions(changed(leftBehind, { labels }))).toEqual([])
  })

  it('is looked at once more, and then deleted without its Jobs', () => {
    const suspended = changed(leftBehind, {}, true)
    expect(actions(suspended)).toEqual(['look nightly'])
    expect(actions(suspended, { at: now - 1_000, object: suspended })).toEqual(['delete Orphan cj-uid@1'])
  })

  it('is not deleted upon a look that is old, or that shows another version', () => {
    const suspended = changed(leftBehind, {}, true)
    expect(actions(suspended, { at: now - 6_000, object: suspended })).toEqual(['look nightly'])
    expect(actions(suspended, { at: now, object: changed(suspended, { resourceVersion: '2' }, true) })).toEqual([])
  })
})

describe('left alone is', () => {
  it.each<[string, ServerObject]>([
    ['a CronJob with its owner', made],
    ['one that is going already', changed(leftBehind, { deletionTimestamp: '2026-03-02T10:29:00Z' })],
    ['one without our labels', changed(leftBehind, { labels: {} })],
    ['one without a cursor', changed(leftBehind, { annotations: {} })],
    ['a copy under another name', changed(leftBehind, { name: 'my-copy' })],
  ])('%s', (_name, object) => expect(actions(object)).toEqual([]))
})

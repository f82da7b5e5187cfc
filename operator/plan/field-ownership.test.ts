import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { coveredPart, handback, isKeptByOthers, ownFields, reachesBeyond, subtree, takeover } from './field-ownership.ts'

/** As the API server writes them. */
const ours = {
  manager: 'integration-scheduler-clone', operation: 'Apply', apiVersion: 'integration-scheduler.io/v1alpha1', time: '2026-03-01T00:00:00Z', fieldsType: 'FieldsV1',
  fieldsV1: {
    'f:metadata': { 'f:labels': { 'f:team': {} } },
    'f:spec': { 'f:suspend': {}, 'f:parameters': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:value': {} } }, 'f:days': { 'v:"Monday"': {} } },
  },
}
const theirs = { manager: 'kubectl-edit', operation: 'Update', apiVersion: 'integration-scheduler.io/v1alpha1', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:runName': {}, 'f:parameters': { 'k:{"name":"b"}': { '.': {}, 'f:name': {}, 'f:values': {} } } } } }
const homes = { manager: 'integration-scheduler-home', operation: 'Update', fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:integration-scheduler.io/home': {} } } } }
const status = { manager: 'integration-scheduler', operation: 'Update', subresource: 'status', fieldsV1: { 'f:status': { 'f:suspended': {} }, 'f:spec': {} } }
const live: JsonObject = {
  metadata: { name: 'x', labels: { team: 'hr', mine: 'x' }, managedFields: [ours, theirs, homes, status] },
  spec: { suspend: true, runName: 'mine', parameters: [{ name: 'a', value: 1 }, { name: 'b', values: ['x'] }], days: ['Monday', 'Friday'] },
}

describe('what copying owns of an object', () => {
  it('is what it has applied, and nobody has changed', () => {
    expect(ownFields(live)).toEqual(ours.fieldsV1)
  })

  it.each([{ metadata: { managedFields: [theirs, status] } }, { metadata: {} }, {}])('is nothing where it has applied nothing', (object) => {
    expect(ownFields(object)).toBeUndefined()
  })

  it('is not what it has written in another way, or of a subresource', () => {
    expect(ownFields({ metadata: { managedFields: [{ ...ours, operation: 'Update' }, { ...ours, subresource: 'status' }] } })).toBeUndefined()
  })

  it('is a part of the object', () => {
    expect(coveredPart(ours.fieldsV1, live)).toEqual({ metadata: { labels: { team: 'hr' } }, spec: { suspend: true, parameters: [{ name: 'a', value: 1 }], days: ['Monday'] } })
  })

  it('of an entry of a list comes with what tells the entry', () => {
    expect(coveredPart({ 'f:parameters': { 'k:{"name":"a"}': { 'f:value': {} } } }, { parameters: [{ name: 'a', value: 1 }] })).toEqual({ parameters: [{ name: 'a', value: 1 }] })
  })

  it('is not there any more', () => {
    expect(coveredPart(ours.fieldsV1, { spec: { parameters: [{ name: 'b' }] } })).toEqual({ spec: { parameters: [] } })
  })

  it('can be asked for by field, and of what is owned as a whole by any', () => {
    const spec = subtree(ours.fieldsV1, 'f:spec')
    expect(subtree(spec, 'f:runName')).toBeUndefined()
    expect(subtree(subtree(spec, 'f:suspend'), 'f:anything')).toEqual({})
    expect(subtree(undefined, 'f:anything')).toBeUndefined()
  })
})

describe('a field that a manifest lacks', () => {
  const tree = { 'f:spec': { '.': {}, 'f:parameters': { 'k:{"name":"a"}': { '.': {}, 'f:value': {} } }, 'f:days': { 'v:"Monday"': {} }, 'f:list': { 'i:1': {} } } }
  const whole = { spec: { parameters: [{ name: 'a', value: 1 }], days: ['Monday'], list: [1, 2] } }

  it('is found, however deep', () => {
    expect(reachesBeyond(tree, whole)).toBe(false)
    for (const spec of [{ parameters: [{ name: 'a' }] }, { parameters: [{ name: 'b', value: 1 }] }, { days: ['Friday'] }, { list: [1] }]) expect(reachesBeyond(tree, { spec: { ...whole.spec, ...spec } })).toBe(true)
  })

  it('and that others own would outlast even a forced apply', () => {
    expect(isKeptByOthers(live, { spec: { runName: 'x', parameters: [{ name: 'a', value: 1 }, { name: 'b', values: [] }] } })).toBe(false)
    expect(isKeptByOthers(live, { spec: { runName: 'x', parameters: [{ name: 'a', value: 1 }] } })).toBe(true)
    expect(isKeptByOthers(live, { spec: { runName: 'x', parameters: [{ name: 'b', value: 1 }] } })).toBe(true)
  })

  it('and that only we own goes by itself', () => {
    expect(isKeptByOthers({ metadata: { managedFields: [ours, homes, status] } }, { spec: {} })).toBe(false)
  })
})

describe('a takeover', () => {
  it('makes all of the spec ours, and leaves homes and status to whom they belong', () => {
    const spec = { 'f:suspend': {}, 'f:days': { 'v:"Monday"': {} }, 'f:runName': {}, 'f:parameters': { ...ours.fieldsV1['f:spec']['f:parameters'], ...theirs.fieldsV1['f:spec']['f:parameters'] } }
    expect(takeover(live, [])).toEqual([{ op: 'replace', path: '/metadata/managedFields', value: [{ ...ours, fieldsV1: { ...ours.fieldsV1, 'f:spec': spec } }, homes, status] }])
  })

  it('takes over the annotations that are named, and leaves who owns nothing else without an entry', () => {
    const both = { ...homes, manager: 'kubectl', fieldsV1: { 'f:metadata': { 'f:annotations': { '.': {}, 'f:mine': {}, 'f:integration-scheduler.io/home': {} }, 'f:labels': { 'f:x': {} } } } }
    expect(takeover({ metadata: { managedFields: [ours, homes, both] } }, ['integration-scheduler.io/home'])).toEqual([
      { op: 'replace', path: '/metadata/managedFields', value: [
        { ...ours, fieldsV1: { ...ours.fieldsV1, 'f:metadata': { 'f:labels': { 'f:team': {} }, 'f:annotations': { 'f:integration-scheduler.io/home': {} } } } },
        { ...both, fieldsV1: { 'f:metadata': { 'f:annotations': { '.': {}, 'f:mine': {} }, 'f:labels': { 'f:x': {} } } } },
      ] },
    ])
  })

  it('is taken back as it was', () => {
    const metadata = { name: 'a', managedFields: [ours, theirs, homes] }
    expect(handback({ metadata })).toEqual([{ op: 'replace', path: '/metadata/managedFields', value: metadata.managedFields }])
  })

  it('of what we own nothing of makes an entry for us', () => {
    const [patch] = takeover({ metadata: { managedFields: [theirs] } }, [])
    expect(patch).toMatchObject({ value: [{ manager: 'integration-scheduler-clone', operation: 'Apply', fieldsType: 'FieldsV1', fieldsV1: theirs.fieldsV1 }] })
  })
})

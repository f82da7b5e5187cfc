import { describe, expect, test } from 'vitest'
import { exampleObject } from '../testing/crd-examples.ts'
import { decodeMetadata, decodeObject, decodeStatus } from './decode.ts'

const metadata = {
  name: 'weekly',
  namespace: 'acme',
  uid: '28c1d3e7-9a28-4c7b-8ebc-28dbc851a01c',
  resourceVersion: '693',
  generation: 1,
  creationTimestamp: '2026-11-22T19:07:04Z',
}

const stored = (spec: string, others: object = {}) => ({ ...exampleObject('ScheduledIntegration', 'weekly', spec), metadata, ...others })

describe('an object of the API server', () => {
  test('loses fields that this version does not know', () => {
    const decoded = decodeObject('ScheduledIntegration', stored('{futureField: 1, schedule: {recurrence: {cron: "@daily", byMoon: {}}}}'))
    expect(decoded.ok && decoded.value.spec).not.toHaveProperty('futureField')
    expect(decoded.ok && decoded.value.spec.schedule.recurrence).toEqual({ cron: '@daily' })
  })

  test('gets the defaults of entries of lists, which are not stored', () => {
    const integration = { ...exampleObject('Integration', 'export', 'parameters: [{name: a}]\nfiles: [{name: f}]\nlocks: [{name: l}]'), metadata }
    expect(decodeObject('Integration', integration)).toMatchObject({
      ok: true,
      value: {
        spec: {
          parameters: [{ type: 'String', required: false, sensitive: false, separator: ',' }],
          files: [{ required: false, access: 'ReadOnly' }],
          locks: [{ mode: 'Exclusive' }],
        },
      },
    })
  })

  test('that an older CRD let in is refused with every problem and its field', () => {
    expect(decodeObject('ScheduledIntegration', stored('{overlapPolicy: Forbid, parameters: [{name: a, value: x}, {name: b}, {value: x}]}'))).toEqual({
      ok: false,
      problems: [
        { path: 'spec.parameters[1]', message: 'exactly one of value, values, valueFrom must be set' },
        { path: 'spec.parameters[2].name', message: 'is required' },
        { path: 'spec.overlapPolicy', message: 'must be one of Allow, Skip, Queue, Replace' },
      ],
    })
  })

  test('keeps its status, which counts as absent when it cannot be read', () => {
    const status = { scheduleText: 'every day at 00:00', counts: { succeeded: 3 } }
    expect(decodeObject('ScheduledIntegration', stored('{}', { status }))).toMatchObject({ ok: true, value: { status } })
    const broken = decodeObject('ScheduledIntegration', stored('{}', { status: { counts: 'many' } }))
    expect(broken.ok && broken.value.status).toBeUndefined()
  })

  test('has a status that can be read although its spec cannot', () => {
    expect(decodeStatus('ScheduledIntegration', { suspended: true, unknown: 1 })).toEqual({ suspended: true })
    expect(decodeStatus('ScheduledIntegration', { suspended: 'yes' })).toBeUndefined()
  })

  test('without metadata is none', () => {
    expect(decodeObject('Integration', {})).toEqual({ ok: false, problems: [{ path: 'metadata', message: 'is not that of an object of Kubernetes' }] })
    expect(decodeObject('Integration', undefined)).toMatchObject({ ok: false })
  })
})

describe('metadata keeps what decisions read', () => {
  test('and lets go of field managers and of what kubectl applied', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', team: 'payroll' }
    expect(decodeMetadata({ ...metadata, annotations, managedFields: [{}], selfLink: 'x' })).toEqual({ ...metadata, annotations: { team: 'payroll' } })
  })

  test('and owners and finalizers', () => {
    const owned = { ...metadata, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'b', controller: true }], finalizers: ['orphan'] }
    expect(decodeMetadata(owned)).toEqual(owned)
  })
})

describe('a TenantClone', () => {
  const clone = { ...exampleObject('TenantClone', 'from-acme', 'request: {id: a, action: Refresh}'), metadata: { ...metadata, name: 'from-acme', namespace: 'acme-test' } }

  test('copies all kinds unless it says which, leaves alone what is there, and writes', () => {
    expect(decodeObject('TenantClone', clone)).toMatchObject({
      ok: true,
      value: { spec: { source: { namespace: 'acme' }, onConflict: 'Skip', request: { id: 'a', action: 'Refresh', dryRun: false } } },
    })
    const decoded = decodeObject('TenantClone', clone)
    expect(decoded.ok && 'kinds' in decoded.value.spec).toBe(false)
  })

  test('keeps what it has come to', () => {
    const status = {
      progress: { action: 'Refresh', id: 'a', startTime: '2026-12-07T00:00:00Z', kind: 'IntegrationSet', done: 250, next: 'opaque' },
      summary: { created: 249, failed: 1 },
      items: [{ kind: 'Integration', name: 'export', result: 'Failed', reason: 'Refused', message: 'spec.container is refused', keptFields: ['.spec.retries'] }],
      requires: { secrets: ['sftp'] },
      copied: 'AAAA',
    }
    expect(decodeStatus('TenantClone', status)).toBe(status)
  })
})

test('a CloneGrant that cannot be read consents to nothing, and has no status', () => {
  const broken = { ...exampleObject('CloneGrant', 'allow', 'kinds: [Integration, Everything]'), metadata }
  expect(decodeObject('CloneGrant', broken)).toMatchObject({ ok: false, problems: [{ path: 'spec.kinds[1]' }] })
  expect(decodeStatus('CloneGrant', { anything: true })).toBeUndefined()
})

test('the annotations and labels of copies and homes are read', () => {
  const labels = { 'integration-scheduler.io/clone': 'from-acme' }
  const annotations = { 'integration-scheduler.io/home': 'u-1', 'integration-scheduler.io/activate': 'u-1', 'integration-scheduler.io/source-uid': 's-1', 'integration-scheduler.io/request': 'a' }
  expect(decodeMetadata({ ...metadata, labels, annotations })).toMatchObject({ labels, annotations })
})

test('defaults that a set gets only with a schedule are not filled in', () => {
  const set = { ...exampleObject('IntegrationSet', 'nightly', '{}'), metadata }
  const decoded = decodeObject('IntegrationSet', set)
  expect(decoded.ok && Object.keys(decoded.value.spec)).toEqual(['members', 'execution', 'onMemberFailure'])
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { orderOf, sourceOf } from '../testing/copies.ts'
import { objectOf } from '../testing/json-reading.ts'
import { copyManifest } from './copy-manifest.ts'
import { copiedTexts, isKeptByGitOps } from './tracking-metadata.ts'

const made = (source: JsonObject, spec: Parameters<typeof orderOf>[0] = {}) => copyManifest(source, orderOf(spec), true)
const metadataOf = (manifest: JsonObject) => objectOf(manifest['metadata'])
const specOf = (manifest: JsonObject) => objectOf(manifest['spec'])

describe('a copy', () => {
  const source = {
    ...sourceOf('ScheduledIntegration', {}, {
      labels: { team: 'hr' }, annotations: { 'example.com/contact': 'hr' }, generateName: 'p-', ownerReferences: [{ kind: 'Thing' }], finalizers: ['x/y'], managedFields: [{ manager: 'kubectl' }], selfLink: '/', deletionTimestamp: '2026-03-02T00:00:00Z',
    }),
    status: { suspended: false, lastRun: {} },
  }

  it('takes nothing of its source but name, labels, annotations and spec', () => {
    const manifest = made(source)
    expect(Object.keys(manifest)).toEqual(['apiVersion', 'kind', 'metadata', 'spec'])
    expect(Object.keys(metadataOf(manifest))).toEqual(['name', 'namespace', 'labels', 'annotations'])
  })

  it('says of what it is a copy, and of which TenantClone', () => {
    expect(metadataOf(made(source, { requestId: 'r1' }))).toEqual({
      name: 'payroll',
      namespace: 'acme-test',
      labels: { 'team': 'hr', 'integration-scheduler.io/clone': 'from-acme' },
      annotations: {
        'example.com/contact': 'hr',
        'integration-scheduler.io/source-namespace': 'acme',
        'integration-scheduler.io/source-uid': 'uid-of-payroll',
        'integration-scheduler.io/source-generation': '3',
        'integration-scheduler.io/request': 'r1',
      },
    })
  })

  it('keeps the phase: the anchor is in the spec', () => {
    expect(objectOf(specOf(made(source))['schedule'])).toMatchObject({ startDate: '2026-03-02', startTime: '02:30' })
  })

  it.each([true, false, undefined])('says of suspend what it is told, whatever its source says (%s)', (suspend) => {
    const enabled = sourceOf('ScheduledIntegration', { suspend })
    expect(specOf(copyManifest(enabled, orderOf(), undefined))).not.toHaveProperty('suspend')
    expect(specOf(copyManifest(enabled, orderOf(), true))['suspend']).toBe(true)
  })

  it('names no other namespace, whatever its source says', () => {
    expect(JSON.stringify(made(sourceOf('Integration', {}, { namespace: 'acme' })))).not.toMatch(/"namespace":"(?!acme-test)/)
  })
})

describe('labels and annotations', () => {
  it.each([
    'argocd.argoproj.io/tracking-id', 'argocd.argoproj.io/instance', 'kustomize.toolkit.fluxcd.io/name', 'helm.toolkit.fluxcd.io/namespace', 'fluxcd.io/sync-checksum',
    'meta.helm.sh/release-name', 'helm.sh/chart', 'app.kubernetes.io/managed-by', 'app.kubernetes.io/instance', 'config.k8s.io/owning-inventory', 'applyset.kubernetes.io/part-of',
  ])('%s is of a tool that keeps the object: it is not copied, and what carries it is left alone', (key) => {
    expect(copiedTexts({ [key]: 'x' }, [])).toEqual({})
    expect(isKeptByGitOps(sourceOf('Integration', {}, { labels: { [key]: 'x' } }))).toBe(true)
    expect(isKeptByGitOps(sourceOf('Integration', {}, { annotations: { [key]: 'x' } }))).toBe(true)
  })

  it.each([
    'kubectl.kubernetes.io/last-applied-configuration', 'velero.io/restore-name', 'config.kubernetes.io/origin', 'internal.config.kubernetes.io/path',
    'integration-scheduler.io/home', 'integration-scheduler.io/activate', 'integration-scheduler.io/clone', 'integration-scheduler.io/request', 'integration-scheduler.io/request-outcome',
  ])('%s is a trace of what was done with the source: it is not copied', (key) => {
    expect(copiedTexts({ [key]: 'x' }, [])).toEqual({})
    expect(isKeptByGitOps(sourceOf('Integration', {}, { annotations: { [key]: 'x' } }))).toBe(false)
  })

  it.each(['team', 'app.kubernetes.io/name', 'app.kubernetes.io/part-of', 'example.com/argoproj.io', 'notargoproj.io/x', 'myhelm.sh/x'])('%s is copied', (key) => {
    expect(copiedTexts({ [key]: 'x' }, [])).toEqual({ [key]: 'x' })
  })

  it.each<[readonly string[], readonly string[]]>([
    [['example.com/*'], ['example.com.au/b', 'team']],
    [['example.com/a'], ['example.com/b', 'example.com.au/b', 'team']],
    [['*'], []],
    [['te*'], ['example.com/a', 'example.com/b', 'example.com.au/b']],
  ])('%j are not copied where they are excluded', (excluded, left) => {
    const texts = { 'example.com/a': '', 'example.com/b': '', 'example.com.au/b': '', 'team': '' }
    expect(Object.keys(copiedTexts(texts, excluded))).toEqual(left)
    expect(Object.keys(objectOf(metadataOf(made(sourceOf('Integration', {}, { labels: texts }), { spec: { excludeMetadata: excluded } }))['labels'])).toSorted()).toEqual([...left, 'integration-scheduler.io/clone'].toSorted())
  })

  it('of a copy of a copy are those of a copy: cleaning twice is cleaning once', () => {
    const keys = fc.constantFrom('team', 'example.com/a', 'argocd.argoproj.io/instance', 'integration-scheduler.io/home', 'app.kubernetes.io/managed-by', 'velero.io/backup-name')
    fc.assert(fc.property(fc.dictionary(keys, fc.string()), fc.dictionary(keys, fc.string()), fc.subarray(['example.com/*', 'team']), (labels, annotations, excludeMetadata) => {
      const once = made(sourceOf('Integration', {}, { labels, annotations }), { spec: { excludeMetadata } })
      const again = made({ ...once, metadata: { ...metadataOf(once), uid: 'uid-of-payroll', generation: 3 } }, { spec: { excludeMetadata } })
      expect(again).toEqual(once)
    }))
  })
})

describe('overrides', () => {
  const source = sourceOf('ScheduledIntegration', { parameters: [{ name: 'payPeriod', value: 'Previous' }, { name: 'batch', value: 7 }], files: [{ name: 'employees', from: { configMapKeyRef: { name: 'a', key: 'b' } } }] })
  const override = { kind: 'ScheduledIntegration' as const, name: 'payroll' }
  const spec = (different: object) => specOf(made(source, { spec: { overrides: [{ ...override, ...different }] } }))

  it('take the place of time zone, first day and run name', () => {
    expect(spec({ timeZone: 'Europe/Berlin', startDate: '2027-01-01', runName: 'test' })).toMatchObject({
      schedule: { timeZone: 'Europe/Berlin', startDate: '2027-01-01', startTime: '02:30', recurrence: { byDay: { every: 1 } } }, runName: 'test',
    })
  })

  it('take the place of values by name, whole, and leave the others', () => {
    expect(spec({ parameters: [{ name: 'payPeriod', values: ['a'] }, { name: 'new', value: 'x' }] })['parameters']).toEqual([{ name: 'payPeriod', values: ['a'] }, { name: 'batch', value: 7 }, { name: 'new', value: 'x' }])
    expect(spec({ files: [{ name: 'employees', from: { secretKeyRef: { name: 'a', key: 'b' } } }] })['files']).toEqual([{ name: 'employees', from: { secretKeyRef: { name: 'a', key: 'b' } } }])
  })

  it('of another object change nothing', () => {
    expect(specOf(made(source, { spec: { overrides: [{ ...override, name: 'other', runName: 'x' }, { kind: 'IntegrationSet', name: 'payroll', runName: 'x' }] } }))).toEqual({ ...specOf(source), suspend: true })
  })

  it('change nothing of a set that has no schedule', () => {
    const set = sourceOf('IntegrationSet')
    expect(specOf(copyManifest(set, orderOf({ spec: { overrides: [{ kind: 'IntegrationSet', name: 'payroll', timeZone: 'Europe/Berlin', runName: 'x' }] } }), undefined))).toEqual(specOf(set))
  })
})

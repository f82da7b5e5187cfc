import { describe, expect, it } from 'vitest'
import type { CopyKind } from '../model/copying.ts'
import { accepted, refused } from '../model/problem.ts'
import { apiVersion } from '../model/names.ts'
import { type AuthorizationQuestion, authorizeSource, kindsOf } from './copy-authorization.ts'

const everything: readonly CopyKind[] = ['Integration', 'IntegrationSet', 'ScheduledIntegration']

function grant(to: readonly string[], kinds: readonly CopyKind[] = everything, metadata: object = {}): AuthorizationQuestion['grants'][number] {
  const known = { name: 'allow', namespace: 'acme', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-03-01T00:00:00Z', ...metadata }
  return { metadata: known, object: accepted({ apiVersion, kind: 'CloneGrant', metadata: known, spec: { to: to.map((namespace) => ({ namespace })), kinds } }) }
}

const ask = (different: Partial<AuthorizationQuestion> = {}) => authorizeSource({ target: 'acme-test', spec: { source: { namespace: 'acme' } }, grants: [grant(['acme-test'])], ownNamespace: 'scheduling', ...different })
const nobody = { isAuthorized: false, reason: 'NoGrant', message: 'no CloneGrant in namespace acme allows this' }

describe('a source may be read', () => {
  it('with a grant for this target and all kinds that are asked for', () => {
    expect(ask()).toEqual({ isAuthorized: true })
  })

  it('with grants that allow it together', () => {
    expect(ask({ grants: [grant(['acme-test'], ['Integration', 'IntegrationSet']), grant(['other', 'acme-test'], ['ScheduledIntegration'])] })).toEqual({ isAuthorized: true })
  })

  it('with a grant for less, if no more is asked for', () => {
    expect(ask({ spec: { source: { namespace: 'acme' }, kinds: ['Integration'] }, grants: [grant(['acme-test'], ['Integration'])] })).toEqual({ isAuthorized: true })
  })
})

describe('whoever may not copy gets the same answer', () => {
  it.each<[string, Partial<AuthorizationQuestion>]>([
    ['without a grant, or without such a namespace', { grants: [] }],
    ['with a grant for another target', { grants: [grant(['acme-prod', 'acme-test-2', 'acme'])] }],
    ['with a grant for other kinds', { grants: [grant(['acme-test'], ['Integration', 'IntegrationSet'])] }],
    ['with a grant that is being deleted', { grants: [grant(['acme-test'], everything, { deletionTimestamp: '2026-03-02T00:00:00Z' })] }],
    ['with a grant that cannot be read', { grants: [{ ...grant(['acme-test']), object: refused({ path: 'spec', message: 'x' }) }] }],
    ['with a grant of its own, or of a third namespace', { grants: [grant(['acme-test'], everything, { namespace: 'acme-test' }), grant(['acme-test'], everything, { namespace: 'umbrella' })] }],
    ['with a grant for a name that looks like a pattern', { grants: [grant(['*'])] }],
  ])('%s', (_name, different) => {
    expect(ask(different)).toEqual(nobody)
  })
})

describe('nothing is copied', () => {
  it.each<[string, string, Partial<AuthorizationQuestion>]>([
    ['onto itself', 'SameNamespace', { target: 'acme', grants: [grant(['acme'])] }],
    ['from a namespace of Kubernetes', 'SourceProtected', { spec: { source: { namespace: 'kube-system' } }, grants: [grant(['acme-test'], everything, { namespace: 'kube-system' })] }],
    ['from the namespace of the operator', 'SourceProtected', { spec: { source: { namespace: 'scheduling' } }, grants: [grant(['acme-test'], everything, { namespace: 'scheduling' })] }],
    ['into a namespace of Kubernetes', 'SourceProtected', { target: 'kube-public', grants: [grant(['kube-public'])] }],
    ['into the namespace of the operator', 'SourceProtected', { target: 'scheduling', grants: [grant(['scheduling'])] }],
  ])('%s, whatever is granted', (_name, reason, different) => {
    expect(ask(different)).toMatchObject({ isAuthorized: false, reason })
  })
})

it('what is named by others is copied before them', () => {
  expect(kindsOf({ kinds: ['ScheduledIntegration', 'Integration'] })).toEqual(['Integration', 'ScheduledIntegration'])
  expect(kindsOf({})).toEqual(everything)
})

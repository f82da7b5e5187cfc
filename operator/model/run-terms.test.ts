import { describe, expect, test } from 'vitest'
import type { Job } from './kubernetes.ts'
import { annotation } from './names.ts'
import { type GateTerms, type SetTerms, gateTermsOf, gateTermsText, setTermsOf, setTermsText, skippedOf, waitingOf } from './run-terms.ts'

const gate: GateTerms = {
  v: 1,
  overlapPolicy: 'Queue',
  locks: [{ name: 'sftp/outbound', mode: 'Shared' }],
  maxWaitSeconds: 60,
  startingDeadlineSeconds: 3600,
  runName: 'payroll',
  timeZone: 'Europe/Berlin',
  schedulable: { kind: 'IntegrationSet', name: 'nightly', uid: 'u' },
  held: true,
}
const set: SetTerms = { v: 1, execution: 'Parallel', onMemberFailure: 'Continue', timeoutSeconds: 9, members: [{ name: 'a', integration: 'b', job: { spec: { suspend: true } } }] }

function job(annotations?: Readonly<Record<string, string>>): Job {
  return { metadata: { name: 'x', namespace: 'acme', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-03-02T10:00:00Z', annotations }, spec: {} }
}

describe('what a Job carries', () => {
  test('is read as it was written', () => {
    const both = job({ [annotation.gate]: gateTermsText(gate), [annotation.members]: setTermsText(set) })
    expect([gateTermsOf(both), setTermsOf(both)]).toEqual([gate, set])
  })

  test('is absent from a Job of which nobody wrote it', () => {
    expect([gateTermsOf(job()), setTermsOf(job({})), waitingOf(job()), skippedOf(job())]).toEqual([undefined, undefined, undefined, undefined])
  })

  test.each(['', '{', 'null', '[]', '"held"', '{"v":2}', JSON.stringify({ ...gate, v: 2 }), JSON.stringify({ ...gate, overlapPolicy: 'Whatever' })])(
    'is absent where it cannot be read: %s', (text) => {
      expect([gateTermsOf(job({ [annotation.gate]: text })), skippedOf(job({ [annotation.skipped]: text }))]).toEqual([undefined, undefined])
    })

  test('may hold more than this version knows', () => {
    expect(gateTermsOf(job({ [annotation.gate]: JSON.stringify({ ...gate, later: 1 }) }))).toEqual(gate)
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { exampleObject, ruleExamples } from '../testing/crd-examples.ts'
import { decodeManifest, isOfOurGroup } from './decode-manifest.ts'
import { occurrencesOf } from './occurrences.ts'
import type { Problem } from './problem.ts'

function problemsOf(document: unknown): readonly Problem[] {
  const decoded = decodeManifest(document)
  if (!decoded.ok) return decoded.problems
  if (decoded.value.kind !== 'ScheduledIntegration') return []
  const occurrences = occurrencesOf(decoded.value.spec.schedule)
  return occurrences.ok ? [] : occurrences.problems.map(({ path, message }) => ({ path, message }))
}

const scheduled = (spec: string) => exampleObject('ScheduledIntegration', 'weekly', spec)

describe('without an API server, a file is accepted or refused as with one', () => {
  test.each(ruleExamples)('$kind: $rule', ({ kind, accepted, refused, field, message, offline }) => {
    expect(problemsOf(exampleObject(kind, 'example', accepted))).toEqual([])
    const answer = { field, message, ...offline }
    expect(problemsOf(exampleObject(kind, 'example', refused))).toContainEqual({
      path: answer.field,
      message: expect.stringContaining(answer.message),
    })
  })
})

interface Vector {
  readonly name: string
  readonly accepted: boolean
  readonly schedule: string
}

const vectors: readonly Vector[] = parse(readFileSync(new URL('../testing/vectors/schedule-input.yaml', import.meta.url), 'utf8'))

// The API server cannot see a null beside a recurrence: kubectl drops it.
const ignoredNull = 'once: null + byDay'

test.each(vectors)('a schedule is judged as by a real API server, or more strictly: $name', ({ name, accepted, schedule }) => {
  expect(problemsOf(scheduled(`schedule: ${schedule}`)).length === 0).toBe(accepted && name !== ignoredNull)
})

describe('what YAML makes of a slip is explained', () => {
  test('a bare `once:` is null', () => {
    expect(problemsOf(scheduled('schedule: {startDate: "2026-12-07", startTime: "02:30", recurrence: {once: }}'))).toEqual([
      { path: 'spec.schedule.recurrence.once', message: 'is null, which counts as absent: write `once: {}`' },
    ])
  })

  test('a field without a value is null, also one that is required', () => {
    expect(problemsOf(scheduled('{integrationRef: {name: }, suspend: }'))).toEqual([
      { path: 'spec.integrationRef.name', message: 'is null, which counts as absent: give it a value, or remove the line' },
      { path: 'spec.suspend', message: 'is null, which counts as absent: give it a value, or remove the line' },
    ])
  })

  test('an entry of a list is null', () => {
    expect(problemsOf(scheduled('parameters: [null]'))).toEqual([
      { path: 'spec.parameters[0]', message: 'is null, which counts as absent: give it a value, or remove the line' },
    ])
  })

  test('a value of the wrong type is told how to be written, and not repeated', () => {
    expect(problemsOf(scheduled('{runName: 5, suspend: "no", maxWaitSeconds: "60", files: {a: b}, members: [a]}'))).toEqual([
      { path: 'spec.runName', message: 'must be text: put it in quotes' },
      { path: 'spec.suspend', message: 'must be true or false, without quotes' },
      { path: 'spec.files', message: 'must be a list, such as [a, b]' },
      { path: 'spec.members[0]', message: 'must be an object with fields, such as {name: a}' },
      { path: 'spec.maxWaitSeconds', message: 'must be a whole number: write it without quotes' },
    ])
  })
})

describe('a field that does not exist is reported', () => {
  test('with the one that was probably meant', () => {
    expect(problemsOf(scheduled('{schedule: {endDat: "2027-12-31", recurrence: {byweek: {days: [Monday]}, cron: "@daily"}}}'))).toEqual([
      { path: 'spec.schedule.endDat', message: 'there is no such field: did you mean endDate?' },
      { path: 'spec.schedule.recurrence.byweek', message: 'there is no such field: did you mean byWeek?' },
    ])
  })

  test('with all that are known, when none is near', () => {
    expect(problemsOf(scheduled('integrationRef: {name: export, tenant: acme}'))).toEqual([
      { path: 'spec.integrationRef.tenant', message: 'there is no such field: remove it; known here: kind, name' },
    ])
  })

  test('also in metadata, and beside spec', () => {
    expect(problemsOf({ ...scheduled('{}'), metadata: { name: 'weekly', lables: {} }, schedule: {} })).toEqual([
      { path: 'metadata.lables', message: 'there is no such field: did you mean labels?' },
      { path: 'schedule', message: 'there is no such field: remove it; known here: apiVersion, kind, metadata, spec, status' },
    ])
  })
})

describe('what only the operator can check is checked without a server as well', () => {
  const clone = (spec: string) => exampleObject('TenantClone', 'from-acme', spec)
  const selecting = (key: string) => clone(`source: {namespace: acme, selector: {matchLabels: {${JSON.stringify(key)}: x}}}`)

  test.each(['team', 'example.com/team', 'a.b-c/d_e.F', `${'a'.repeat(253)}/${'b'.repeat(63)}`])('a selector by the label %s', key => {
    expect(problemsOf(selecting(key))).toEqual([])
  })

  test.each(['', 'a b', '-a', '/a', 'a/', 'a/b/c', 'Example.com/a', 'b'.repeat(64), `${'a'.repeat(254)}/b`])('no label has the key %j', key => {
    expect(problemsOf(selecting(key))).toEqual([{ path: 'spec.source.selector.matchLabels', message: 'must have keys of labels, such as team or example.com/team' }])
  })

  test('a time zone that none has', () => {
    expect(problemsOf(clone('overrides: [{kind: ScheduledIntegration, name: a, timeZone: Europe/Bremen}]'))).toEqual([
      { path: 'spec.overrides[0].timeZone', message: 'is no time zone: use an IANA name such as Europe/Berlin or Etc/UTC' },
    ])
  })
})

describe('an object is recognised', () => {
  test('by group, version and kind, with a hint where one is wrong', () => {
    expect(problemsOf({ ...scheduled('{}'), apiVersion: 'integration-scheduler.io/v1', kind: 'ScheduleIntegration' })).toEqual([
      { path: 'apiVersion', message: 'must be integration-scheduler.io/v1alpha1' },
      { path: 'kind', message: 'is not a kind that can be checked here: did you mean ScheduledIntegration?' },
    ])
    expect(problemsOf({ ...scheduled('{}'), kind: undefined })).toEqual([
      { path: 'kind', message: 'is required: one of Integration, ScheduledIntegration, IntegrationSet, IntegrationRun, TenantClone, CloneGrant' },
    ])
  })

  test('as one of ours, whether it is correct or not', () => {
    expect(isOfOurGroup({ apiVersion: 'integration-scheduler.io/v7', kind: 'Whatever' })).toBe(true)
    expect(isOfOurGroup({ apiVersion: 'batch/v1', kind: 'Job' })).toBe(false)
    expect(isOfOurGroup('text')).toBe(false)
  })

  test('only if it is an object', () => {
    expect(problemsOf('text')).toEqual([{ path: '', message: 'must be an object of Kubernetes, with apiVersion, kind, metadata and spec' }])
    expect(problemsOf([])).toHaveLength(1)
  })

  test('only with a name, which may be left to the server', () => {
    expect(problemsOf({ ...scheduled('{}'), metadata: {} })).toEqual([{ path: 'metadata.name', message: 'is required' }])
    expect(problemsOf({ ...scheduled('{}'), metadata: { name: 'a'.repeat(64) } })).toEqual([
      { path: 'metadata.name', message: 'must be at most 63 characters long' },
    ])
    const run = { ...exampleObject('IntegrationRun', '', '{}'), metadata: { generateName: 'payroll-' } }
    expect(decodeManifest(run)).toMatchObject({ ok: true, value: { metadata: { name: 'payroll-' } } })
  })

  test('with the namespace that it names, or none', () => {
    expect(decodeManifest(scheduled('{}'))).toMatchObject({ ok: true, value: { metadata: { name: 'weekly', namespace: undefined } } })
    const placed = { ...scheduled('{}'), metadata: { name: 'weekly', namespace: 'acme' } }
    expect(decodeManifest(placed)).toMatchObject({ ok: true, value: { metadata: { namespace: 'acme' } } })
  })

  test('as `kubectl get -o yaml` prints it', () => {
    const printed = parse(`
apiVersion: integration-scheduler.io/v1alpha1
kind: ScheduledIntegration
metadata:
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
  creationTimestamp: "2026-11-22T19:07:04Z"
  generation: 1
  name: weekly
  namespace: acme
  resourceVersion: "693"
  uid: 28c1d3e7-9a28-4c7b-8ebc-28dbc851a01c
spec: {integrationRef: {kind: Integration, name: export}, schedule: {timeZone: Etc/UTC, recurrence: {cron: "@daily"}}}
status: {anything: null}
`)
    expect(problemsOf(printed)).toEqual([])
  })
})

test('defaults are filled in as the API server does', () => {
  const decoded = decodeManifest(scheduled('schedule: {startDate: "2026-12-07", startTime: "02:30", recurrence: {byWeek: {days: [Monday]}}, dst: {}}'))
  expect(decoded).toMatchObject({
    ok: true,
    value: {
      spec: {
        integrationRef: { kind: 'Integration' },
        schedule: { timeZone: 'Etc/UTC', recurrence: { byWeek: { every: 1 } }, dst: { gap: 'ShiftForward', overlap: 'First' } },
        overlapPolicy: 'Allow',
        startingDeadlineSeconds: 3600,
      },
    },
  })
  expect(decoded.ok && 'suspend' in decoded.value.spec).toBe(false)
})

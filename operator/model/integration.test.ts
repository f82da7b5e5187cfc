import { describe, expect, test } from 'vitest'
import { exampleObject } from '../testing/crd-examples.ts'
import { decodeManifest } from './decode-manifest.ts'

function problemsOf(spec: string) {
  const decoded = decodeManifest(exampleObject('Integration', 'export', spec))
  return decoded.ok ? [] : decoded.problems
}

// Kubernetes 1.32 takes these rules for too costly (rule.ts), so only the operator and `preview` know them.
describe('what the API server cannot check', () => {
  test('a default fits its type', () => {
    expect(problemsOf('parameters: [{name: n, type: Integer, default: {value: 42}}, {name: b, type: Boolean, default: {value: "true"}}]')).toEqual([])
    expect(problemsOf('parameters: [{name: n, type: Integer, default: {value: many}}]')).toEqual([
      { path: 'spec.parameters[0].default', message: 'the default does not fit the type: Integer 42, Number "1.5", Boolean "true" or "false", Date "2026-12-07"' },
    ])
  })

  test('allowed values fit the type', () => {
    expect(problemsOf('parameters: [{name: d, type: Date, allowedValues: ["2026-02-28"]}]')).toEqual([])
    expect(problemsOf('parameters: [{name: d, type: Date, allowedValues: ["2026-02-28", "2026-02-29"]}]')).toEqual([
      { path: 'spec.parameters[0].allowedValues', message: 'some allowed value does not fit the type: Integer 42, Number "1.5", Boolean "true" or "false", Date "2026-12-07"' },
    ])
  })

  test('a default is among the allowed values, as a number or as text', () => {
    expect(problemsOf('parameters: [{name: n, type: Integer, allowedValues: [1, 2], default: {value: "2"}}]')).toEqual([])
    expect(problemsOf('parameters: [{name: n, type: Integer, allowedValues: [1, 2], default: {value: 3}}]')).toEqual([
      { path: 'spec.parameters[0].default', message: 'the default is not among allowedValues' },
    ])
  })

  test('so is each item of the default of a List', () => {
    expect(problemsOf('parameters: [{name: l, type: List, allowedValues: [a, b], default: {values: [b, a]}}]')).toEqual([])
    expect(problemsOf('parameters: [{name: l, type: List, allowedValues: [a, b], default: {values: [a, c]}}]')).toEqual([
      { path: 'spec.parameters[0].default', message: 'some item of the default is not among allowedValues' },
    ])
  })

  test('no request is greater than its limit', () => {
    expect(problemsOf('container: {image: i, resources: {requests: {cpu: 1000m, memory: 1Gi}, limits: {cpu: 1, memory: 1024Mi}}}')).toEqual([])
    expect(problemsOf('container: {image: i, resources: {requests: {cpu: 1100m}, limits: {cpu: 1}}}')).toEqual([
      { path: 'spec.container.resources.requests', message: 'some request is greater than the limit of the same name: lower it, or raise the limit' },
    ])
  })
})

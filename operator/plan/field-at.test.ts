import { describe, expect, it } from 'vitest'
import { entryAt, shownPath, withoutField } from './field-at.ts'

const object = {
  metadata: { annotations: { 'example.com/a': 'x', 'example.com/a.b': 'y', 'example': 'z' } },
  spec: { suspend: true, parameters: [{ name: 'a', value: 1 }, { name: 'b]"', value: 2 }], days: ['Monday', 'Friday'], list: [1, 2, 3], ports: [{ port: 80, protocol: 'TCP' }, { port: 80, protocol: 'UDP' }] },
}

describe('a field as the API server names it is left out', () => {
  it.each<[string, object]>([
    ['.spec.suspend', { ...object, spec: { ...object.spec, suspend: undefined } }],
    ['.spec.parameters[name="a"].value', { ...object, spec: { ...object.spec, parameters: [{ name: 'a' }, object.spec.parameters[1]] } }],
    ['.spec.parameters[name="b]\\""]', { ...object, spec: { ...object.spec, parameters: [object.spec.parameters[0]] } }],
    ['.spec.days[="Friday"]', { ...object, spec: { ...object.spec, days: ['Monday'] } }],
    ['.spec.list[1]', { ...object, spec: { ...object.spec, list: [1, 3] } }],
    ['.spec.ports[port=80,protocol="UDP"]', { ...object, spec: { ...object.spec, ports: [{ port: 80, protocol: 'TCP' }] } }],
    ['.metadata.annotations.example.com/a', { ...object, metadata: { annotations: { 'example.com/a.b': 'y', 'example': 'z' } } }],
    ['.metadata.annotations.example.com/a.b', { ...object, metadata: { annotations: { 'example.com/a': 'x', 'example': 'z' } } }],
    ['.spec', { metadata: object.metadata }],
  ])('%s', (path, want) => {
    expect(withoutField(object, path)).toEqual(want)
  })

  it.each(['.spec.nothing', '.spec.suspendMore', '.spec.parameters[name="z"].value', '.spec.list[9]', '.spec.suspend.deeper', 'spec', '.spec.list[', ''])('%s: there is none, so nothing is', (path) => {
    expect(withoutField(object, path)).toEqual(object)
  })
})

it('an entry of a list is named as the API server does', () => {
  expect(withoutField(object, entryAt('.spec.parameters', 'name', 'b]"'))).toEqual({ ...object, spec: { ...object.spec, parameters: [object.spec.parameters[0]] } })
})

describe('a path for people', () => {
  it('shows no value', () => {
    expect(shownPath('.spec.parameters[name="a"].values[="secret"]')).toBe('.spec.parameters[name="a"].values')
  })

  it('is bounded', () => {
    expect(shownPath(`.${'x'.repeat(500)}`)).toHaveLength(192)
  })
})

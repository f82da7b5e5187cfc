import { describe, expect, test } from 'vitest'
import { customResourceDefinition } from '../operator/model/crd.ts'
import { resourceKinds } from '../operator/model/decode.ts'
import type { JsonObject } from '../operator/model/kubernetes.ts'
import { crdProblems } from './check-crds.ts'

const text = { description: 'A text of the example.', type: 'string', maxLength: 10 }

function withField(name: string, field: JsonObject): JsonObject {
  const schema = { type: 'object', properties: { [name]: field, metadata: { type: 'object' } } }
  return { spec: { versions: [{ schema: { openAPIV3Schema: schema } }] } }
}

test.each(Object.values(resourceKinds))('nothing is wrong with $plural', resource => {
  expect(crdProblems(customResourceDefinition(resource))).toEqual([])
})

test('nothing is wrong with a bounded text', () => {
  expect(crdProblems(withField('name', text))).toEqual([])
})

describe('a field is refused', () => {
  test.each(['on', 'off', 'yes', 'no', 'y', 'n', 'true', 'Off'])('whose name %s is a Boolean in YAML 1.1', name => {
    expect(crdProblems(withField(name, text))).toContain(`.${name}: YAML 1.1 reads this name as a Boolean`)
  })

  test.each<[string, JsonObject, string]>([
    ['without a description', { type: 'boolean' }, '.field: it has no description'],
    ['with half a sentence', { type: 'boolean', description: 'x' }, '.field: the description is no sentence'],
    ['whose text has no end', { ...text, maxLength: undefined }, '.field: maxLength is missing'],
    ['whose number has no end', { description: text.description, type: 'integer', minimum: 0 }, '.field: maximum is missing'],
    ['that is a fraction', { description: text.description, type: 'number' }, '.field: its type is not one of ours: string, integer, boolean, array, object, or int-or-string'],
    ['whose list has no end', { description: text.description, type: 'array', items: text, 'x-kubernetes-list-type': 'atomic' }, '.field: maxItems is missing'],
    ['whose entries have no bound', { description: text.description, type: 'array', items: { type: 'string' }, maxItems: 1, 'x-kubernetes-list-type': 'set' }, '.field[]: maxLength is missing'],
    [
      'whose entries may lack their key',
      { description: text.description, type: 'array', items: { type: 'object', properties: { name: text } }, maxItems: 1, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
      '.field: its key name is not required',
    ],
    ['whose map has no end', { description: text.description, type: 'object', additionalProperties: text }, '.field: maxProperties is missing'],
    ['with a union', { ...text, anyOf: [{ type: 'string' }] }, '.field: anyOf is not used in our schemas'],
    ['with a default object', { description: text.description, type: 'object', default: {} }, '.field: only single values have a default'],
    ['with a rule about nothing', { description: text.description, type: 'object', 'x-kubernetes-validations': [{ rule: 'true', message: 'm', fieldPath: '.gone' }] }, '.field: a rule is about .gone, which does not exist'],
    ['with a rule that says nothing', { ...text, 'x-kubernetes-validations': [{ rule: 'true' }] }, '.field: a rule has no message'],
    ['in another case', text, '.Field: names are written in camelCase'],
  ])('%s', (situation, field, problem) => {
    expect(crdProblems(withField(situation === 'in another case' ? 'Field' : 'field', field))).toContain(problem)
  })
})

test('a definition is refused that a client-side apply could not store', () => {
  const field = { ...text, description: `A ${'very '.repeat(50_000)}long text.` }
  expect(crdProblems(withField('field', field))).toEqual([expect.stringMatching(/^\d+ bytes are more than 200000$/)])
})

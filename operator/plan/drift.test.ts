import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { withDefaults } from '../testing/kubernetes-defaults.ts'
import { covers } from './drift.ts'

describe('what is there covers what we would write', () => {
  const rows: Record<string, [Json | undefined, Json | undefined]> = {
    'the same': [{ a: 1, b: ['x', { c: true }] }, { a: 1, b: ['x', { c: true }] }],
    'defaults beside it': [{ a: 1, terminationGracePeriodSeconds: 30 }, { a: 1 }],
    'a member that we leave undefined, whatever it is': [{ a: 1, imagePullPolicy: 'Always' }, { a: 1, imagePullPolicy: undefined }],
    'an empty text that was dropped': [{ name: 'X' }, { name: 'X', value: '' }],
    'false that was dropped': [{}, { suspend: false }],
    'an empty list that was dropped': [{}, { args: [] }],
    'an empty object that was dropped': [{}, { resources: {} }],
    'an empty object that was filled with defaults': [{ emptyDir: { medium: '' } }, { emptyDir: {} }],
    'an amount in other words': [{ resources: { limits: { cpu: '500m', memory: '1Gi' } } }, { resources: { limits: { cpu: '0.5', memory: '1024Mi' } } }],
    'an amount that was a number': [{ requests: { cpu: '2' } }, { requests: { cpu: 2 } }],
    'the size of a volume': [{ sizeLimit: '1Gi' }, { sizeLimit: '1024Mi' }],
  }
  it.each(Object.entries(rows))('%s', (_name, [live, desired]) => expect(covers(live, desired)).toBe(true))
})

describe('what is there does not cover', () => {
  const rows: Record<string, [Json | undefined, Json | undefined]> = {
    'another value': [{ a: 1 }, { a: 2 }],
    'a member that is gone': [{}, { a: 1 }],
    'true where we say false': [{ suspend: true }, { suspend: false }],
    'a number that is gone': [{}, { retries: 0 }],
    'a text where there is none': [{ value: 'x' }, { value: '' }],
    'a longer list': [{ a: [1, 2] }, { a: [1] }],
    'a list where we have none': [{ args: ['--force'] }, { args: [] }],
    'another order': [{ a: [1, 2] }, { a: [2, 1] }],
    'an object where we have a text': [{ a: {} }, { a: 'x' }],
    'another amount': [{ limits: { memory: '1G' } }, { limits: { memory: '1Gi' } }],
    'other words that are no amount': [{ value: '0.5' }, { value: '500m' }],
    'something that is no amount': [{ limits: { memory: 'much' } }, { limits: { memory: '1Gi' } }],
  }
  it.each(Object.entries(rows))('%s', (_name, [live, desired]) => expect(covers(live, desired)).toBe(false))
})

it('everything covers itself, and itself with more beside it', () => {
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Json>('', 'x', 0, 1, true, false, '100m'),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'limits', 'args'), tie('json'), { maxKeys: 3 }),
    ),
  }))
  const object = fc.dictionary(fc.constantFrom('a', 'limits', 'args'), json)
  fc.assert(
    fc.property(object, (desired: JsonObject) => {
      expect(covers(desired, desired)).toBe(true)
      expect(covers({ ...desired, more: 1 }, desired)).toBe(true)
    }),
  )
})

it('a CronJob covers what it was made of, after all that the API server does to it', () => {
  const container = { name: 'main', image: 'x:1', args: [], env: [{ name: 'A', value: '' }], resources: { requests: { cpu: 0.5, memory: '1024Mi' } } }
  const spec = { schedule: '0 * * * *', jobTemplate: { spec: { suspend: false, template: { spec: { restartPolicy: 'Never', containers: [container] } } } } }
  const live = withDefaults('cronjobs', { spec })
  expect(live.spec).not.toEqual(spec)
  expect(covers(live.spec, spec)).toBe(true)
})

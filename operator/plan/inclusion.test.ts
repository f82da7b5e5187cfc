import { describe, expect, it } from 'vitest'
import { isIncluded } from './inclusion.ts'

const members = (...names: readonly string[]) => ({ members: names.map((name) => ({ name, integrationRef: { name } })) })

describe('applying changes nothing', () => {
  it.each<[string, object, object]>([
    ['where all is there', { a: 1, b: { c: ['x'] } }, { a: 1, b: { c: ['x'] } }],
    ['where more is there', { a: 1 }, { a: 1, b: 2 }],
    ['where a list has more entries', members('a', 'c'), members('a', 'b', 'c')],
    ['where an entry has more fields', { list: [{ name: 'a' }] }, { list: [{ name: 'a', value: 1 }] }],
  ])('%s', (_name, desired, live) => {
    expect(isIncluded(JSON.parse(JSON.stringify(desired)), JSON.parse(JSON.stringify(live)))).toBe(true)
  })
})

describe('applying changes something', () => {
  it.each<[string, object, object]>([
    ['where a value differs', { a: 1 }, { a: 2 }],
    ['where a field is missing', { a: { b: 1 } }, { a: {} }],
    ['where an entry is missing', members('a', 'b'), members('a')],
    ['where members of a set come in another order', members('a', 'b'), members('b', 'a')],
    ['where a list of words differs in any way', { args: ['a'] }, { args: ['a', 'b'] }],
    ['where a mount has the name of another', { list: [{ name: 'v', mountPath: '/a' }] }, { list: [{ name: 'v', mountPath: '/b' }] }],
    ['where a list is none', { list: [1] }, { list: 1 }],
  ])('%s', (_name, desired, live) => {
    expect(isIncluded(JSON.parse(JSON.stringify(desired)), JSON.parse(JSON.stringify(live)))).toBe(false)
  })
})

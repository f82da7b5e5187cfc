import { describe, expect, it } from 'vitest'
import { isSameJson, jsonIn } from './json.ts'

describe('isSameJson', () => {
  it('does not mind the order of members, nor members that are undefined', () => {
    expect(isSameJson({ a: 1, b: undefined, c: [{ d: 1, e: 2 }] }, { c: [{ e: 2, d: 1 }], a: 1 })).toBe(true)
  })
  it('tells apart null and absent, lists and objects, and the order of a list', () => {
    expect(isSameJson({ a: null }, {})).toBe(false)
    expect(isSameJson([], {})).toBe(false)
    expect(isSameJson([1, 2], [2, 1])).toBe(false)
    expect(isSameJson('1', 1)).toBe(false)
  })
})

describe('jsonIn', () => {
  it('is what the text says, also null, and nothing of a text that is no JSON', () => {
    expect(jsonIn('{"a":[1]}')).toEqual({ a: [1] })
    expect(jsonIn('null')).toBeNull()
    expect(jsonIn('{a}')).toBeUndefined()
  })
})

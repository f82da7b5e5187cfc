import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { isJsonObject, isSameJson } from '../model/json.ts'
import { mergePatchOf } from './merge-patch.ts'

/** RFC 7386, section 2, to the letter. */
function merged(target: Json | undefined, patch: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = isJsonObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = isJsonObject(value) ? merged(result[name], value) : value
  }
  return result
}

describe('mergePatchOf', () => {
  const rows: Record<string, [JsonObject | undefined, JsonObject, JsonObject | undefined]> = {
    'nothing to change': [{ a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 }, undefined],
    'no status yet': [undefined, { a: 1 }, { a: 1 }],
    'no status yet, none wanted': [undefined, {}, undefined],
    'a changed member': [{ a: 1, b: 2 }, { a: 1, b: 3 }, { b: 3 }],
    'a member that is gone': [{ a: 1, b: 2 }, { a: 1 }, { b: null }],
    'a member wanted as undefined is gone': [{ a: 1, b: 2 }, { a: 1, b: undefined }, { b: null }],
    'a member deep inside': [{ a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 1, d: 3 } } }, { a: { b: { d: 3 } } }],
    'a list is replaced whole': [{ a: [1, 2, 3] }, { a: [1, 2] }, { a: [1, 2] }],
    'an object takes the place of a list': [{ a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
    'an emptied object': [{ a: { b: 1 } }, { a: {} }, { a: { b: null } }],
  }
  it.each(Object.entries(rows))('%s', (_, [live, desired, want]) => expect(mergePatchOf(live, desired)).toEqual(want))

  it('always leads to what is desired, and then there is nothing left to change', () => {
    const { json } = fc.letrec<{ json: Json }>((tie) => ({
      json: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<Json>('', 'x', 0, 1, true),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('json'), { maxKeys: 3 }),
      ),
    }))
    const object = fc.dictionary(fc.constantFrom('a', 'b', 'c'), json)
    fc.assert(
      fc.property(object, object, (live, desired) => {
        const result = merged(live, mergePatchOf(live, desired) ?? {})
        expect(isSameJson(result, desired)).toBe(true)
        expect(mergePatchOf(result, desired)).toBeUndefined()
      }),
    )
  })
})

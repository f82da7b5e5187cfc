import { expect, it } from 'vitest'
import { oncePer } from './once-per.ts'

it('a value is computed once for each object, also when it is undefined', () => {
  const asked: object[] = []
  const answer = oncePer((key: { readonly value: number | undefined }) => {
    asked.push(key)
    return key.value
  })
  const [one, none] = [{ value: 1 }, { value: undefined }]
  expect([answer(one), answer(none), answer(one), answer(none), answer({ value: 1 })]).toEqual([1, undefined, 1, undefined, 1])
  expect(asked).toHaveLength(3)
})

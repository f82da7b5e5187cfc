import { expect, test } from 'vitest'
import { quantity, quantityPattern } from './quantity.ts'

test.each([
  [2, 2],
  ['2', 2],
  ['0.5', 0.5],
  ['.5', 0.5],
  ['100m', 0.1],
  ['100u', 0.0001],
  ['128Mi', 134_217_728],
  ['1G', 1_000_000_000],
  ['1e3', 1000],
  ['12E', 12e18],
  ['-1', -1],
])('%s is the amount %d', (text, amount) => {
  expect(quantity(text)).toBeCloseTo(amount, 10)
})

test.each(['', 'Mi', '1 Gi', '1MB', '1ki', '1e', 'one', '1.2.3'])('"%s" is no amount', text => {
  expect(quantity(text)).toBeUndefined()
})

test('users write neither signs nor exponents nor less than a thousandth', () => {
  const isWritable = (text: string) => new RegExp(quantityPattern).test(text)
  expect(['100m', '1.5', '128Mi', '2k', '1E', '1Ei'].filter(text => !isWritable(text))).toEqual([])
  expect(['-1', '+1', '1e3', '100u', '100n', '1Ki '].filter(isWritable)).toEqual([])
})

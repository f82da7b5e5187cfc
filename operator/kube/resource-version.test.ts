import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOlder } from './resource-version.ts'

const version = fc.bigInt({ min: 2n, max: 10n ** 40n })

describe('isOlder', () => {
  it('orders versions as numbers of any length', () => {
    const near = version.chain((one) => fc.tuple(fc.constant(one), fc.constantFrom(one - 1n, one, one + 1n)))
    fc.assert(
      fc.property(fc.oneof(fc.tuple(version, version), near), ([one, other]) => {
        expect(isOlder(String(one), String(other))).toBe(one < other)
      }),
    )
  })

  it.each(['', '0', '01', '-1', '1.5', 'v2', '0x10', ' 1', '1\n', '１'])('knows no order of %j, which is no version of Kubernetes', (strange) => {
    expect([isOlder(strange, '99'), isOlder('1', strange)]).toEqual([false, false])
  })
})

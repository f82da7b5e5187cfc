import { describe, expect, test } from 'vitest'
import { fitsType, type ParameterType } from './parameter-type.ts'

describe.each<[ParameterType, readonly (string | number)[], readonly (string | number)[]]>([
  ['String', ['', 'a b', 5, 'true'], []],
  ['List', ['', 'a b', 5], []],
  ['Integer', [42, '42', '-7', '0', '007'], ['', '4.2', '1e3', 'x', ' 1', '1\n']],
  ['Number', [42, '1.5', '-0.5', '1e3', '2.5E-3'], ['', '.5', '1.', 'NaN', 'Infinity', '0x10', '1,5']],
  ['Boolean', ['true', 'false'], ['', 'True', 'yes', '1', 1]],
  ['Date', ['2026-12-07', '2028-02-29'], ['', '2026-02-29', '7.12.2026', '2026-12-7', '2026-12-07T00:00:00Z', 20261207]],
])('%s', (type, fitting, wrong) => {
  test.each(fitting)('"%s" fits', value => {
    expect(fitsType(type, value)).toBe(true)
  })
  test.each(wrong)('"%s" does not', value => {
    expect(fitsType(type, value)).toBe(false)
  })
})

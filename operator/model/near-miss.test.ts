import { expect, test } from 'vitest'
import { nearMiss } from './near-miss.ts'

const fields = ['startDate', 'startTime', 'endDate', 'recurrence', 'dst']

test.each([
  ['endDat', 'endDate'],
  ['enddate', 'endDate'],
  ['endDates', 'endDate'],
  ['reccurence', 'recurrence'],
  ['rec', 'recurrence'],
  ['dts', undefined],
  ['start', undefined],
  ['until', undefined],
  ['', undefined],
])('%s was probably meant as %s', (written, meant) => {
  expect(nearMiss(written, fields)).toBe(meant)
})

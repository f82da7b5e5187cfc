import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CronJob } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import { type Cursor, cursorOf, cursorText } from './cursor.ts'

function carrying(cursor: string | undefined): CronJob {
  const metadata = { name: 'x', namespace: 'acme', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-03-01T00:00:00Z', annotations: cursor === undefined ? {} : { [annotation.cursor]: cursor } }
  return { metadata, spec: { schedule: '* * * * *', jobTemplate: {} } }
}

const version = fc.record({ uid: fc.string(), generation: fc.nat() })
const instant = fc.integer({ min: 0, max: 4e12 })
const cursors: fc.Arbitrary<Cursor> = fc.record({
  schedulable: version,
  template: fc.option(version, { nil: undefined }),
  members: fc.array(version, { maxLength: 3 }),
  scheduleHash: fc.string(),
  enabled: fc.boolean(),
  floor: instant,
  distrusted: fc.option(fc.string(), { nil: undefined }),
  lost: fc.array(fc.record({ after: instant, through: instant, reason: fc.constantFrom('CronJobLost', 'Suspended', 'Edited', 'NotReady'), hash: fc.string() }), { maxLength: 3 }),
  suspend: fc.boolean(),
  expression: fc.record({ schedule: fc.string(), timeZone: fc.string() }),
  parkedAt: fc.option(instant, { nil: undefined }),
  untoldAfter: fc.option(instant, { nil: undefined }),
  untoldHash: fc.option(fc.string(), { nil: undefined }),
  nudged: fc.option(fc.record({ at: instant, times: fc.nat({ max: 3 }) }), { nil: undefined }),
})

describe('a cursor', () => {
  it('is read as it was written, to the millisecond', () => {
    fc.assert(fc.property(cursors, (cursor) => {
      expect(cursorOf(carrying(cursorText(cursor)))).toEqual(cursor)
    }))
  })

  it('that is garbage is lost, and never a crash', () => {
    expect(cursorOf(carrying(undefined))).toBeUndefined()
    for (const text of ['', '{', 'null', '[]', '"x"', '{"v":1}', '{"v":2}', '1e999']) expect(cursorOf(carrying(text))).toBeUndefined()
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(cursorOf(carrying(text))).toBeUndefined()
    }))
  })

  it('that somebody cut or changed is lost, or another cursor, but never a crash', () => {
    const some: Cursor = { schedulable: { uid: 'u', generation: 1 }, template: undefined, members: [], scheduleHash: 'h', enabled: true, floor: 0, distrusted: undefined, lost: [], suspend: false, expression: { schedule: '* * * * *', timeZone: 'Etc/UTC' }, parkedAt: undefined, untoldAfter: undefined, untoldHash: undefined, nudged: undefined }
    const text = cursorText(some)
    for (let length = 0; length < text.length; length++) expect(cursorOf(carrying(text.slice(0, length)))).toBeUndefined()
    for (const change of [{ floor: 'yesterday' }, { floor: 7 }, { suspend: 'no' }, { schedulable: null }, { expression: {} }, { nudged: { at: 'x', times: 1 } }, { v: 3 }]) {
      const changed = JSON.stringify({ ...JSON.parse(text), ...change })
      expect(cursorOf(carrying(changed))).toBeUndefined()
    }
  })

  it('keeps what a later version of the operator may add to it out of its way', () => {
    const text = JSON.stringify({ v: 1, schedulable: { uid: 'u', generation: 1 }, scheduleHash: 'h', enabled: true, floor: '2026-03-01T00:00:00.000Z', suspend: false, expression: { schedule: 'x', timeZone: 'y' }, more: 1 })
    expect(cursorOf(carrying(text))).toMatchObject({ floor: Date.UTC(2026, 2, 1) })
  })
})

import { describe, expect, it } from 'vitest'
import { at } from '../testing/builders.ts'
import { leaseWith } from '../testing/gate-situation.ts'
import { type LockTable, TableRoom, downtimes, emptyTable, lockTableOf, lockTableText, waitedTime, withHeartbeat } from './lock-table.ts'

const [ten, oneMinute] = [at('2026-03-02T10:00Z'), 60_000]
const holder = (name: string, ...locks: readonly string[]) => ({ uid: `${name}-uid`, job: name, wants: locks.map((lock) => ({ lock, mode: 'Exclusive' as const })) })
const tableOf = (...holders: readonly ReturnType<typeof holder>[]): LockTable => ({ ...emptyTable, holders: new Map(holders.map((one) => [one.uid, one])) })

describe('a lock table', () => {
  it('is read as it was written', () => {
    const shared = { uid: 'c-uid', job: 'c', wants: [{ lock: 'x', mode: 'Exclusive' as const }, { lock: 'y', mode: 'Shared' as const }] }
    const table = { holders: new Map([['a-uid', holder('a', 'x', '=owner')], ['c-uid', shared]]), alive: ten + 123, down: [{ from: ten, to: ten + 1 }], rebuiltAt: ten }
    expect(lockTableOf(leaseWith(lockTableText(table)))).toEqual({ kind: 'table', table })
    expect(lockTableText(emptyTable)).toBe('{"v":1,"locks":[],"holders":[]}')
  })

  it('names each lock once', () => {
    expect(lockTableText(tableOf(holder('a', 'sftp/outbound'), holder('b', 'sftp/outbound'))).match(/outbound/g)).toHaveLength(1)
  })

  it.each(['', 'nonsense', '[]', '{"v":2,"locks":[],"holders":[]}', '{"v":1,"locks":[],"holders":[{"uid":"a","job":"a","exclusive":[0]}]}'])('that says %s cannot be read', (text) => {
    expect(lockTableOf(leaseWith(text))).toEqual({ kind: 'unreadable' })
  })

  it('is absent from a Lease that has none', () => {
    expect(lockTableOf(leaseWith(undefined))).toEqual({ kind: 'absent' })
  })

  it('takes no more holders than the API server stores', () => {
    const room = new TableRoom(emptyTable)
    const holders = Array.from({ length: 5_000 }, (_unused, index) => ({ ...holder(`payroll-weekly-${index}`, `lock-of-${index}`), uid: `00000000-0000-0000-0000-${String(index).padStart(12, '0')}` }))
    const taken = holders.filter((one) => room.take(one))
    const text = lockTableText({ ...emptyTable, holders: new Map(taken.map((one) => [one.uid, one])) })
    expect(taken.length).toBeGreaterThan(1_000)
    expect(taken.length).toBeLessThan(5_000)
    expect(text.length).toBeLessThan(200_000)
  })
})

describe('time without an operator', () => {
  it('is what lies between two of its words, when that is more than a minute', () => {
    expect(downtimes({ ...emptyTable, alive: ten }, ten + oneMinute)).toEqual([])
    expect(downtimes({ ...emptyTable, alive: ten }, ten + oneMinute + 1)).toEqual([{ from: ten, to: ten + oneMinute + 1 }])
    expect(downtimes(emptyTable, ten)).toEqual([])
  })

  it('is kept as long as a run waits that waited through it', () => {
    const table = { ...emptyTable, alive: ten, down: [{ from: ten - 5 * oneMinute, to: ten - 3 * oneMinute }] }
    const now = ten + 2 * oneMinute
    expect(withHeartbeat(table, now, ten - 4 * oneMinute)).toMatchObject({ alive: now, down: [...table.down, { from: ten, to: now }] })
    expect(withHeartbeat(table, now, ten - oneMinute)).toMatchObject({ alive: now, down: [{ from: ten, to: now }] })
    expect(withHeartbeat(table, now, now)).toMatchObject({ alive: now, down: [] })
  })

  it('does not count as waiting, as far as the run waited then', () => {
    const spans = [{ from: ten, to: ten + 2 * oneMinute }, { from: ten + 5 * oneMinute, to: ten + 6 * oneMinute }]
    expect(waitedTime(spans, ten + oneMinute, ten + 10 * oneMinute)).toBe(7 * oneMinute)
    expect(waitedTime(spans, ten + 8 * oneMinute, ten + 10 * oneMinute)).toBe(2 * oneMinute)
  })
})

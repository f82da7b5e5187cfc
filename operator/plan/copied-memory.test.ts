import { describe, expect, it } from 'vitest'
import type { ObjectMeta } from '../model/kubernetes.ts'
import { copiedMemory, remembering, sourceDigest } from './copied-memory.ts'

const named = (count: number, prefix = 'payroll') => Array.from({ length: count }, (_, index) => ({ kind: 'ScheduledIntegration' as const, name: `${prefix}-${index}` }))

describe('the memory of what was copied', () => {
  it('knows what it was told, of its kind, and nothing else', () => {
    const memory = copiedMemory(remembering(undefined, { copies: named(5_000) }))
    expect(named(5_000).every(({ kind, name }) => memory.has(kind, name))).toBe(true)
    expect(named(5_000).some(({ name }) => memory.has('Integration', name))).toBe(false)
    expect(named(5_000, 'other').some(({ kind, name }) => memory.has(kind, name))).toBe(false)
  })

  it('of 5,000 objects, and of any number, stays within 64 KiB', () => {
    expect(remembering(undefined, { source: 'x'.repeat(16), copies: named(5_000) }).length).toBeLessThan(41_000)
    const full = remembering(undefined, { source: 'x'.repeat(16), copies: named(20_000) })
    expect(full.length).toBeLessThanOrEqual(65_536)
    const memory = copiedMemory(full)
    expect(named(8_000).every(({ kind, name }) => memory.has(kind, name))).toBe(true)
  })

  it('grows, and is the same text for the same copies in any order', () => {
    const [one, two, three] = [named(1), named(2), named(3).toReversed()]
    expect(remembering(remembering(undefined, { copies: one }), { copies: three })).toBe(remembering(undefined, { copies: [...two, ...three] }))
  })

  it('keeps the digest of the source until it is given another', () => {
    const text = remembering(remembering(undefined, { source: 'first' }), { copies: named(1) })
    expect(copiedMemory(text).source).toBe('first')
    expect(copiedMemory(remembering(text, { source: 'second' })).source).toBe('second')
    expect(copiedMemory(remembering(text, { source: 'second' })).has('ScheduledIntegration', 'payroll-0')).toBe(true)
  })

  it.each([undefined, '', 'x', '2.abc.AAAA'])('of %j, which it cannot read, is empty', (text) => {
    expect(copiedMemory(text)).toMatchObject({ source: '' })
    expect(copiedMemory(text).has('Integration', 'a')).toBe(false)
  })
})

describe('the digest of a source', () => {
  const object = (name: string, generation = 1, uid = name) => ({ kind: 'Integration' as const, metadata: { name, namespace: 'acme', uid, resourceVersion: String(generation), generation, creationTimestamp: '' } satisfies ObjectMeta })
  const before = sourceDigest([object('a'), object('b')], 1)

  it('is the same in any order', () => {
    expect(sourceDigest([object('b'), object('a')], 1)).toBe(before)
  })

  it.each<[string, string]>([
    ['an object is changed', sourceDigest([object('a', 2), object('b')], 1)],
    ['an object is made anew', sourceDigest([object('a', 1, 'c'), object('b')], 1)],
    ['an object is new', sourceDigest([object('a'), object('b'), object('c')], 1)],
    ['an object is gone', sourceDigest([object('a')], 1)],
    ['something else is asked for', sourceDigest([object('a'), object('b')], 2)],
  ])('is another when %s', (_name, after) => {
    expect(after).not.toBe(before)
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Sharing } from './sharing.ts'

const job = (name: string) => ({
  metadata: { name, labels: { schedule: `nightly ${'x'.repeat(3)}`, managedBy: 'us' }, ownerReferences: [{ kind: 'CronJob', name: 'nightly' }, { kind: 'Lease', name: 'locks', controller: true }] },
  status: { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] },
})

describe('sharing', () => {
  it('keeps equal small parts once, and changes no value', () => {
    const sharing = new Sharing()
    const [one, other] = [sharing.share(job('a')), sharing.share(job('b'))]
    expect([one, other]).toEqual([job('a'), job('b')])
    expect(other.metadata.labels).toBe(one.metadata.labels)
    expect(other.metadata.ownerReferences[1]).toBe(one.metadata.ownerReferences[1])
    expect(other.status.conditions[0]).toBe(one.status.conditions[0])
    expect(other.metadata).not.toBe(one.metadata)
  })

  it('keeps equal parts once however deep they are, also around those that differ, and never the whole', () => {
    const sharing = new Sharing()
    const template = (name: string) => ({ name, pod: { containers: [{ image: 'x', args: ['y'.repeat(500)], securityContext: { capabilities: { drop: ['ALL'] } } }] } })
    const [one, other, again] = ['a', 'b', 'a'].map((name) => sharing.share({ template: template(name) }))
    expect(other).toEqual({ template: template('b') })
    expect(other?.template.pod).toBe(one?.template.pod)
    expect(other?.template).not.toBe(one?.template)
    expect(again?.template).toBe(one?.template)
    expect(again).not.toBe(one)
  })

  it('tells parts apart that differ in a type, a name or an order', () => {
    const sharing = new Sharing()
    const parts = [{ a: '1' }, { a: 1 }, { a: true }, { a: 'true' }, { a: null }, { b: '1' }, { a: '1', b: '2' }, { b: '2', a: '1' }, {}]
    expect(parts.map((part) => sharing.share({ ...part }))).toEqual(parts)
  })

  it('is the same value for any JSON, however often and beside whatever else it is shared', () => {
    fc.assert(fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), (values) => {
      const sharing = new Sharing()
      const texts = values.map((value) => JSON.stringify(value))
      const shared = [...values, ...values.map((value) => structuredClone(value))].map((value) => sharing.share(value))
      expect(shared.map((value) => JSON.stringify(value))).toEqual([...texts, ...texts])
    }))
  })

  it('remembers no version of an object, and nothing that is very long', () => {
    const sharing = new Sharing()
    const [one, other] = [0, 1].map(() => sharing.share({ a: { metadata: { resourceVersion: '1', labels: { x: 'y' } } }, b: { text: 'z'.repeat(10_000) } }))
    expect(other).toEqual(one)
    expect(other?.a.metadata).not.toBe(one?.a.metadata)
    expect(other?.b).not.toBe(one?.b)
    expect(other?.a.metadata.labels).toBe(one?.a.metadata.labels)
  })

  it('leaves alone what is frozen, and what is not there', () => {
    const sharing = new Sharing()
    const frozen = Object.freeze({ labels: { a: 'b' } })
    expect(sharing.share(frozen)).toBe(frozen)
    expect(sharing.share(undefined)).toBeUndefined()
    expect(sharing.share({ a: undefined })).toEqual({ a: undefined })
  })

  it('forgets, so that it does not grow for ever', () => {
    const sharing = new Sharing()
    const first = sharing.share({ a: 'first' })
    for (let index = 0; index < 10_000; index++) sharing.share({ a: `text ${index}` })
    const again = sharing.share({ a: 'first' })
    expect(again).toEqual(first)
    expect(again).not.toBe(first)
  })
})

import { describe, expect, it } from 'vitest'
import type { Action, Evidence } from '../plan/action.ts'
import { LearnedByKey } from './learned.ts'

const minute = 60_000
const seenAt = (at: number): Evidence => ({ resource: 'jobs', at, object: undefined })
const evidence = (name: string, at: number): Map<string, Evidence> => new Map([[name, seenAt(at)]])
const action: Action = { verb: 'look', resource: 'jobs', namespace: 'acme', name: 'j', because: 'of a test' }

describe('what a key has learned', () => {
  it('is added to, and what is newer takes the place of what is older', () => {
    const learned = new LearnedByKey()
    learned.add('k', { evidence: evidence('one', 0), written: new Map(), postponed: new Map() }, 0)
    learned.add('k', { evidence: evidence('two', 1), written: new Map(), postponed: new Map() }, 1)
    learned.add('k', { evidence: evidence('one', 2), written: new Map(), postponed: new Map() }, 2)
    expect([...learned.of('k', 3).evidence]).toEqual([
      ['one', seenAt(2)],
      ['two', seenAt(1)],
    ])
    expect(learned.of('other', 3).evidence.size).toBe(0)
  })

  it('is forgotten piece by piece, each ten minutes old', () => {
    const learned = new LearnedByKey()
    learned.add('k', { evidence: evidence('one', 0), written: new Map(), postponed: new Map() }, 0)
    learned.add('k', { evidence: evidence('two', minute), written: new Map(), postponed: new Map() }, minute)
    expect([...learned.of('k', 10 * minute).evidence.keys()]).toEqual(['two'])
  })

  it('is forgotten with its key', () => {
    const learned = new LearnedByKey()
    learned.add('k', { evidence: evidence('one', 0), written: new Map(), postponed: new Map() }, 0)
    learned.forget('k')
    expect(learned.of('k', 0).evidence.size).toBe(0)
  })

  it('keeps a refusal beside the evidence until it is taken back', () => {
    const learned = new LearnedByKey()
    const refused = { action, message: 'no', retryAt: 60 * minute }
    learned.setRefused('k', refused, 0)
    learned.add('k', { evidence: evidence('one', 1), written: new Map(), postponed: new Map() }, 1)
    learned.add('another', { evidence: evidence('one', 30 * minute), written: new Map(), postponed: new Map() }, 30 * minute)
    expect(learned.of('k', 30 * minute).refused).toBe(refused)
    learned.setRefused('k', undefined, 30 * minute)
    expect(learned.of('k', 30 * minute).refused).toBeUndefined()
  })

  it('does not grow with keys that are never asked for again', () => {
    const learned = new LearnedByKey()
    for (let at = 0; at < 100; at += 1) learned.add(`k${at}`, { evidence: evidence('one', at * minute), written: new Map(), postponed: new Map() }, at * minute)
    expect(learned.size).toBe(10)
  })
})

import { setImmediate as everythingDone } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { tidyMemory } from './tidy-memory.ts'

const mega = 1_000_000

describe('memory is given back', () => {
  let clock: FakeClock
  let stop: AbortController
  let sync: PromiseWithResolvers<void>
  let resident: number
  let cpuTime: number
  let kept: number
  let collections: number
  let ended: Promise<void>

  beforeEach(() => {
    clock = new FakeClock()
    stop = new AbortController()
    sync = Promise.withResolvers()
    ;[resident, cpuTime, kept, collections] = [200 * mega, 0, 100 * mega, 0]
    const collect = () => {
      collections++
      resident = kept
    }
    ended = tidyMemory({ clock, signal: stop.signal, synced: sync.promise, resident: () => resident, cpuTime: () => cpuTime, collect })
  })

  /** CPU time in milliseconds, of ten seconds. */
  async function tenSeconds(used = 0): Promise<number> {
    await everythingDone()
    cpuTime += used
    clock.advance(10_000)
    await everythingDone()
    return collections
  }

  it('not before all has been read, and then at once when it is quiet', async () => {
    expect(await tenSeconds()).toBe(0)
    sync.resolve()
    expect(await tenSeconds(5_000)).toBe(0)
    expect(await tenSeconds(200)).toBe(1)
  })

  it('again when there is more of it, but not for a little', async () => {
    sync.resolve()
    expect(await tenSeconds()).toBe(1)
    resident = 125 * mega
    expect(await tenSeconds()).toBe(1)
    resident = 130 * mega
    expect(await tenSeconds(5_000)).toBe(1)
    expect(await tenSeconds()).toBe(2)
  })

  it('not over and over when it is all needed', async () => {
    sync.resolve()
    kept = 300 * mega
    expect(await tenSeconds()).toBe(1)
    expect(await tenSeconds()).toBe(1)
    kept = resident = 600 * mega
    expect(await tenSeconds()).toBe(2)
    expect(await tenSeconds()).toBe(2)
  })

  it('also when what was needed may be garbage now: after much work, and in the end even if it is never quiet', async () => {
    sync.resolve()
    kept = 300 * mega
    expect(await tenSeconds()).toBe(1)
    kept = 100 * mega
    expect(await tenSeconds(4_000)).toBe(1)
    expect(await tenSeconds(2_000)).toBe(1)
    expect(await tenSeconds()).toBe(2)
    for (let looks = 1; looks < 30; looks++) expect(await tenSeconds(2_000)).toBe(2)
    expect(await tenSeconds(2_000)).toBe(3)
  })

  it.each(['before all has been read', 'afterwards'])('ends with the operator, %s', async (when) => {
    if (when === 'afterwards') sync.resolve()
    await tenSeconds()
    stop.abort()
    await ended
    expect(collections).toBe(when === 'afterwards' ? 1 : 0)
  })
})

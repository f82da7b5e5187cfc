import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { Watchdog } from './clock.ts'

const hour = 3_600_000

describe('a watchdog', () => {
  it('barks once when it was not fed for as long as its patience', () => {
    const clock = new FakeClock()
    let barks = 0
    const watchdog = new Watchdog(clock, 1_000, () => (barks += 1))
    clock.advance(900)
    watchdog.feed()
    clock.advance(999)
    expect(barks).toBe(0)
    clock.advance(1)
    expect(barks).toBe(1)
    clock.advance(hour)
    expect(barks).toBe(1)
  })

  it('is patient no longer than twice that when the clock was set back by an hour', () => {
    const clock = new FakeClock()
    let barks = 0
    const watchdog = new Watchdog(clock, 1_000, () => (barks += 1))
    watchdog.feed()
    clock.advance(-hour)
    // Timers of the system do not follow a clock that is set: this one rings after a second of patience.
    clock.advance(hour + 1_000)
    clock.advance(-hour)
    clock.advance(1_000)
    clock.advance(1_000)
    expect(barks).toBe(1)
  })
})

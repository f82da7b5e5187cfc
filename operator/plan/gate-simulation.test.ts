import { describe, expect, it } from 'vitest'
import { minute } from '../model/instant.ts'
import { GateLife, type GateCast, type GateLifeOptions, gateCasts, mishaps } from '../testing/gate-life.ts'
import { faultsOfGate } from '../testing/judgement-of-gate.ts'

async function faultyLives(lives: readonly GateLifeOptions[]): Promise<readonly string[]> {
  const faulty: string[] = []
  for (const options of lives) {
    const faults = faultsOfGate(await new GateLife(options).run())
    if (faults.length > 0) faulty.push(`${JSON.stringify(options)}: ${faults.join('; ')}`)
  }
  return faulty
}

function randomLives(cast: GateCast, count: number): readonly GateLifeOptions[] {
  return Array.from({ length: count }, (_unused, index) => ({ seed: index + 1, cast }))
}

/** The same life again and again, in which another write goes wrong each time. */
function livesWith(what: (typeof mishaps)[number]): readonly GateLifeOptions[] {
  return Array.from({ length: 60 }, (_unused, write) => ({ seed: 7, cast: 'Alone' as const, length: 1.5 * minute, at: { write, what } }))
}

describe('the gate of a namespace has no fault', { timeout: 600_000 }, () => {
  it.each(gateCasts)('in random lives: %s', async (cast) => {
    expect(await faultyLives(randomLives(cast, 20))).toEqual([])
  })

  it.each(mishaps)('at any write: %s', async (what) => {
    expect(await faultyLives(livesWith(what))).toEqual([])
  })
})

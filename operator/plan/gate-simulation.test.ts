import { describe, expect, it } from 'vitest'
import { GateLife, type GateCast, gateCasts } from '../testing/gate-life.ts'
import { faultsOfGate } from '../testing/judgement-of-gate.ts'

async function faultyLives(cast: GateCast, count: number): Promise<readonly string[]> {
  const faulty: string[] = []
  for (let seed = 1; seed <= count; seed++) {
    const faults = faultsOfGate(await new GateLife({ seed, cast }).run())
    if (faults.length > 0) faulty.push(`seed ${seed}: ${faults.join('; ')}`)
  }
  return faulty
}

describe('the gate of a namespace has no fault', () => {
  it.each(gateCasts)('in random lives: %s', async (cast) => {
    expect(await faultyLives(cast, 20)).toEqual([])
  })
})

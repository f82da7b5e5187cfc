import { describe, expect, it } from 'vitest'
import { faultsOf } from '../testing/judgement.ts'
import { type Cast, casts } from '../testing/life.ts'
import { simulatedLife } from '../testing/simulation.ts'

/** To look at one life again: hack/model --seed SEED --cast CAST */
async function faultyLives(cast: Cast, { from, count }: { readonly from: number; readonly count: number }): Promise<readonly string[]> {
  const faulty: string[] = []
  for (let seed = from; seed < from + count; seed++) {
    const faults = faultsOf(await simulatedLife(seed, cast))
    if (faults.length > 0) faulty.push(`hack/model --seed ${seed} --cast ${cast}: ${faults.join('; ')}`)
  }
  return faulty
}

/**
 * Random lives on the model of the CronJob controller (design/time.md section 5): every occurrence once, nothing else, and all
 * of it told, with edits at any second, watches that lag, crashes between any two writes, lost answers, two operators at once,
 * and outages of either side.
 */
describe('a life of a schedule has no fault', { timeout: 600_000 }, () => {
  it.each(casts)('with the cast of %s', async (cast) => {
    expect(await faultyLives(cast, { from: 1, count: 25 })).toEqual([])
  })
})

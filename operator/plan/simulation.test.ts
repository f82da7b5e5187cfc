import { describe, expect, it } from 'vitest'
import { faultsOf } from '../testing/judgement.ts'
import { type Cast, simulatedLife } from '../testing/simulation.ts'

/** To look at one life again: simulatedLife(seed, cast), and print its log and the history of its cluster. */
async function faultyLives(cast: Cast, { from, count }: { readonly from: number; readonly count: number }): Promise<readonly string[]> {
  const faulty: string[] = []
  for (let seed = from; seed < from + count; seed++) {
    const faults = faultsOf(await simulatedLife(seed, cast))
    if (faults.length > 0) faulty.push(`seed ${seed} (${cast}): ${faults.join('; ')}`)
  }
  return faulty
}

const parts = Array.from({ length: 4 }, (_unused, part) => part)

/**
 * Random lives on the model of the CronJob controller (design/time.md section 5): every occurrence once, nothing else, and all
 * of it told, with edits at any second, watches that lag, crashes between any two writes, lost answers, two operators at once,
 * and outages of either side.
 */
describe('a life of a schedule has no fault', { timeout: 600_000 }, () => {
  it.each(parts)('while users change their minds (part %i)', async (part) => {
    expect(await faultyLives('Users', { from: 1 + part * 40, count: 40 })).toEqual([])
  })

  it.each(parts)('while somebody also changes and deletes CronJobs and Jobs by hand (part %i)', async (part) => {
    expect(await faultyLives('Vandals', { from: 1_001 + part * 12, count: 12 })).toEqual([])
  })
})

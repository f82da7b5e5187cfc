import { afterAll, describe, expect, it } from 'vitest'
import { Copy } from './lib/ablate.ts'
import { ablations } from './lib/ablations.ts'

/** A rule of the protocol that can be left out without a story failing is either not needed or not proven. */
describe('without a rule of the protocol a story fails', () => {
  const copy = new Copy()
  afterAll(() => copy.remove())

  it.each(ablations)('$rule', async (ablation) => {
    expect(await copy.faultsWithout(ablation)).not.toEqual([])
  })
})

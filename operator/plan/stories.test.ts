import { describe, expect, it } from 'vitest'
import { stories } from '../testing/stories.ts'

/** hack/model --ablations takes the rule away that each of them is about: then it must fail. */
describe('by the protocol', () => {
  it.each(Object.keys(stories))('%s', async (name) => {
    expect(await stories[name]?.()).toEqual([])
  })
})

import { expect, it } from 'vitest'
import { sideBySide } from './side-by-side.ts'

it('begins in order, with no more than the limit in flight', async () => {
  const ends: (() => void)[] = []
  const begun: number[] = []
  const all = sideBySide([1, 2, 3, 4], 2, (item) => {
    begun.push(item)
    return new Promise((resolve) => ends.push(resolve))
  })
  expect(begun).toEqual([1, 2])
  ends[1]?.()
  await Promise.resolve()
  await Promise.resolve()
  await Promise.resolve()
  expect(begun).toEqual([1, 2, 3])
  for (let index = 0; index < 8; index++) {
    for (const end of ends) end()
    await Promise.resolve()
  }
  await all
  expect(begun).toEqual([1, 2, 3, 4])
})

it('begins nothing more after one has thrown, and rejects when the others have ended', async () => {
  const begun: number[] = []
  const all = sideBySide([1, 2, 3, 4, 5], 1, async (item) => {
    begun.push(item)
    await Promise.resolve()
    if (item === 2) throw new Error('a bug')
  })
  await expect(all).rejects.toThrow('a bug')
  expect(begun).toEqual([1, 2])
})

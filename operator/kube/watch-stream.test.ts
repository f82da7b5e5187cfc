import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesOf, type WatchFrame } from './watch-stream.ts'

async function* inChunks(...chunks: readonly Buffer[]): AsyncGenerator<Buffer, void> {
  yield* chunks
}

async function framesIn(...chunks: readonly Buffer[]): Promise<WatchFrame[]> {
  const frames: WatchFrame[] = []
  for await (const frame of framesOf(inChunks(...chunks))) frames.push(frame)
  return frames
}

const frame = (name: string): WatchFrame => ({ type: 'ADDED', object: { metadata: { name } } })
const line = (name: string): string => `${JSON.stringify(frame(name))}\n`

describe('framesOf', () => {
  it('finds the frames wherever the bytes were cut, also inside a character', async () => {
    const names = ['a', 'München', '日本', '🚀', '']
    const bytes = Buffer.from(names.map(line).join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((one, other) => one - other), bytes.length]
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
        expect(await framesIn(...chunks)).toEqual(names.map(frame))
      }),
    )
  })

  it('skips empty lines', async () => {
    expect(await framesIn(Buffer.from(`\n${line('a')}\n\n${line('b')}`))).toEqual([frame('a'), frame('b')])
  })

  it('gives the frames before a half line, then fails by the network', async () => {
    const frames = framesOf(inChunks(Buffer.from(`${line('a')}{"type":"AD`)))
    expect(await frames.next()).toEqual({ value: frame('a'), done: false })
    await expect(frames.next()).rejects.toMatchObject({ kind: 'network' })
  })

  it.each(['{"type":', 'null', '[]', '{"type":"ADDED"}', '{"type":"SUBTRACTED","object":{}}', '{"type":"ADDED","object":"x"}'])(
    'fails as malformed at the line %s',
    async (text) => {
      await expect(framesIn(Buffer.from(`${text}\n`))).rejects.toMatchObject({ kind: 'malformed' })
    },
  )

  it('joins a large object that comes in many pieces in time proportional to its size', async () => {
    const name = 'x'.repeat(2 ** 20)
    const bytes = Buffer.from(line(name))
    const chunks = Array.from({ length: Math.ceil(bytes.length / 64) }, (_, index) => bytes.subarray(index * 64, index * 64 + 64))
    // 16,000 chunks: joined at each of them, this would copy 8 GB and run into the test's time limit.
    expect(await framesIn(...chunks)).toEqual([frame(name)])
  })
})

import type { Json, JsonObject } from '../model/kubernetes.ts'
import { isJsonObject } from '../model/json.ts'
import { ApiFailure } from './api-failure.ts'

const newline = 0x0a

export interface WatchFrame {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  /** ERROR: a Status; BOOKMARK: an object with nothing but its resourceVersion. */
  readonly object: JsonObject
}

const types: ReadonlySet<string> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'])

/** The frames of a watch: one JSON object on each line. Throws an ApiFailure; a line cut off at the end is a failure of the network. */
export async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<WatchFrame, void> {
  // Pieces of a line are joined once, when its end arrives: joining at each chunk costs the square of a large object's size.
  let pieces: Buffer[] = []
  for await (const chunk of interruptible(chunks)) {
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const piece = chunk.subarray(start, end)
      const line = pieces.length === 0 ? piece : Buffer.concat([...pieces, piece])
      pieces = []
      start = end + 1
      if (line.length > 0) yield frameOf(line)
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start))
  }
  if (pieces.length > 0) throw new ApiFailure('network', 'the watch ended in the middle of a line')
}

async function* interruptible(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  try {
    yield* chunks
  } catch (error) {
    // Whoever aborted the watch said why.
    throw error instanceof ApiFailure ? error : new ApiFailure('network', 'the watch was interrupted', { cause: error })
  }
}

function frameOf(line: Buffer): WatchFrame {
  const frame = parsed(line)
  if (!isJsonObject(frame) || !isFrameType(frame.type) || !isJsonObject(frame.object)) {
    throw new ApiFailure('malformed', 'a line of the watch is not a watch event')
  }
  return { type: frame.type, object: frame.object }
}

function parsed(line: Buffer): Json | undefined {
  try {
    const json: Json = JSON.parse(line.toString('utf8'))
    return json
  } catch {
    return undefined
  }
}

function isFrameType(type: Json | undefined): type is WatchFrame['type'] {
  return typeof type === 'string' && types.has(type)
}

// What must not be left behind when a bench ends, however it ends.

type Ending = () => Promise<void> | void

const endings = new Set<Ending>()
let isLeaving = false

/** `end` runs at the end, also on Ctrl-C or SIGTERM, newest first, unless the returned function is called before. */
export function atEnd(end: Ending): () => void {
  refuseWhenLeaving()
  endings.add(end)
  return () => endings.delete(end)
}

/** Nothing is started any more once the bench is being ended. */
export function refuseWhenLeaving(): void {
  if (isLeaving) throw new Error('the bench is being ended')
}

async function leave(code: number): Promise<void> {
  if (isLeaving) return
  isLeaving = true
  if (code !== 0) console.error('\nstopping what was started')
  for (const end of [...endings].toReversed()) {
    try {
      await end()
    } catch (error) {
      console.error(error)
    }
  }
  process.exit(code)
}

process.on('SIGINT', () => void leave(130))
process.on('SIGTERM', () => void leave(143))
process.on('SIGHUP', () => void leave(129))

/** Runs a bench, then all endings. A failure while everything is being stopped is a consequence of that, and is not told. */
export async function toItsEnd(bench: () => Promise<void>): Promise<void> {
  try {
    await bench()
    await leave(0)
  } catch (error) {
    if (isLeaving) return
    console.error(error)
    await leave(1)
  }
}

import { rm, writeFile } from 'node:fs/promises'
import { killControllerManager, pauseControllerManager } from '../harness/controller-manager.ts'
import { isGone, operatorFile, operatorPid, untilOperatorReady } from '../harness/operator-process.ts'
import { sleep } from '../harness/tenant.ts'
import { minutes } from '../harness/watched.ts'

/**
 * What goes away when, for all stories of this folder at once: they have a cluster of their own, and only one of it. Each has
 * created what it needs before the first of these times.
 */
export interface Timeline {
  /** Over this minute there is no operator, from 15 s before it to 15 s after it. */
  readonly withoutOperator: { readonly minute: number; readonly over: Promise<void> }
  /** Over this minute kube-controller-manager stands still, from 5 s before it to 15 s after it: less than any deadline. */
  readonly paused: { readonly minute: number; readonly over: Promise<void> }
  /** From 10 s before this minute to 130 s after it there is no kube-controller-manager. */
  readonly withoutController: { readonly minute: number; readonly over: Promise<void> }
}

let agreed: Timeline | undefined

export function timeline(): Timeline {
  agreed ??= begun(Math.ceil((Date.now() + 75_000) / minutes) * minutes)
  return agreed
}

function begun(first: number): Timeline {
  const over = withoutOperator(first)
  const pausedOver = over.then(() => paused(first + minutes))
  const controllerOver = pausedOver.then(() => withoutController(first + 2 * minutes))
  return {
    withoutOperator: { minute: first, over },
    paused: { minute: first + minutes, over: pausedOver },
    withoutController: { minute: first + 2 * minutes, over: controllerOver },
  }
}

const at = (instant: number) => sleep(Math.max(0, instant - Date.now()))

async function withoutOperator(minute: number): Promise<void> {
  await at(minute - 15_000)
  await writeFile(operatorFile('hold'), '')
  const pid = await operatorPid()
  try {
    process.kill(pid, 'SIGKILL')
    while (!isGone(pid)) await sleep(20)
    await at(minute + 15_000)
  } finally {
    await rm(operatorFile('hold'))
  }
  await untilOperatorReady(pid)
}

async function paused(minute: number): Promise<void> {
  await at(minute - 5_000)
  const resume = await pauseControllerManager()
  await at(minute + 15_000)
  resume()
}

async function withoutController(minute: number): Promise<void> {
  await at(minute - 10_000)
  const start = await killControllerManager()
  await at(minute + 130_000)
  await start()
}
